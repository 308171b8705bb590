/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the codec speaks: requests with the session's cookie, and what a reply says by its codes.
 *
 * The rules: what is done is told by the HTTP status and the code within, which have to agree; a page of HTML never
 * says anything but that. Passwords and the XML of guests are taken out of a reply before it is read, and the
 * vendor's words are held back where they could repeat a secret.
 */

#include "providers/api.h"

/* The two eras of the vendor's API, of which an account's option tells. */
enum jimv_era { JIMV_2017, JIMV_08 };

#define JIMV_OPTION "api"
#define JIMV_WORD_2017 "2017"
#define JIMV_WORD_08 "0.8"

enum jimv_era jimv_era(const struct pairs *options);

/* The code of "no such thing". */
#define JIMV_NOT_FOUND 40401

int jimv_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                 struct request *ret, struct error *e);

/* Is it an id as the vendor gives them? Anything else in a path could name something else, or several things. */
bool jimv_uuid_valid(const char *id);

struct jimv_answer {
        enum outcome_class class; /* OUTCOME_ACCEPTED: it was done, or begun */
        int64_t code;             /* the vendor's own; 0: none */
        bool said_no;             /* it is a no, whatever that proves */
        struct json_doc *doc;     /* what of its JSON is read; NULL: it is none, or not readable */
};

void jimv_answer_done(struct jimv_answer *a);
#define _cleanup_jimv_answer_ _cleanup_(jimv_answer_done)

/* What a reply of any status says; its body is spent. `secret`: the request held one, which the vendor's words could
 * repeat. 0, with words in the error for every class but accepted; or -ENOMEM. */
int jimv_read(const struct account_config *account, struct reply *rp, bool secret, struct jimv_answer *ret,
              struct error *e);

/* The same for a read: 0, or a negative errno as struct provider's saw() has it. */
int jimv_answer_check(const struct jimv_answer *a, const struct reply *rp);
