/* SPDX-License-Identifier: MIT */
#include "providers/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"

void records_done(struct records *t, void (*done)(struct record *r))
{
        for (size_t i = 0; i < t->n_records; i++)
                done(t->records[i]);
        free(t->records);
        strmap_done(&t->by_id);
        *t = (struct records){ .next_serial = 1 };
}

int records_add(struct records *t, struct record *r)
{
        if (array_reserve((void **)&t->records, &t->allocated_records, t->n_records + 1, sizeof(struct record *)) < 0)
                return -ENOMEM;
        if (strmap_put(&t->by_id, r->id, r) < 0)
                return -ENOMEM;

        r->serial = t->next_serial++;
        t->records[t->n_records++] = r;
        return 0;
}

struct record *records_find(const struct records *t, const char *id)
{
        return strmap_get(&t->by_id, id);
}

static int compare_serials(const void *a, const void *b)
{
        int64_t x = (*(struct record *const *)a)->serial, y = (*(struct record *const *)b)->serial;

        return x < y ? -1 : x > y;
}

void records_remove(struct records *t, struct record *r)
{
        struct record **place = bsearch(&r, t->records, t->n_records, sizeof(struct record *), compare_serials);
        size_t i = (size_t)(place - t->records);

        strmap_remove(&t->by_id, r->id);
        memmove(place, place + 1, (t->n_records - i - 1) * sizeof(struct record *));
        t->n_records--;
}
