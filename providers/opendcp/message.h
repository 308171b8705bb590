/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The envelope of every reply. What it says, and what its HTTP status says, are two things: a refused expand is a 400 whose code is 0, and
 * a server that broke down answers 200 with nothing. Success needs all of it.
 */

#include "providers/api.h"

enum opendcp_code {
        OPENDCP_DONE = 0,
        OPENDCP_ERROR = 10999,
        OPENDCP_SIZE = 11996, /* a value is out of its range */
        OPENDCP_INPUT = 12996,
        OPENDCP_MISSING = 12997, /* a parameter is missing */
};

/* A request; `correlation` NULL: without the header that some calls must have. It is for the vendor's log, and no idempotency key. */
int opendcp_request(const struct account_config *account, enum method method, const char *path, const char *correlation,
                    const json_t *body, struct request *ret, struct error *e);

/* Takes a reply of any status apart. 0: the vendor's yes, `*ret` is the JSON; 1: its no, `*ret_code` says which, and the error what it means
 * with the vendor's words; -EBADMSG: neither can be read; -ENOMEM. A reply may hold its JSON twice. */
int opendcp_open(const struct reply *rp, json_t **ret, int64_t *ret_code, struct error *e);

/* Do the vendor's words say that the template's credit is used up? */
bool opendcp_lacks_credit(const json_t *reply);
bool opendcp_lacks_row(const json_t *reply); /* or that there is no such thing? */
