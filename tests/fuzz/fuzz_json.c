/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/json.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 64

static void check_readers(const json_t *value)
{
        char scratch[32];
        const char *text;
        int64_t number;
        bool flag;
        int r;

        r = json_read_int64(value, &number);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);

        r = json_read_text(value, scratch, &text);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);
        if (r == 0)
                must(*text && text_is_utf8(text, strlen(text)));

        r = json_read_bool(value, &flag);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);
}

static void check_value(const json_t *value, unsigned depth)
{
        const char *key;
        const json_t *inner;
        size_t i;

        must(depth <= DEPTH_MAX);
        check_readers(value);

        json_array_foreach(value, i, inner)
        {
                check_value(inner, depth + 1);
        }
        json_object_foreach((json_t *)value, key, inner)
        {
                check_value(inner, depth + 1);
        }
}

/* What is printed again is read as the same. */
static void check_there_and_back(const json_t *value)
{
        _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        _cleanup_json_ json_t *again = NULL;

        must(text);
        must(json_parse(text, strlen(text), &again, NULL) == 0);
        must(json_equal(value, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        _cleanup_json_ json_t *value = NULL;
        struct error e = { "" };
        int r;

        r = json_parse(text, size, &value, &e);
        must(r == 0 || r == -EBADMSG);
        if (r < 0)
                must(*e.text && fuzz_is_showable(e.text));
        if (value) {
                check_value(value, 0);
                check_there_and_back(value);
        }
        return 0;
}
