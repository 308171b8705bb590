/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"
#include "reconcile/lane.h"

/*
 * What is there before something without a marker is made was not made by that. It is noted as it is listed, and not only before a create: the
 * listing that a create goes by may leave it out.
 */

/* May a create of the type bear no marker? */
static bool may_be_unmarked(const struct account *a, enum thing_type type)
{
        const struct making *making = &a->making[type];

        return making->possible && !making->contained && (making->marker == MARKER_NONE || making->name_may_differ);
}

/* Is the row one that a call of ours may have made, whose outcome is still open? */
static bool may_be_ours(const struct account *a, enum thing_type type, const struct row *row)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                const struct call *c = ledger->calls[i];

                if (call_is_open(a, c) && c->verb == ORDER_CREATE && c->type == type && lane_fits(&c->wanted, row))
                        return true;
        }
        return false;
}

static int note(struct account *a, enum thing_type type)
{
        const struct listed *listed = &a->machines->of[type];
        struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i];

                if (ledger_held(ledger, a->name, type, row->id) || may_be_ours(a, type, row))
                        continue;
                if (ledger_note_stranger(ledger, a->name, type, row->id) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int strangers_note(struct account *a)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (may_be_unmarked(a, type) && note(a, type) < 0)
                        return -ENOMEM;
        return 0;
}
