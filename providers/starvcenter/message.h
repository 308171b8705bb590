/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the codec speaks: requests with their token and wrapped parameters, replies out of their wrapping.
 *
 * Parameters are JSON in Base64 in one form field; a reply is JSON in Base64. What is anything else is unreadable, and
 * its error quotes how it begins.
 */

#include "reconcile/base/json.h"
#include "reconcile/base/json_read.h"
#include "reconcile/provider.h"

/* What a reply says about itself. */
enum message_result {
        RESULT_DONE,   /* done; or begun, where the call is asynchronous */
        RESULT_FAILED, /* the one failure that there is, with the vendor's words */
        RESULT_TOKEN,  /* the token is not taken */
};

/* Puts a parameter. The document's examples write every value as a string. -EINVAL: the text is not UTF-8; the key is named. */
int message_put_text(json_t *params, const char *key, const char *value, struct error *e);
int message_put_number(json_t *params, const char *key, int64_t value, struct error *e);

/* Makes the request for `path` under the account's endpoint. `params` NULL: no body. Times out as the account says. */
int message_request(const struct account_config *account, enum method method, const char *path, const json_t *params,
                    struct request *ret, struct error *e);

/* The same for one thing, whose id ends the path: "cloudvm/ID". -EINVAL for an id that cannot stand in a path. */
int message_id_request(const struct account_config *account, enum method method, const char *before, const char *id,
                       struct request *ret, struct error *e);

/* What is read of every reply: the beginning of each list of names. */
#define MESSAGE_NAMES "result", "resultinfo", "data", "dataCount"

/* Takes a reply with status 2xx apart; its body is decoded in place and spent. 0: `*ret` is the JSON, with the members that are named,
 * and `*ret_result` what it says; where that is not RESULT_DONE, the error has the vendor's words, escaped. -EBADMSG: unreadable;
 * -ENOMEM. */
int message_open(struct reply *rp, const char *const *names, struct json_doc **ret, enum message_result *ret_result,
                 struct error *e);

/* Is this an id as a machine can have: not empty, not too long for an outcome, without control characters? */
bool message_id_valid(const char *id);

/* `data` as rows: how many; and the first, which others may follow. Missing, null and "" are no row, an object is one. -EBADMSG: anything
 * else. */
int message_count_rows(const struct json_node *reply, size_t *ret, struct error *e);
const struct json_node *message_first_row(const struct json_node *reply);
