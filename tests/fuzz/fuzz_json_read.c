/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/json.h"
#include "reconcile/base/json_read.h"
#include "reconcile/base/text.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = { "data", "id", "a", NULL };

static void check_readers(const struct json_node *node)
{
        char scratch[32];
        const char *text;
        int64_t number;
        bool flag;
        int r;

        r = json_node_read_int64(node, &number);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);
        r = json_node_read_bool(node, &flag);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);
        r = json_node_read_text(node, scratch, &text);
        must(r == 0 || r == -ENOENT || r == -EBADMSG);
        if (r == 0)
                must(*text && text_is_utf8(text, strlen(text)));
}

/* Is it what jansson reads, as far as it was kept? */
static void check_same(const struct json_node *node, const json_t *value)
{
        const json_t *inner;
        size_t i = 0;

        check_readers(node);
        must(json_node_is_object(node) == json_is_object(value));
        must(json_node_is_array(node) == json_is_array(value));
        must(json_node_is_null(node) == json_is_null(value));
        must(json_node_is_true(node) == json_is_true(value));
        must(json_node_is_false(node) == json_is_false(value));
        must(!json_node_number(node) == !json_is_number(value));
        must(text_equal(json_node_string(node), json_string_value(value)));
        must(json_node_count(node) == json_array_size(value));
        for (const struct json_node *item = json_node_first(node); item; item = json_node_next(item))
                check_same(item, json_array_get(value, i++));
        for (i = 0; names[i]; i++) {
                inner = json_object_get(value, names[i]);
                if (inner)
                        check_same(json_node_member(node, names[i]), inner);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        _cleanup_json_doc_ struct json_doc *doc = NULL, *first = NULL;
        _cleanup_json_ json_t *value = NULL;
        struct error e = { "" };
        int r;

        r = json_read(text, size, names, false, &doc, &e);
        must(r == (doc ? 0 : -EBADMSG));
        if (!doc)
                must(*e.text && fuzz_is_showable(e.text));
        r = json_read(text, size, names, true, &first, NULL);
        must(r == (first ? 0 : -EBADMSG));
        if (doc)
                must(first);
        if (doc && json_parse(text, size, &value, NULL) == 0)
                check_same(json_root(doc), value);
        return 0;
}
