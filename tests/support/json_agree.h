/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Two readers of the same text, jansson and json_read(), which must take it for the same or both refuse it. They part only where json_read.h
 * says so: nobody looks whether what is not kept has a key twice or is UTF-8, two keys that are equal without their blanks are
 * refused, and what a number is worth counts once it is read.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/json.h"
#include "reconcile/base/json_read.h"
#include "reconcile/base/text.h"

static inline bool json_agree_on_key(const char *key, const char *name)
{
        for (; *key; key++) {
                if (strchr(" \t\r\n", *key))
                        continue;
                if (*key != *name++)
                        return false;
        }
        return !*name;
}

/* The member that a name stands for. */
static inline const json_t *json_agree_member(const json_t *object, const char *name)
{
        const json_t *member;
        const char *key;

        json_object_foreach((json_t *)object, key, member)
        {
                if (json_agree_on_key(key, name))
                        return member;
        }
        return NULL;
}

/* A number's text is exact where a real is not, and is read even where that is too large to be. */
static inline bool json_agree_on_whole(const json_t *value, const struct json_node *node)
{
        int64_t number = 0, other = 0;
        int r = json_read_int64(value, &number), r_other = json_node_read_int64(node, &other);

        if (json_is_real(value))
                return r_other == 0 ? (double)other == json_real_value(value) : r < 0;
        return r_other == r && number == other;
}

static inline bool json_agree_on(const json_t *value, const struct json_node *node, const char *const *names)
{
        const struct json_node *item = json_node_first(node);
        const json_t *inner;
        size_t i;

        if (json_node_is_object(node) != json_is_object(value) || json_node_is_array(node) != json_is_array(value) ||
            json_node_is_null(node) != json_is_null(value) || json_node_is_true(node) != json_is_true(value) ||
            json_node_is_false(node) != json_is_false(value) || !json_node_number(node) != !json_is_number(value) ||
            !text_equal(json_node_string(node), json_string_value(value)) ||
            json_node_count(node) != json_array_size(value) || !json_agree_on_whole(value, node))
                return false;
        if (json_is_number(value) && json_number_value(value) != strtod(json_node_number(node), NULL))
                return false;
        json_array_foreach(value, i, inner)
        {
                if (!item || !json_agree_on(inner, item, names))
                        return false;
                item = json_node_next(item);
        }
        if (item)
                return false;
        for (i = 0; names[i]; i++) {
                const struct json_node *member = json_node_member(node, names[i]);

                inner = json_agree_member(value, names[i]);
                if (!inner != !member || (inner && !json_agree_on(inner, member, names)))
                        return false;
        }
        return true;
}

/* Do both take the text for the same, or both refuse it? */
static inline bool json_readers_agree(const char *text, size_t n, const char *const *names)
{
        static const char *const overlooked[] = { "duplicate object key",  "too big",        "real number overflow",
                                                  "unable to decode byte", "\\u0000 is not", "NUL byte in object key" };
        _cleanup_json_ json_t *value = NULL;
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        struct error why = { "" }, why_not = { "" };

        (void)json_parse(text, n, &value, &why);
        (void)json_read(text, n, names, false, &doc, &why_not);
        if (value && doc)
                return json_agree_on(value, json_root(doc), names);
        if (value) /* jansson, for its part, overlooks a NUL right behind a number */
                return strstr(why_not.text, "a key stands there twice") || memchr(text, '\0', n);
        for (size_t i = 0; doc && i < ARRAY_SIZE(overlooked); i++)
                if (strstr(why.text, overlooked[i]))
                        return true;
        return !doc;
}
