/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/array.h"

#define FIRST_SECOND 1767225600 /* the simulation's calendar begins on 2026-01-01, whatever the day is */

void jimv_sim_table_done(struct table *t, void (*done)(struct record *r))
{
        for (size_t i = 0; i < t->n_records; i++)
                done(t->records[i]);
        free(t->records);
        strmap_done(&t->by_uuid);
        *t = (struct table){ .next_id = 1 };
}

int jimv_sim_table_add(struct table *t, struct record *r)
{
        if (array_reserve((void **)&t->records, &t->allocated_records, t->n_records + 1, sizeof(struct record *)) < 0)
                return -ENOMEM;
        if (strmap_put(&t->by_uuid, r->uuid, r) < 0)
                return -ENOMEM;

        r->id = t->next_id++;
        t->records[t->n_records++] = r;
        return 0;
}

struct record *jimv_sim_table_find(const struct table *t, const char *uuid)
{
        return strmap_get(&t->by_uuid, uuid);
}

static int compare_ids(const void *a, const void *b)
{
        int64_t x = (*(struct record *const *)a)->id, y = (*(struct record *const *)b)->id;

        return x < y ? -1 : x > y;
}

void jimv_sim_table_remove(struct table *t, struct record *r)
{
        struct record **place = bsearch(&r, t->records, t->n_records, sizeof(struct record *), compare_ids);
        size_t i = (size_t)(place - t->records);

        strmap_remove(&t->by_uuid, r->uuid);
        memmove(place, place + 1, (t->n_records - i - 1) * sizeof(struct record *));
        t->n_records--;
}

/* Not secret, and the same in every run, so that a run can be had again. */
static uint64_t next_random(struct simulation *s)
{
        s->random ^= s->random << 13;
        s->random ^= s->random >> 7;
        s->random ^= s->random << 17;
        return s->random * 0x2545F4914F6CDD1D;
}

void jimv_sim_code(struct simulation *s, size_t n, char *ret)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

        for (size_t i = 0; i < n; i++)
                ret[i] = letters[(next_random(s) >> 32) % (sizeof(letters) - 1)];
        ret[n] = '\0';
}

/* The given one, or a random one, as version 4 is written. */
void jimv_sim_uuid(struct simulation *s, const char *given, char ret[static UUID_SIZE])
{
        static const char form[] = "xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx", digits[] = "0123456789abcdef";

        if (given) {
                (void)snprintf(ret, UUID_SIZE, "%s", given);
                return;
        }
        for (size_t i = 0; i < sizeof(form); i++) {
                size_t digit = next_random(s) >> 60;

                ret[i] = form[i] == 'x' ? digits[digit] : form[i] == 'V' ? digits[8 + digit % 4] : form[i];
        }
}

/* As a column of so many characters does: what is too much is cut off behind. */
char *jimv_sim_cut(const char *text, size_t characters)
{
        const char *end = text;

        for (; *end; end++)
                if (((unsigned char)*end & 0xC0) != 0x80 && characters-- == 0)
                        break;
        return strndup(text, (size_t)(end - text));
}

int64_t jimv_sim_calendar(usec_t now)
{
        return (int64_t)FIRST_SECOND * (int64_t)USEC_PER_SEC + (int64_t)now;
}
