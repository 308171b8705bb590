# SPDX-License-Identifier: MIT
"""The engine with one rule broken, each in its own way: the simulation must notice every one of them.

    broken.py                      NAME and the files that it changes, a line each
    broken.py NAME FILE OUTPUT     writes the changed file

A change that finds its place no more, or more than once, is an error: then the code was changed and this must follow.
"""

import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")

# name: what breaks, as (file, what stands there, what stands there then)
VARIANTS = {
    "no-durable-row": [(  # a request goes out before its row is on the disk
        "reconcile/act.c",
        "                if (!c->durable)\n                        return false;",
        "                if (c->state != CALL_SENDING)\n                        return false;",
    )],
    "does-not-sync": [(  # a row is written, and is not on the disk when the power goes
        "reconcile/io/db.c",
        "PRAGMA synchronous = FULL;",
        "PRAGMA synchronous = NORMAL;",
    )],
    "wait-from-the-row": [(  # W runs from when the row was written, and not from the end of the call
        "reconcile/recover.c",
        "return a->machines_at >= usec_add(c->settle_from, recover_settling(a, c));",
        "return a->machines_at >= usec_add(c->made_at_boot, recover_settling(a, c));",
    )],
    "wait-without-the-lag": [  # W is only as long as the vendor may act
        (
            "reconcile/recover.c",
            "return a->provider->provider->settle;",
            "return a->provider->provider->settle / 10 * 6;",
        ),
        ("reconcile/recover.c", "return timing->acting + timing->lag + timing->margin;", "return timing->acting;"),
    ],
    "server-errors-are-refusals": [(  # a 5xx is taken as "not done"
        "reconcile/provider.c",
        "        if (outcome.class == OUTCOME_ACCEPTED)\n                return false;",
        "        if (outcome.class == OUTCOME_ACCEPTED)\n                return false;\n"
        "        if (rp->status >= 500)\n                outcome.class = OUTCOME_REFUSED;",
    )],
    "short-batch-is-final": [(  # what a create of several does not name was not made
        "reconcile/act.c",
        '                        call_unknown(a, c, "the vendor named fewer than it was asked for", false, now);\n',
        "                        c->in_flight = false, call_undone(a, c, \"not done\", \"the vendor did not name it\");\n",
    )],
    "adopts-without-a-marker": [(  # of unknown outcome, and one new machine: that one
        "reconcile/recover.c",
        "                struct claim *claim = strmap_get(&markers, row->name);\n",
        "                struct claim *claim = strmap_get(&markers, row->name);\n\n"
        "                if (!claim && rec->n_claims == 1 && rec->claims[0].n == 0 && rec->claims[0].call->marker[0])\n"
        "                        claim = &rec->claims[0];\n",
    )],
    "takes-ids-that-were-held": [(  # a marker on a machine that was ours once counts again
        "reconcile/recover.c",
        "                if (ledger_held(rec->a->engine->ledger, rec->a->name, type, row->id))\n"
        "                        claim->taken = true;\n"
        "                else if (claim->n++ == 0)\n",
        "                if (claim->n++ == 0)\n",
    )],
    "believes-an-empty-listing": [  # what one listing lacks is gone
        ("reconcile/guard.c", "        if (missing >= 2 && missing == owned)\n                return true;\n", ""),
        (
            "reconcile/guard.c",
            "return missing >= LOSS_AT_LEAST && missing * 100 > owned * LOSS_PERCENT;",
            "return missing > owned * LOSS_PERCENT * LOSS_AT_LEAST;",
        ),
        ("reconcile/losses.c", "                if (!a->making[t->type].shows_one)\n", "                if (t->id[0])\n"),
    ],
    "rotates-too-soon": [(  # the old backup goes while the new one is not there yet
        "reconcile/planner_copies.c",
        "bool now = usable >= c->spec->keep;",
        "bool now = usable >= c->spec->keep || made;",
    )],
    "copies-by-the-wall-clock": [(  # how old a backup is a wall clock says that is wrong
        "reconcile/copies.c",
        "        r = ledger_made_in_boot(in->ledger, copy->thing, &made, e);\n",
        "        r = made ? ledger_made_in_boot(in->ledger, copy->thing, &made, e) : 0;\n",
    )],
    "deletes-by-name": [(  # whatever has the name now goes
        "reconcile/act.c",
        "/* All but what it needs only when it goes out. */\nstatic struct order order_of(const struct account *a, const struct call *c)\n{\n",
        "static const char *id_by_name(const struct account *a, const struct call *c)\n{\n"
        "        const struct listed *listed = &a->machines->of[c->type];\n\n"
        "        for (size_t i = listed->n_rows; c->verb == ORDER_DELETE && i > 0; i--)\n"
        "                if (text_equal(listed->rows[i - 1].name, c->slot))\n"
        "                        return listed->rows[i - 1].id;\n"
        "        return c->id;\n}\n\n"
        "static struct order order_of(const struct account *a, const struct call *c)\n{\n",
    ), (
        "reconcile/act.c",
        ".id = c->verb == ORDER_CREATE ? NULL : c->id,",
        ".id = c->verb == ORDER_CREATE ? NULL : id_by_name(a, c),",
    )],
    "writes-on-a-used-connection": [(  # of the transport: tests/reconcile/io/test_http.c notices
        "reconcile/io/http.c",
        "        SET(CURLOPT_FRESH_CONNECT, rq->read ? 0L : 1L);\n        SET(CURLOPT_FORBID_REUSE, rq->read ? 0L : 1L);\n",
        "",
    )],
}


def changed(name, path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    for where, before, after in VARIANTS[name]:
        if where != path:
            continue
        if text.count(before) != 1:
            raise SystemExit(f"{name}: {path} has what is to be changed {text.count(before)} times and not once:\n{before}")
        text = text.replace(before, after)
    return text


def main():
    if len(sys.argv) == 1:
        for name, changes in VARIANTS.items():
            print(":".join([name, *sorted({path for path, _, _ in changes})]))
        return
    name, path, output = sys.argv[1:]
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with open(output, "w", encoding="utf-8") as file:
        file.write(changed(name, path))


if __name__ == "__main__":
    main()
