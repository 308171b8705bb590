/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/* With quirks, in capitals or not. */
static bool is_word(const struct plain_call *c, const struct sim_check *check, const char *text)
{
        for (const char *const *word = check->words; *word; word++)
                if (c->s->quirks ? strcasecmp(*word, text) == 0 : text_equal(*word, text))
                        return true;
        return false;
}

static bool is_right(const struct plain_call *c, const struct sim_check *check, const json_t *value)
{
        char scratch[32];
        const char *text;
        int64_t number;
        bool truth;

        if (check->what == CHECK_NUMBER)
                return json_read_int64(value, &number) == 0 && number >= check->min && number <= check->max;
        if (check->what == CHECK_TRUTH)
                return json_read_bool(value, &truth) == 0;
        if (json_read_text(value, scratch, &text) < 0)
                return false;
        if (check->what == CHECK_WORD)
                return is_word(c, check, text);
        if (check->what == CHECK_ADDRESS)
                return sim_is_address(text);
        if (check->what == CHECK_PORT)
                return sim_is_port(text);
        if (check->what == CHECK_ADDRESSES)
                return sim_are_addresses(text);
        return check->what == CHECK_PORTS ? sim_are_ports(text) : strlen(text) <= SIM_NAME_MAX;
}

static int say_wrong(struct plain_call *c, const struct sim_check *check)
{
        _cleanup_buf_ struct buf words = BUF_INIT(512);

        switch (check->what) {
        case CHECK_NUMBER:
                return sim_say_no(c, "%s is not a number from %" PRId64 " to %" PRId64, check->key, check->min,
                                  check->max);
        case CHECK_TRUTH:
                return sim_say_no(c, "%s is neither true nor false", check->key);
        case CHECK_WORD:
                for (const char *const *word = check->words; *word; word++)
                        buf_addf(&words, word > check->words ? ", %s" : "%s", *word);
                return sim_say_no(c, "%s is none of %s", check->key, buf_text(&words));
        case CHECK_ADDRESS:
                return sim_say_no(c, "%s is not an address", check->key);
        case CHECK_PORT:
                return sim_say_no(c, "%s is not a port", check->key);
        case CHECK_ADDRESSES:
                return sim_say_no(c, "%s is not addresses or CIDRs with commas between", check->key);
        case CHECK_PORTS:
                return sim_say_no(c, "%s is not ports like 80:83,85", check->key);
        case CHECK_TEXT:
                break;
        }
        return sim_say_no(c, "%s is too long or not a text", check->key);
}

const char *sim_word(const char *text, const char *const *words)
{
        for (; *words; words++)
                if (strcasecmp(*words, text) == 0)
                        return *words;
        return "";
}

/* Null and "" are none. */
static bool is_there(const json_t *value)
{
        return value && !json_is_null(value) && !(json_is_string(value) && json_string_length(value) == 0);
}

bool sim_check(struct plain_call *c, const struct sim_check *checks, const json_t *params, int *ret)
{
        for (const struct sim_check *check = checks; check->key; check++) {
                const json_t *value = json_member(params, check->key);

                if (!is_there(value) && !check->needed)
                        continue;
                if (is_there(value) && is_right(c, check, value))
                        continue;
                *ret = is_there(value) ? say_wrong(c, check) : sim_say_no(c, "%s is missing", check->key);
                return false;
        }
        return true;
}

bool sim_check_fixed(struct plain_call *c, const char *const *keys, int *ret)
{
        for (; *keys; keys++)
                if (is_there(sim_param(c, *keys))) {
                        *ret = sim_say_no(c, "%s cannot be modified", *keys);
                        return false;
                }
        return true;
}

/* Requests write aclrule.vmport where replies say aclrule_vmport. */
static bool is_key(const char *a, const char *b)
{
        for (; *a && *b; a++, b++)
                if (*a != *b && !(strchr("._", *a) && strchr("._", *b)))
                        return false;
        return *a == *b;
}

static const struct sim_field *find_field(enum sim_kind_name kind, const char *key)
{
        SIM_FOREACH_FIELD(f, kind)
        if (f->key && is_key(f->key, key))
                return f;
        return NULL;
}

static int set(struct sim_item *i, const struct sim_field *f, const struct sim_check *check, const json_t *value)
{
        _cleanup_json_ json_t *small = NULL;
        _cleanup_free_ char *word = NULL;

        if (check->what != CHECK_WORD)
                return sim_field_set(i, f, value);
        word = strdup(json_string_value(value));
        for (char *p = word; p && *p; p++)
                *p = (char)tolower((unsigned char)*p);
        small = word ? json_string(word) : NULL;
        return small ? sim_field_set(i, f, small) : -ENOMEM;
}

int sim_fill(struct sim_item *i, const struct sim_check *checks, const json_t *params)
{
        for (const struct sim_check *check = checks; check->key; check++) {
                const json_t *value = json_member(params, check->key);
                const struct sim_field *f = find_field(i->kind, check->key);
                int r = 0;

                if (!value || !f || f->type == FIELD_PARENT)
                        continue;
                if (is_there(value))
                        r = set(i, f, check, value);
                else if (f->type == FIELD_TEXT && check->what == CHECK_TEXT)
                        r = sim_field_set(i, f, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}
