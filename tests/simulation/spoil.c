/* SPDX-License-Identifier: MIT */
#include "tests/simulation/spoil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/simulation/bodies.h"

/* Where a value stands. */
struct place {
        json_t *around;
        const char *key; /* NULL: at `index` */
        size_t index, left;
        bool found;
};

static bool is_plain(const json_t *value)
{
        return !json_is_object(value) && !json_is_array(value) && !json_is_null(value);
}

static void meet(struct place *p, json_t *around, const char *key, size_t index, const json_t *value)
{
        if (p->found || !is_plain(value) || p->left-- > 0)
                return;
        p->around = around;
        p->key = key;
        p->index = index;
        p->found = true;
}

/* Goes to the plain value number `left`, in the order of the text. */
static void walk(struct place *p, json_t *value)
{
        const char *key;
        json_t *member;
        size_t i;

        json_object_foreach(value, key, member)
        {
                meet(p, value, key, 0, member);
                walk(p, member);
        }
        json_array_foreach(value, i, member)
        {
                meet(p, value, NULL, i, member);
                walk(p, member);
        }
}

static size_t count_plain(json_t *value)
{
        struct place p = { .left = SIZE_MAX };

        walk(&p, value);
        return SIZE_MAX - p.left;
}

static json_t *as_text(const json_t *value)
{
        char text[32];

        if (json_is_boolean(value))
                return json_string(json_is_true(value) ? "true" : "false");
        if (!json_is_integer(value))
                return json_null();
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        return json_string(text);
}

/* A text that is a number as a number, as long as it can be told from no other text that way. */
static json_t *as_number(const json_t *value)
{
        const char *text = json_string_value(value);
        char again[32];
        long long n;

        if (json_is_integer(value))
                return json_real((double)json_integer_value(value));
        if (!text || !*text || strlen(text) > 15)
                return json_null();
        n = strtoll(text, NULL, 10);
        (void)snprintf(again, sizeof(again), "%lld", n);
        return text_equal(text, again) ? json_integer(n) : json_null();
}

static json_t *other_type(json_t *value, struct random *r)
{
        switch (random_below(r, 4)) {
        case 0:
                return as_text(value);
        case 1:
                return as_number(value);
        case 2:
                return json_pack("[O]", value);
        default:
                return json_null();
        }
}

bool spoil_a_type(struct reply *rp, struct random *r)
{
        bool coded;
        _cleanup_json_ json_t *body = body_read(rp, &coded);
        size_t n = body ? count_plain(body) : 0;
        struct place p = { 0 };
        json_t *value;

        if (!n)
                return false;
        p.left = random_below(r, n);
        walk(&p, body);
        value = p.key ? json_object_get(p.around, p.key) : json_array_get(p.around, p.index);
        value = other_type(value, r);
        if ((p.key ? json_object_set_new(p.around, p.key, value) : json_array_set_new(p.around, p.index, value)) < 0)
                abort();
        body_write(rp, body, coded);
        return true;
}
