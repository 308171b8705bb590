/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "reconcile/ledger_store.h"

/* Longer than any set of values that a spec can hold. */
#define VALUES_TEXT_MAX ((size_t)256 * 1024)

static int add_value(json_t *object, enum property f, const struct values *v)
{
        json_t *value;

        if (property_is_number(f)) {
                value = json_integer(v->of[f].number);
        } else {
                const char *text = v->of[f].text;

                if (!text || !text_is_utf8(text, strlen(text)))
                        return -EINVAL;
                value = json_string_nocheck(text);
        }

        return json_object_set_new(object, property_name(f), value) < 0 ? -ENOMEM : 0;
}

int values_to_text(const struct values *v, struct buf *b)
{
        _cleanup_json_ json_t *object = json_object();

        if (!object)
                return -ENOMEM;

        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                int r = values_known(v, f) ? add_value(object, f, v) : 0;

                if (r < 0)
                        return r;
        }

        return json_print(object, JSON_COMPACT, b);
}

int ledger_set_values(struct ledger *l, const struct values *v, struct values *ret, const char **ret_text)
{
        _cleanup_buf_ struct buf b = BUF_INIT(VALUES_TEXT_MAX);
        struct values copy = *v;
        const char *text;
        int r;

        r = values_to_text(v, &b);
        if (r < 0)
                return r;

        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                if (!values_known(v, f) || property_is_number(f))
                        continue;
                copy.of[f].text = ledger_string(l, v->of[f].text);
                if (!copy.of[f].text)
                        return -ENOMEM;
        }

        text = ledger_string(l, buf_text(&b));
        if (!text)
                return -ENOMEM;

        *ret = copy;
        *ret_text = text;
        return 0;
}

static int read_value(struct ledger *l, const char *name, const json_t *value, struct values *v, struct error *e)
{
        enum property f = property_find(name);
        const char *text;

        if (f == PROPERTY_NONE)
                return error_set(e, -EBADMSG, "it names a property that no machine has");

        if (property_is_number(f)) {
                if (json_typeof(value) != JSON_INTEGER)
                        return error_set(e, -EBADMSG, "its %s is not a number", name);
                values_set_number(v, f, json_integer_value(value));
                return 0;
        }

        if (json_typeof(value) != JSON_STRING)
                return error_set(e, -EBADMSG, "its %s is not a text", name);

        text = ledger_string(l, json_string_value(value));
        if (!text)
                return error_oom(e);

        values_set_text(v, f, text);
        return 0;
}

int ledger_values_from_text(struct ledger *l, const char *text, struct values *ret, struct error *e)
{
        _cleanup_json_ json_t *object = NULL;
        struct values v = {};
        const char *name;
        json_t *value;
        int r;

        r = json_parse(text, strlen(text), &object, e);
        if (r < 0)
                return r;

        if (json_typeof(object) != JSON_OBJECT)
                return error_set(e, -EBADMSG, "it is no JSON object");

        json_object_foreach(object, name, value)
        {
                r = read_value(l, name, value, &v, e);
                if (r < 0)
                        return r;
        }

        *ret = v;
        return 0;
}
