/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Snapshots from an agent's endpoint: "https://muster.example/v1/snapshot", or "unix:/run/muster/agent.sock".
 *
 * The rule: the token goes to the host of the URL and nowhere else, and is in no message.
 */

#include "cmd/snapshot.h"

/* Is it that, and no file? */
bool snapshot_is_remote(const char *where);

/* -EINVAL: nothing can be fetched from there, for how it is written. */
int snapshot_check_remote(const char *where, struct error *e);

/* Turns a loop of its own until the snapshot is here. The token is the environment's. */
int snapshot_fetch(const char *where, struct snapshot **ret, struct error *e);

/* What came as an answer, as a snapshot; the words name `where`. Takes nothing. */
int snapshot_of_reply(const char *where, bool token_sent, const struct reply *rp, struct snapshot **ret,
                      struct error *e);
