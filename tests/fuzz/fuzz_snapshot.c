/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cmd/snapshot.h"
#include "tests/fuzz/fuzz.h"

#define NOW ((usec_t)100 * USEC_PER_HOUR)

static void check_ledger(struct ledger *l, int64_t at)
{
        struct ledger_hour hour;
        int64_t replaced;

        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                must(t->account && t->resource && t->slot && t->created && t->made_with_text && t->address && t->note);
                must(!*t->id || ledger_held(l, t->account, TYPE_MACHINE, t->id));
                must(ledger_hour(l, t->account, NOW, at, &hour, NULL) == 0);
                must(hour.creates >= 0 && hour.deletes >= 0 && hour.most_owned >= 0);
                must(ledger_replacements(l, t->account, t->slot, NOW, at, &replaced, NULL) == 0);
                must(replaced >= 0);
        }
        for (size_t i = 0; i < l->n_calls; i++) {
                const struct call *c = l->calls[i];

                must(c->account && c->resource && c->slot && c->id && c->wanted_text && c->note && c->request);
                must(c->boot && c->outcome);
        }
}

static void check_seen(const struct observation *seen)
{
        for (enum thing_type type = 0; seen && type < THING_TYPES; type++)
                for (size_t i = 0; i < seen->of[type].n_rows; i++) {
                        const struct row *row = &seen->of[type].rows[i];

                        must(row->id && row->name && row->address && row->created && row->parent && row->traits);
                        must(observation_find(seen, type, row->id) == row);
                        must(*condition_text(row->condition));
                }
}

/* The input is a file that should be a snapshot. It makes a ledger and observations that hold together, or is none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        _cleanup_json_ json_t *json = NULL;
        _cleanup_(snapshot_free_p) struct snapshot *snapshot = NULL;
        struct error e = { "" };
        int r;

        if (json_parse(text, size, &json, NULL) < 0)
                return 0;

        r = snapshot_parse(json, &snapshot, &e);
        if (r < 0) {
                must(r == -EBADMSG && *e.text);
                return 0;
        }

        must(snapshot->estate && snapshot->ledger);
        check_ledger(snapshot->ledger, snapshot->at);
        for (size_t i = 0; i < snapshot->n_accounts; i++) {
                must(snapshot->accounts[i].name && snapshot->accounts[i].type && snapshot->accounts[i].why);
                check_seen(snapshot->accounts[i].seen);
        }
        return 0;
}
