/* SPDX-License-Identifier: MIT */
#include "reconcile/observation.h"

#include <inttypes.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

const struct scope scope_machines = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_MACHINE };

static int copy_details(struct observation *obs, const struct scope *scope)
{
        struct detail *details;

        if (!scope->n_details)
                return 0;
        details = strpool_alloc(obs->strings, scope->n_details * sizeof(*details));
        if (!details)
                return -ENOMEM;
        for (size_t i = 0; i < scope->n_details; i++) {
                const struct detail *detail = &scope->details[i];

                details[i] = (struct detail){
                        .of = detail->of,
                        .id = strpool_add(obs->strings, detail->id),
                        .within = detail->within ? strpool_add(obs->strings, detail->within) : NULL,
                };
                if (!details[i].id || !details[i].within != !detail->within ||
                    strmap_set(&obs->looked_in[detail->of], details[i].id, &details[i]) < 0)
                        return -ENOMEM;
        }
        obs->scope.details = details;
        return 0;
}

int observation_new(const struct scope *scope, struct observation **ret)
{
        _cleanup_(observation_free_p) struct observation *obs = calloc(1, sizeof(*obs));

        if (!obs)
                return -ENOMEM;
        obs->strings = strpool_new();
        if (!obs->strings)
                return -ENOMEM;
        obs->scope = *scope;
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                obs->of[type].total = -1;
        if (scope->id) {
                obs->scope.id = strpool_add(obs->strings, scope->id);
                if (!obs->scope.id)
                        return -ENOMEM;
        }
        if (copy_details(obs, scope) < 0)
                return -ENOMEM;
        *ret = STEAL(obs);
        return 0;
}

struct observation *observation_free(struct observation *obs)
{
        if (!obs)
                return NULL;
        for (enum thing_type type = 0; type < THING_TYPES; type++) {
                strmap_done(&obs->of[type].by_id);
                strmap_done(&obs->looked_in[type]);
                strmap_done(&obs->missed[type]);
                strmap_done(&obs->doubted[type]);
                strmap_done(&obs->remembered[type]);
                free(obs->of[type].rows);
        }
        strpool_free(obs->strings);
        free(obs);
        return NULL;
}

const char *const condition_words[CONDITIONS] = {
        [CONDITION_RUNNING] = "running", [CONDITION_STOPPED] = "stopped", [CONDITION_CHANGING] = "changing",
        [CONDITION_ASLEEP] = "asleep",   [CONDITION_FAILED] = "failed",   [CONDITION_EXPIRED] = "expired",
        [CONDITION_UNSHOWN] = "unshown", [CONDITION_UNKNOWN] = "unknown",
};

bool condition_works(enum condition c)
{
        return c == CONDITION_RUNNING || c == CONDITION_STOPPED || c == CONDITION_UNSHOWN;
}

const char *condition_text(enum condition c)
{
        return condition_words[c];
}

const char *observation_string(struct observation *obs, const char *s)
{
        return strpool_add(obs->strings, s);
}

static void fill_empty(struct row *row)
{
        const char **texts[] = { &row->name, &row->address, &row->created, &row->parent, &row->traits };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (!*texts[i])
                        *texts[i] = "";
}

int observation_add(struct observation *obs, enum thing_type type, const struct row *row)
{
        struct listed *listed = &obs->of[type];
        struct row *added;
        int r;

        if (array_reserve((void **)&listed->rows, &listed->allocated_rows, listed->n_rows + 1, sizeof(*added)) < 0)
                return -ENOMEM;
        r = strmap_put(&listed->by_id, row->id, (void *)(uintptr_t)(listed->n_rows + 1));
        if (r == -EEXIST) {
                listed->repeated++;
                return 0;
        }
        if (r < 0)
                return r;
        added = &listed->rows[listed->n_rows++];
        *added = *row;
        fill_empty(added);
        return 1;
}

static int take_text(struct observation *obs, const char **text)
{
        *text = observation_string(obs, *text);
        return *text ? 0 : -ENOMEM;
}

int observation_take_row(struct observation *obs, enum thing_type type, const struct row *from)
{
        struct row row = *from;
        const char **texts[] = { &row.id, &row.name, &row.address, &row.created, &row.parent, &row.traits };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (take_text(obs, texts[i]) < 0)
                        return -ENOMEM;
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(&row.values, p) && !property_is_number(p) &&
                    take_text(obs, &row.values.of[p].text) < 0)
                        return -ENOMEM;
        return observation_add(obs, type, &row) < 0 ? -ENOMEM : 0;
}

int observation_take(struct observation *obs, enum thing_type type, const struct observation *from)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < from->of[type].n_rows; i++)
                r = observation_take_row(obs, type, &from->of[type].rows[i]);
        if (r == 0)
                obs->scope.types |= 1u << type;
        return r;
}

void observation_shrink(struct observation *obs)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++) {
                struct listed *listed = &obs->of[type];
                struct row *rows = listed->n_rows > 0 ? realloc(listed->rows, listed->n_rows * sizeof(*rows)) : NULL;

                strmap_done(&listed->by_id);
                if (!rows)
                        continue;
                listed->rows = rows;
                listed->allocated_rows = listed->n_rows;
        }
}

int observation_miss(struct observation *obs, enum thing_type type, const char *parent, const char *why)
{
        const char *id = strpool_add(obs->strings, parent), *words = strpool_add(obs->strings, why);

        (void)strmap_remove(&obs->looked_in[type], parent);
        return id && words && strmap_set(&obs->missed[type], id, (void *)words) >= 0 ? 0 : -ENOMEM;
}

const char *observation_missed(const struct observation *obs, enum thing_type type, const char *parent)
{
        return strmap_get(&obs->missed[type], parent);
}

int observation_doubt(struct observation *obs, enum thing_type type, const char *parent, const char *why)
{
        const char *id = strpool_add(obs->strings, parent), *words = strpool_add(obs->strings, why);

        return id && words && strmap_set(&obs->doubted[type], id, (void *)words) >= 0 ? 0 : -ENOMEM;
}

const char *observation_doubted(const struct observation *obs, enum thing_type type, const char *parent)
{
        return strmap_get(&obs->doubted[type], parent);
}

int observation_remember(struct observation *obs, enum thing_type type, const char *parent, usec_t at)
{
        const char *id = strpool_add(obs->strings, parent);
        usec_t *when = strpool_alloc(obs->strings, sizeof(*when));

        if (!id || !when)
                return -ENOMEM;
        *when = at;
        return strmap_set(&obs->remembered[type], id, when);
}

usec_t observation_remembers(const struct observation *obs, enum thing_type type, const char *parent)
{
        const usec_t *when = strmap_get(&obs->remembered[type], parent);

        return when ? *when : 0;
}

bool observation_covers_in(const struct observation *obs, enum thing_type type, const char *parent)
{
        return obs->scope.type == SCOPE_ACCOUNT && observation_covers(obs, type) &&
               strmap_get(&obs->looked_in[type], parent);
}

const struct row *observation_find(const struct observation *obs, enum thing_type type, const char *id)
{
        uintptr_t number = (uintptr_t)strmap_get(&obs->of[type].by_id, id);

        return number > 0 ? &obs->of[type].rows[number - 1] : NULL;
}

void values_set_number(struct values *v, enum property f, int64_t number)
{
        v->of[f].number = number;
        v->known |= 1u << f;
}

void values_set_text(struct values *v, enum property f, const char *text)
{
        v->of[f].text = text;
        v->known |= 1u << f;
}

/* What is left of a credit may be less than nothing. */
static int print_duration(int64_t length, struct buf *b)
{
        char text[UNITS_TEXT_MAX];

        return buf_addf(b, "%s%s", length < 0 ? "-" : "",
                        duration_text(length < 0 ? -(uint64_t)length : (uint64_t)length, text));
}

int values_print(const struct values *v, enum property p, struct buf *b)
{
        char text[UNITS_TEXT_MAX];

        switch (property_type(p)) {
        case FIELD_SIZE:
                return buf_adds(b, size_text(v->of[p].number, text));
        case FIELD_DURATION:
                return print_duration(v->of[p].number, b);
        case FIELD_BITRATE:
                return buf_adds(b, bitrate_text(v->of[p].number, text));
        case FIELD_COUNT:
                return buf_addf(b, "%" PRId64, v->of[p].number);
        default:
                return buf_adds(b, v->of[p].text);
        }
}
