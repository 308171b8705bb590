/* SPDX-License-Identifier: MIT */
#include "reconcile/observation.h"

#include "reconcile/base/array.h"

int observation_new(enum scope_type type, const char *id, struct observation **ret)
{
        _cleanup_(observation_free_p) struct observation *obs = calloc(1, sizeof(*obs));

        if (!obs)
                return -ENOMEM;
        obs->strings = strpool_new();
        if (!obs->strings)
                return -ENOMEM;
        obs->scope.type = type;
        obs->total = -1;
        if (id) {
                obs->scope.id = strpool_add(obs->strings, id);
                if (!obs->scope.id)
                        return -ENOMEM;
        }
        *ret = STEAL(obs);
        return 0;
}

struct observation *observation_free(struct observation *obs)
{
        if (!obs)
                return NULL;
        strmap_done(&obs->by_id);
        free(obs->rows);
        strpool_free(obs->strings);
        free(obs);
        return NULL;
}

const char *condition_text(enum condition c)
{
        static const char *const texts[] = {
                [CONDITION_RUNNING] = "running", [CONDITION_STOPPED] = "stopped", [CONDITION_CHANGING] = "changing",
                [CONDITION_ASLEEP] = "asleep",   [CONDITION_FAILED] = "failed",   [CONDITION_UNKNOWN] = "unknown",
        };

        return texts[c];
}

const char *observation_string(struct observation *obs, const char *s)
{
        return strpool_add(obs->strings, s);
}

int observation_add(struct observation *obs, const struct row *row)
{
        struct row *added;
        int r;

        if (array_reserve((void **)&obs->rows, &obs->allocated_rows, obs->n_rows + 1, sizeof(*obs->rows)) < 0)
                return -ENOMEM;
        r = strmap_put(&obs->by_id, row->id, (void *)(uintptr_t)(obs->n_rows + 1));
        if (r == -EEXIST) {
                obs->repeated++;
                return 0;
        }
        if (r < 0)
                return r;
        added = &obs->rows[obs->n_rows++];
        *added = *row;
        return 1;
}

const struct row *observation_find(const struct observation *obs, const char *id)
{
        uintptr_t number = (uintptr_t)strmap_get(&obs->by_id, id);

        return number > 0 ? &obs->rows[number - 1] : NULL;
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
