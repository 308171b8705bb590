/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The envelope of every reply: a code, data, words, and the trace id that the vendor's support asks for.
 */

#include "providers/api.h"

/* The vendor's codes that mean something certain. */
enum finovy_code {
        FINOVY_DONE = 0,
        FINOVY_NO_PERMISSION = 1001, /* or a parameter that is not right */
        FINOVY_NOT_VERIFIED = 1037,
        FINOVY_STARTING = 6000,
        FINOVY_STOPPING = 6001,
        FINOVY_NO_RESOURCES = 6002,
        FINOVY_WALLET_HOUR = 6003, /* the wallet does not last an hour */
        FINOVY_WAITING = 6005,     /* the creation waits: it may come about */
        FINOVY_NOT_STARTED = 7002,
        FINOVY_UNAVAILABLE = 7003,
        FINOVY_NOT_RUNNING = 7004,
        FINOVY_TYPES_DIFFER = 7005, /* of package and image */
        FINOVY_WALLET_ERROR = 9000,
        FINOVY_WALLET_EMPTY = 9001,
};

int finovy_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                   struct request *ret, struct error *e);

/* "v1/pve/open/VERB/ID" and what follows it. */
int finovy_host_request(const struct account_config *account, enum method method, const char *verb, const char *id,
                        const char *query, struct request *ret, struct error *e);

/* Takes a reply with status 2xx apart. 0: `*ret` is the JSON and `*ret_code` its code; where that is not FINOVY_DONE, the error says what
 * it means, with the vendor's words and trace id. -EBADMSG: unreadable; -ENOMEM. */
int finovy_open(struct reply *rp, struct json_doc **ret, int64_t *ret_code, struct error *e);
