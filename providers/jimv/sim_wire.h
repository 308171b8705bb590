/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the simulated JimV-C hears and speaks: its envelope, sessions, checks, listings, and the handlers of its routes.
 *
 * A call that says something has its whole reply; what a handler returns is 0 or -ENOMEM and nothing else.
 */

#include "providers/jimv/sim.h"
#include "providers/plain_call.h"

/* A body that is not said to be JSON is none, with quirks. */
void jimv_sim_hear(struct plain_call *c);
int jimv_sim_reply(struct plain_call *c, struct reply *ret);

/* "http://HOST", as the request has it. */
int jimv_sim_add_origin(const struct plain_call *c, struct buf *b);

int jimv_sim_ok(struct plain_call *c);       /* done, and no more */
int jimv_sim_ok_begin(struct plain_call *c); /* up to the value of "data"; the rest is the caller's */
int jimv_sim_no(struct plain_call *c, int code, const char *about); /* the vendor's five digits; `about` may be NULL */
int jimv_sim_no_begin(struct plain_call *c, int code, const char *about); /* up to what may follow the state */
int jimv_sim_page(struct plain_call *c, int status); /* of a server that did not come to answering */
int jimv_sim_redirect(struct plain_call *c, const char *path);

/* sim_session.c */
int jimv_sim_set_cookie(struct plain_call *c); /* as every reply does: the caller's, or a new one; 0 or -ENOMEM */
bool jimv_sim_session_is_open(const struct plain_call *c);
int jimv_sim_serve_sign_in(struct plain_call *c);
int jimv_sim_serve_sign_out(struct plain_call *c);
int jimv_sim_serve_login(struct plain_call *c);

/* sim_checks.c: each says no, with its code, and is false where something is wrong. */
enum check { CHECK_INTEGER, CHECK_POSITIVE, CHECK_TEXT, CHECK_NODE, CHECK_UNIT };

struct rule {
        const char *key;
        enum check check;
        bool optional;
};

bool jimv_sim_check_body(struct plain_call *c, const struct rule *rules, size_t n, int *ret);
int64_t jimv_sim_body_number(const struct plain_call *c, const char *key);

/* sim_lists.c */
struct column {
        const char *name;
        size_t offset; /* within the record */
        enum column_type { COLUMN_NUMBER, COLUMN_STRING, COLUMN_CHARACTERS } type;
        bool filters, searched; /* `filter` and `keyword` know it */
};

/* Adds one record to what is said: 0; 1: the whole reply has been said instead; -ENOMEM. */
typedef int (*printer)(struct plain_call *c, struct record *r);

struct listing {
        const struct records *table;
        const struct column *columns; /* ends with one without name */
        const char *path;
        printer print;
};

int jimv_sim_serve_listing(struct plain_call *c, const struct listing *l);
int jimv_sim_serve_search(struct plain_call *c, const struct listing *l);

/* sim_select.c: the records that a path names by uuid, commas between. */
struct selection {
        char *uuids;
        struct record **records;
        size_t n_records, allocated_records;
        size_t n_named;
        const char *missing; /* the first that is not there; NULL: all are */
};

void jimv_sim_selection_done(struct selection *x);
#define _cleanup_selection_ _cleanup_(jimv_sim_selection_done)

/* False: it is malformed (or, where all are wanted, one is missing), and no is said; or -ENOMEM. */
bool jimv_sim_select_some(struct plain_call *c, const struct records *t, const char *capture, struct selection *x,
                          int *ret_r);
bool jimv_sim_select_all(struct plain_call *c, const struct records *t, const char *capture, struct selection *x,
                         int *ret_r);
struct record *jimv_sim_select_one(struct plain_call *c, const struct records *t, const char *capture,
                                   int *ret_r); /* NULL: no */
int jimv_sim_no_record(struct plain_call *c, const char *uuid);

/* sim_update.c: the one thing that a PATCH changes of a record, and records in replies. */
struct update {
        const struct records *table;
        const char *key; /* of the body */
        int (*set)(struct record *r, const char *text);
        printer print;
};

int jimv_sim_serve_update(struct plain_call *c, const struct update *u);
int jimv_sim_add_records(struct plain_call *c, struct record *const *records, size_t n, printer print); /* as `print` */
int jimv_sim_say_record(struct plain_call *c, struct record *r, printer print);

/* sim_guest_calls.c, sim_create.c, sim_disk_calls.c: handlers of routes. */
int jimv_sim_serve_guests(struct plain_call *c);
int jimv_sim_serve_guest_search(struct plain_call *c);
int jimv_sim_serve_guest(struct plain_call *c);
int jimv_sim_serve_guest_create(struct plain_call *c);
int jimv_sim_serve_guest_update(struct plain_call *c);
int jimv_sim_serve_reboot(struct plain_call *c);
int jimv_sim_serve_shutdown(struct plain_call *c);
int jimv_sim_serve_force_shutdown(struct plain_call *c);
int jimv_sim_serve_boot(struct plain_call *c);
int jimv_sim_serve_suspend(struct plain_call *c);
int jimv_sim_serve_resume(struct plain_call *c);
int jimv_sim_serve_guest_delete(struct plain_call *c);
int jimv_sim_serve_adjust(struct plain_call *c);
int jimv_sim_serve_hosts(struct plain_call *c);
int jimv_sim_serve_disks(struct plain_call *c);
int jimv_sim_serve_disk_search(struct plain_call *c);
int jimv_sim_serve_disk(struct plain_call *c);
int jimv_sim_serve_disk_create(struct plain_call *c);
int jimv_sim_serve_disk_update(struct plain_call *c);
int jimv_sim_serve_disk_resize(struct plain_call *c);
int jimv_sim_serve_disk_delete(struct plain_call *c);
int jimv_sim_serve_attach(struct plain_call *c);
int jimv_sim_serve_detach(struct plain_call *c);
