/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What codecs of vendors that speak plain JSON over HTTP have in common: requests out of a path and a body, replies into JSON, and
 * the readers of what stands in it.
 *
 * The rule: a reader takes what is unambiguous and says which field of what is not. Vendors' words are escaped before they reach an
 * error.
 */

#include "reconcile/base/json.h"
#include "reconcile/base/json_read.h"
#include "reconcile/provider.h"

#define API_MAX ((size_t)1 << 20) /* bytes of a request's path or body */

/* A request for `path` under the account's endpoint; `body` NULL: none. The caller adds headers of the vendor's own. */
int api_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                struct request *ret, struct error *e);

/* Adds an id to a path, percent-encoded. -EINVAL: it is none that could stand there. */
int api_add_id(struct buf *path, const char *id, struct error *e);

/* Is this an id as a thing can have: not empty, not too long for an outcome, without control characters? */
bool api_id_valid(const char *id);

/* The reply's body as a JSON object, of which only members of these names are read; the body is wiped. `first`: more may follow it.
 * -EBADMSG, with how the body begins where that is no JSON; -ENOMEM. */
int api_open(struct reply *rp, const char *const *names, bool first, struct json_doc **ret, struct error *e);

/* The vendor's words, escaped and bounded; "no reason" when there are none. In the caller's buffer. */
#define API_WORDS_MAX 500
const char *api_words(const struct json_node *value, char text[static API_WORDS_MAX]);

/* The observation's copy of a text or number; "" when it is null or not there. `what` names the thing in errors. */
int api_read_text(struct observation *obs, const struct json_node *object, const char *key, const char *what,
                  const char **ret, struct error *e);

/* The same for an id, which must be there and be one. */
int api_read_id(struct observation *obs, const struct json_node *object, const char *key, const char *what,
                const char **ret, struct error *e);

/* A whole number from 0 to `max`, times `unit`, into a property that stays unknown when none is shown. */
int api_read_number(const struct json_node *object, const char *key, const char *what, int64_t unit, int64_t max,
                    enum property property, struct values *values, struct error *e);

/* Adds a request to the list, marked as a read, with the codec's tag. */
int api_ask(struct request *rq, uint64_t tag, struct request_list *further, struct error *e);
