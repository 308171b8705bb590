/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The envelope of every reply, and what stands in requests.
 *
 * What an envelope says, and what its HTTP status says, are two things: a refused expand is a 400 whose code is 0, and a server that broke
 * down answers 200 with nothing. The rule: success needs all of it, and so does a refusal that is certain.
 */

#include "providers/api.h"

enum opendcp_code {
        OPENDCP_DONE = 0,
        OPENDCP_ERROR = 10999,
        OPENDCP_SIZE = 11996, /* a value is out of its range */
        OPENDCP_INPUT = 12996,
        OPENDCP_MISSING = 12997, /* a parameter is missing */
};

/* What the vendor's words say that its codes do not. */
enum opendcp_no {
        NO_OTHER,
        NO_CREDIT,     /* the template's credit is used up */
        NO_ROW,        /* there is no such thing */
        NO_CLOUD,      /* a cloud that the server has no driver for */
        NO_WHILE_USED, /* of a template: machines are made of it */
};

/* A template's id, the largest that stands in the tag of a request. */
#define OPENDCP_TEMPLATE_MAX (INT64_C(1) << 53)

/* A request; `correlation` NULL: without the header that some calls must have. It is for the vendor's log, and no idempotency key. */
int opendcp_request(const struct account_config *account, enum method method, const char *path, const char *correlation,
                    const json_t *body, struct request *ret, struct error *e);

/* Is it a machine's id that can stand in a path, where a comma or a slash would make something else of it? */
bool opendcp_machine_id_valid(const char *id);

/* Adds a machine's id, or a template's, to a path. -EINVAL: it is none. */
int opendcp_add_machine(struct buf *path, const char *id, struct error *e);
int opendcp_add_template(struct buf *path, const char *id, struct error *e);

/* Is the status one that the server gives to what it says itself? Others are told by their status alone. */
bool opendcp_speaks(const struct reply *rp);

/* Takes a reply of such a status apart. 0: the vendor's yes, `*ret` is the JSON; 1: its no, `*ret_code` says which, and the error what it means
 * with the vendor's words; -EBADMSG: neither can be read; -ENOMEM. A reply may hold its JSON twice: the first is the answer. */
int opendcp_open(struct reply *rp, struct json_doc **ret, int64_t *ret_code, struct error *e);

/* Is a no the server's "I could not", with the status that belongs to it? */
bool opendcp_is_service_error(const struct reply *rp, int64_t code);

/* What the words of a no say, where they come with the status and code that belong to them. */
enum opendcp_no opendcp_no_of(const struct reply *rp, const struct json_node *reply, int64_t code);
