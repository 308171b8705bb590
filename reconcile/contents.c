/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * Lists of what is contained in something of ours, against what the looks before saw there. One that is empty all of a sudden, or lacks most of
 * what it had, is not believed at once: what would be added on its word is there already, and would be there twice.
 */

/* What one type of contents of one thing was seen to be. */
struct contents {
        size_t n;          /* as of the last list that was believed */
        size_t shown;      /* by this look */
        bool known;        /* some list was believed in this process */
        usec_t doubted_at; /* boot clock; when the look began that first showed so few; 0: there is no doubt */
};

static struct contents *contents_of(struct account *a, enum thing_type type, const char *parent)
{
        struct contents *c = strmap_get(&a->contents[type], parent);
        const char *id;

        if (c)
                return c;
        id = strpool_add(a->engine->strings, parent);
        c = strpool_alloc(a->engine->strings, sizeof(*c));
        if (!id || !c)
                return NULL;
        *c = (struct contents){ 0 };
        return strmap_set(&a->contents[type], id, c) < 0 ? NULL : c;
}

static bool is_sudden(const struct contents *c)
{
        if (!c->known)
                return c->shown == 0;
        return c->shown < c->n && (c->shown == 0 || guard_is_loss(c->n, c->n - c->shown));
}

/* A second list that lacks as much, `confirm` after the first, is believed. */
static bool is_doubted(const struct account *a, struct contents *c)
{
        usec_t confirm = a->provider ? a->provider->provider->confirm : 0;

        if (is_sudden(c)) {
                if (!c->doubted_at)
                        c->doubted_at = a->machines_at;
                if (c->doubted_at == a->machines_at || a->machines_at < usec_add(c->doubted_at, confirm))
                        return true;
        }
        c->n = c->shown;
        c->known = true;
        c->doubted_at = 0;
        return false;
}

static int judge(struct account *a, enum thing_type type, const char *parent)
{
        struct contents *c = contents_of(a, type, parent);
        const char *words;

        if (!c)
                return -ENOMEM;
        if (!is_doubted(a, c))
                return 0;
        words = c->shown == 0
                        ? account_words(a, "a second look must confirm that it has no %ss", thing_type_words[type])
                        : account_words(a, "a second look must confirm that it has %zu %ss left of %zu", c->shown,
                                        thing_type_words[type], c->n);
        return observation_doubt(a->machines, type, parent, words);
}

static int count(struct account *a, enum thing_type type)
{
        const struct scope *scope = &a->machines->scope;
        const struct listed *listed = &a->machines->of[type];

        for (size_t i = 0; i < scope->n_details; i++) {
                struct contents *c = scope->details[i].of == type ? contents_of(a, type, scope->details[i].id) : NULL;

                if (scope->details[i].of == type && !c)
                        return -ENOMEM;
                if (c)
                        c->shown = 0;
        }
        for (size_t i = 0; i < listed->n_rows; i++) {
                struct contents *c = strmap_get(&a->contents[type], listed->rows[i].parent);

                if (c)
                        c->shown++;
        }
        return 0;
}

int contents_doubt(struct account *a)
{
        const struct scope *scope = &a->machines->scope;

        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (a->making[type].contained && count(a, type) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < scope->n_details; i++) {
                const struct detail *detail = &scope->details[i];

                if (a->making[detail->of].contained && observation_covers_in(a->machines, detail->of, detail->id) &&
                    judge(a, detail->of, detail->id) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int contents_made(struct account *a, enum thing_type container, const char *id)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++) {
                struct contents *c;

                if (!a->making[type].contained || a->making[type].container != container)
                        continue;
                c = contents_of(a, type, id);
                if (!c)
                        return -ENOMEM;
                c->known = true;
        }
        return 0;
}

void contents_done(struct account *a)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                strmap_done(&a->contents[type]);
}
