/* SPDX-License-Identifier: MIT */

/*
 * What is true of machines: which there are, and which of them are muster's.
 */

#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/parts.h"
#include "tests/simulation/server.h"

static struct machine_record *record_of(const struct server *s, const char *id)
{
        for (size_t i = 0; i < s->n_records; i++)
                if (text_equal(s->records[i].id, id))
                        return &s->records[i];
        return NULL;
}

const struct machine_record *server_record(const struct server *s, const char *id)
{
        return record_of(s, id);
}

bool server_is_ours(const struct machine_record *r)
{
        return r->ours && !r->released && !r->let_go;
}

struct machine_record *server_add_record(struct server *s, const char *id, const char *slot, bool ours)
{
        struct machine_record *record = world_must(ARRAY_ADD(s->records, s->n_records, s->allocated_records));

        snprintf(record->id, sizeof(record->id), "%s", id);
        snprintf(record->slot, sizeof(record->slot), "%.63s", slot);
        record->ours = ours;
        return record;
}

void server_adopted(struct server *s, const char *id, const char *slot)
{
        struct machine_record *record = record_of(s, id);

        if (!record)
                record = server_add_record(s, id, slot, true);
        record->ours = true;
        record->released = record->let_go = false;
        snprintf(record->slot, sizeof(record->slot), "%s", slot);
}

bool server_was_let_go(const struct world *w, const char *slot)
{
        for (size_t i = 0; i < w->n_let_go; i++)
                if (text_equal(w->let_go[i], slot))
                        return true;
        return false;
}

bool server_let_go(struct world *w, size_t account, const char *slot, const char *note)
{
        struct server *s = &w->servers[account];

        if (w->n_let_go == LET_GO_MAX)
                return false;
        w->let_go[w->n_let_go++] = world_must(strdup(slot));
        for (size_t i = 0; i < s->n_records; i++)
                if (text_equal(s->records[i].slot, slot) ||
                    (note && !s->records[i].slot[0] && (strstr(note, s->records[i].id) || strstr(note, " more"))))
                        s->records[i].let_go = true;
        parts_let_go(s, slot);
        return true;
}

void server_attribute(struct world *w, size_t account, const char *id, const char *slot)
{
        struct machine_record *record = record_of(&w->servers[account], id);

        /* What nothing marks may go into another slot when muster dies before it has written down in which one it is. */
        if (!record || text_equal(record->slot, slot) || (record->slot[0] && w->servers[account].vendor->marks))
                return;
        snprintf(record->slot, sizeof(record->slot), "%s", slot);
        record->let_go = record->let_go || server_was_let_go(w, slot);
}

void server_released(struct server *s, const char *id)
{
        struct machine_record *record = record_of(s, id);

        if (record)
                record->released = true;
}

void server_leaves(struct server *s, const char *id)
{
        struct machine_record *record = record_of(s, id);

        if (record)
                record->leaving = true;
}

bool server_machine(struct world *w, size_t account, const char *id, struct machine_view *ret)
{
        struct server *s = &w->servers[account];

        return s->vendor->find(s->simulation, w->now, id, ret);
}

bool server_has(struct world *w, size_t account, const char *id)
{
        struct machine_view m;

        return server_machine(w, account, id, &m);
}

static bool is_of_set(const char *slot, const char *set)
{
        size_t n = strlen(set);

        return strncmp(slot, set, n) == 0 && slot[n] == '-' && slot[n + 1] &&
               strspn(slot + n + 1, "0123456789") == strlen(slot + n + 1);
}

static size_t count(struct world *w, size_t account, const char *name, bool whole_set)
{
        struct server *s = &w->servers[account];
        size_t n = 0;

        for (size_t i = 0; i < s->n_records; i++) {
                const struct machine_record *r = &s->records[i];

                if (server_is_ours(r) && (!name       ? !r->leaving
                                          : whole_set ? !r->leaving && is_of_set(r->slot, name)
                                                      : text_equal(r->slot, name)))
                        n += server_has(w, account, r->id);
        }
        return n;
}

size_t server_count_all(struct world *w, size_t account)
{
        return count(w, account, NULL, true);
}

size_t server_count_slot(struct world *w, size_t account, const char *slot)
{
        return count(w, account, slot, false);
}

size_t server_count_set(struct world *w, size_t account, const char *set)
{
        return count(w, account, set, true);
}
