/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the readers of the vendor's rows share: a field that is not what it should be makes the whole reply unreadable, and is named.
 */

#include "reconcile/base/json_read.h"
#include "reconcile/observation.h"

/* -EBADMSG, with words: `key` of a `what` is not what it should be. */
int field_wrong(const char *key, const char *what, struct error *e);

/* The pool's copy of a text; "" when the vendor shows none. */
int field_text(struct observation *obs, const struct json_node *object, const char *key, const char *what,
               const char **ret, struct error *e);

/* The same for an id, which must be there and be one. */
int field_id(struct observation *obs, const struct json_node *object, const char *key, const char *what,
             const char **ret, struct error *e);

/* Is a listing that comes in one reply whole: no row twice, and `n` of them where the vendor counts them? */
int field_check_whole(const struct json_node *reply, const struct listed *listed, size_t n, const char *what,
                      struct error *e);
