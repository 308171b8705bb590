/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The envelope of every reply, sessions, and what the two eras call things.
 */

#include "providers/api.h"

/* The vendor's codes that mean something certain. */
enum jimv_code {
        JIMV_DONE = 200,
        JIMV_BAD_LOGIN = 40101,
        JIMV_NOT_THERE = 40401,
        JIMV_NO_TEMPLATE = 40450,
        JIMV_DUPLICATE = 40901,
        JIMV_MISSING = 41201,
        JIMV_WRONG_TYPE = 41202,
        JIMV_MALFORMED = 41203,
        JIMV_MALFORMED_TOO = 41209,
        JIMV_DISK_SIZE = 41255,
        JIMV_DISK_ATTACHED = 41256,
        JIMV_DISK_NOT_LARGER = 41257,
        JIMV_DISK_BUSY = 41258,
        JIMV_GUEST_NOT_READY = 41259,
        JIMV_OTHER_HOST = 41260,
        JIMV_NOT_SHUT_OFF = 41261,
        JIMV_NO_ADDRESS = 50350,
        JIMV_NO_HOST = 50351,
};

/* Is the account of era 0.8? */
bool jimv_is_0_8(const struct account_config *account);

int jimv_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                 struct request *ret, struct error *e);

/* Takes a reply of any status apart. 0: the vendor's yes, `*ret` is the JSON; 1: its no, `*ret_code` says which, and the error what it
 * means with the vendor's words; -EKEYEXPIRED: the session is over; -EBADMSG: it is a page, or nothing that can be read; -ENOMEM. */
int jimv_open(const struct account_config *account, const struct reply *rp, json_t **ret, int64_t *ret_code,
              struct error *e);

/* Members of struct provider. */
int jimv_log_in(const struct account_config *account, struct request *ret, struct error *e);
int jimv_logged_in(const struct account_config *account, struct reply *rp, char **ret_session, struct error *e);
