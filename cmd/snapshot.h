/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Snapshots: what the ledger held and what every provider showed at one moment, as a file (muster.snapshot/v1).
 *
 * The rule: a plan made with a snapshot is the plan that would have been made at its moment; what it does not hold is
 * unknown. No secret is ever in it.
 */

#include "reconcile/base/json.h"
#include "reconcile/engine.h"

#define SNAPSHOT_FORMAT "muster.snapshot/v1"

/* The fields of an account with what was seen of each type; a type that was not looked for has none. */
extern const char *const snapshot_lists[THING_TYPES];

/* Writing, in two steps: planning changes the ledger's model in memory, so that is noted before. */
struct snapshot_note {
        struct ledger *ledger;         /* the caller's */
        json_t *json;                  /* NULL: there is no ledger */
        struct strmap held, strangers; /* as the ledger has them */
        usec_t now;                    /* boot clock */
        int64_t at;                    /* wall clock */
};

int snapshot_note(struct ledger *l, usec_t now, int64_t wall, struct snapshot_note *ret, struct error *e);
void snapshot_note_done(struct snapshot_note *n);

/* All of it as one value, when the engine has looked, with what it saw last. NULL: that failed. */
json_t *snapshot_json(const struct snapshot_note *n, const struct estate *estate, const struct engine *engine,
                      struct error *e);

/* Writes the file, when the engine has planned. */
int snapshot_write(const char *path, const struct snapshot_note *n, const struct estate *estate,
                   const struct engine *engine, struct error *e);

/* Reading. */
struct snapshot {
        int64_t at; /* wall clock */
        const char *estate;
        struct ledger *ledger; /* in memory; empty where there was none */
        bool has_ledger;
        struct snapshot_account {
                const char *name, *type, *why;
                struct observation *seen; /* NULL: it could not be read, `why` says so */
        } * accounts;
        size_t n_accounts, allocated_accounts;
        json_t *json; /* the file's; holds the strings */
};

/* -EBADMSG: that is no snapshot, or a damaged one. */
int snapshot_read(const char *path, struct snapshot **ret, struct error *e);
int snapshot_parse(json_t *json, struct snapshot **ret, struct error *e); /* keeps a reference */
struct snapshot *snapshot_free(struct snapshot *s);
DEFINE_CLEANUP(struct snapshot *, snapshot_free)

/* Gives the engine what its accounts were seen to have; once. The snapshot's ledger must live as long as the engine. */
int snapshot_show(struct snapshot *s, struct engine *engine, struct error *e);
