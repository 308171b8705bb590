/* SPDX-License-Identifier: MIT */
#include "reconcile/base/text.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

/*
 * When things were made, on the boot clock: that is what lengths of time are counted on, as far back as this boot goes.
 */

/* A slot has one create that was done for each thing that was ever in it. */
static const char made_sql[] = "SELECT made_at_boot FROM calls WHERE slot = ?1 AND account = ?2 AND type = ?3"
                               " AND verb = 'create' AND outcome = 'done' AND boot = ?4 ORDER BY seq DESC LIMIT 1";

void ledger_note_made(const struct ledger *l, struct thing *t, const struct call *c)
{
        const char *boot = ledger_store_boot(l);

        t->made_boot = boot && c->made_at_boot && text_equal(c->boot, boot) ? c->made_at_boot : USEC_INFINITY;
}

int ledger_made_in_boot(struct ledger *l, struct thing *t, usec_t *ret, struct error *e)
{
        struct ledger_store *store = l->store;
        struct db_query *q;
        int r = 0;

        if (!t->made_boot && store) {
                r = ledger_store_prepare(store, &store->made_in_boot, made_sql, e);
                if (r < 0)
                        return r;
                q = store->made_in_boot;
                db_bind_text(q, 1, t->slot);
                db_bind_text(q, 2, t->account);
                db_bind_text(q, 3, thing_type_words[t->type]);
                db_bind_text(q, 4, ledger_store_boot(l));
                r = db_step(q, e);
                t->made_boot = r > 0 && db_int64(q, 0) > 0 ? (usec_t)db_int64(q, 0) : USEC_INFINITY;
                db_reset(q);
        }
        if (r < 0)
                return r;
        if (!t->made_boot || t->made_boot == USEC_INFINITY)
                return 0;
        *ret = t->made_boot;
        return 1;
}
