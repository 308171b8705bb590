/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The vendor's checks of what a call says: in the order of the rules, the first that is broken is told. A number is a
 * JSON integer, or a truth, which counts as 1 or 0.
 */

#define NODE_LENGTH 16

int64_t jimv_sim_body_number(const struct plain_call *c, const char *key)
{
        const json_t *value = json_object_get(c->body, key);

        return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

static bool is_unit(const char *text)
{
        return text_equal(text, "k") || text_equal(text, "m") || text_equal(text, "g");
}

/* 0, or the code that says what is wrong. Without quirks, a size below 1 is none. */
static int check_value(const struct plain_call *c, const struct rule *rule, const json_t *value)
{
        const char *text = json_string_value(value);

        if (!value)
                return rule->optional ? 0 : 41201;
        if (rule->check == CHECK_INTEGER || rule->check == CHECK_POSITIVE) {
                if (!json_is_integer(value) && !json_is_boolean(value))
                        return 41202;
                if (rule->check == CHECK_POSITIVE && !c->s->quirks && jimv_sim_body_number(c, rule->key) < 1)
                        return 41203;
                return 0;
        }
        if (!text)
                return 41202;
        if ((rule->check == CHECK_NODE && strlen(text) != NODE_LENGTH) || (rule->check == CHECK_UNIT && !is_unit(text)))
                return 41203;
        return 0;
}

bool jimv_sim_check_body(struct plain_call *c, const struct rule *rules, size_t n, int *ret)
{
        for (size_t i = 0; i < n; i++) {
                int code = check_value(c, &rules[i], json_object_get(c->body, rules[i].key));

                if (code != 0) {
                        *ret = jimv_sim_no(c, code, rules[i].key);
                        return false;
                }
        }
        return true;
}
