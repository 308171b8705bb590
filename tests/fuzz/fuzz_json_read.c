/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/json_read.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/json_agree.h"

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

static void check_node(const struct json_node *node)
{
        check_readers(node);
        for (const struct json_node *item = json_node_first(node); item; item = json_node_next(item))
                check_node(item);
        for (size_t i = 0; names[i]; i++)
                if (json_node_member(node, names[i]))
                        check_node(json_node_member(node, names[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        _cleanup_json_doc_ struct json_doc *doc = NULL, *first = NULL;
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
        check_node(json_root(first));
        must(json_readers_agree(text, size, names));
        return 0;
}
