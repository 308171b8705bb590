/* SPDX-License-Identifier: MIT */
#include "reconcile/account.h"
#include "reconcile/base/text.h"
#include "reconcile/planner.h"

/*
 * Calls about what is contained in something of ours. Such a thing is told by its parent and its key, so that nothing has to be counted
 * and nobody's mistaken for ours; and the same one made twice would be seen, and one of the two removed.
 */

static const struct row *find_made(const struct account *a, const struct call *c, const char *parent)
{
        const struct listed *listed = &a->machines->of[c->type];

        for (size_t i = 0; i < listed->n_rows; i++)
                if (text_equal(listed->rows[i].parent, parent) && text_equal(listed->rows[i].name, c->marker))
                        return &listed->rows[i];
        return NULL;
}

static bool is_done(const struct account *a, const struct call *c, const char *parent)
{
        const struct row *row = c->verb == ORDER_CREATE ? find_made(a, c, parent)
                                                        : observation_find(a->machines, c->type, c->id);

        if (row && !text_equal(row->parent, parent))
                row = NULL;
        if (c->verb == ORDER_CREATE)
                return row;
        if (c->verb == ORDER_DELETE)
                return !row;
        return row && values_known(&row->values, c->field) && value_satisfies(c->field, &row->values, &c->wanted);
}

static const char *done_text(enum order_verb verb)
{
        switch (verb) {
        case ORDER_CREATE:
                return "added";
        case ORDER_DELETE:
                return "removed";
        default:
                return "changed";
        }
}

void recover_part(struct account *a, struct call *c, usec_t now)
{
        const char *parent = call_container(a, c);

        if (!parent) {
                call_resolve(a, c, "dropped", "what it is in is not ours any more");
        } else if (!observation_covers_in(a->machines, c->type, parent) || a->machines->capped) {
                return;
        } else if (is_done(a, c, parent)) {
                engine_tell(a, EVENT_DONE, c->slot, "%s", done_text(c->verb));
                retry_worked(a, c);
                call_resolve(a, c, "done", c->note);
        } else if (recover_is_settled(a, c) && (c->verb != ORDER_CREATE || recover_stays_absent(a, c))) {
                recover_not_done(a, c, now);
        }
}
