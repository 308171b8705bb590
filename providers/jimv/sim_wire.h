/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the simulated JimV-C hears and speaks: routes, parameters of path, query and body, and its envelope.
 *
 * A call that says something has its whole reply; what a handler returns is 0 or -ENOMEM and nothing else.
 */

#include "providers/jimv/sim.h"
#include "reconcile/base/buf.h"

#define CAPTURES_MAX 3
#define PARAMETERS_MAX 16

struct call;

struct route {
        enum method method;
        const char *path; /* segments; "*" takes any one; NULL ends the table */
        const char *class;
        int (*serve)(struct call *c);
        bool open; /* needs no session */
};

struct parameter {
        const char *key, *value;
};

/* One call of the API while it is served. */
struct call {
        struct simulation *s;
        usec_t now;
        enum pretence how;
        const struct request *rq;
        const struct route *route; /* NULL: there is none */
        bool known_path;           /* with another method, though */
        char *path, *query;        /* own copies, taken apart */
        char *captures[CAPTURES_MAX];
        size_t n_captures;
        struct parameter parameters[PARAMETERS_MAX]; /* of the query */
        size_t n_parameters;
        json_t *body; /* NULL: none */
        bool bad_body;
        char sid[sizeof(((struct session *)NULL)->sid)]; /* era 0.8 */

        int status; /* of the reply; 0: nothing is said yet */
        bool is_page;
        struct buf out;
        char *location;
};

/* Finds the route, and reads what the request says. 0 or -ENOMEM. */
int jimv_sim_call_open(struct call *c, const struct route *routes);
void jimv_sim_call_done(struct call *c);
int jimv_sim_call_reply(struct call *c, struct reply *ret);

/* A parameter of the query, decoded; `fallback` where there is none. */
const char *jimv_sim_query(const struct call *c, const char *key, const char *fallback);

/* "http://HOST", as the request has it. */
int jimv_sim_add_origin(const struct call *c, struct buf *b);

int jimv_sim_ok(struct call *c);                              /* done, and no more */
int jimv_sim_ok_begin(struct call *c);                        /* up to the value of "data"; the rest is the caller's */
int jimv_sim_no(struct call *c, int code, const char *about); /* the vendor's five digits; `about` may be NULL */
int jimv_sim_no_begin(struct call *c, int code, const char *about); /* up to what may follow the state */
int jimv_sim_page(struct call *c, int status);                      /* of a server that did not come to answering */
int jimv_sim_redirect(struct call *c, const char *path);

/* sim_session.c */
char *jimv_sim_cookie(struct call *c); /* that every reply sets; NULL: out of memory */
bool jimv_sim_session_is_open(const struct call *c);
int jimv_sim_serve_sign_in(struct call *c);
int jimv_sim_serve_sign_out(struct call *c);
int jimv_sim_serve_login(struct call *c);

/* sim_checks.c: each says no, with its code, and is false where something is wrong. */
enum check { CHECK_INTEGER, CHECK_POSITIVE, CHECK_TEXT, CHECK_NODE, CHECK_UNIT };

struct rule {
        const char *key;
        enum check check;
        bool optional;
};

bool jimv_sim_check_body(struct call *c, const struct rule *rules, size_t n, int *ret);
int64_t jimv_sim_body_number(const struct call *c, const char *key);
const char *jimv_sim_body_text(const struct call *c, const char *key); /* NULL: none */

/* sim_lists.c */
struct column {
        const char *name;
        size_t offset; /* within the record */
        enum column_type { COLUMN_NUMBER, COLUMN_STRING, COLUMN_CHARACTERS } type;
        bool filters, searched; /* `filter` and `keyword` know it */
};

/* Adds one record to what is said: 0; 1: the whole reply has been said instead; -ENOMEM. */
typedef int (*printer)(struct call *c, struct record *r);

struct listing {
        const struct table *table;
        const struct column *columns; /* ends with one without name */
        const char *path;
        printer print;
};

int jimv_sim_serve_listing(struct call *c, const struct listing *l);
int jimv_sim_serve_search(struct call *c, const struct listing *l);

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
bool jimv_sim_select_some(struct call *c, const struct table *t, const char *capture, struct selection *x, int *ret_r);
bool jimv_sim_select_all(struct call *c, const struct table *t, const char *capture, struct selection *x, int *ret_r);
struct record *jimv_sim_select_one(struct call *c, const struct table *t, const char *capture,
                                   int *ret_r); /* NULL: no */
int jimv_sim_no_record(struct call *c, const char *uuid);

/* sim_update.c: the one thing that a PATCH changes of a record, and records in replies. */
struct update {
        const struct table *table;
        const char *key; /* of the body */
        int (*set)(struct record *r, const char *text);
        printer print;
};

int jimv_sim_serve_update(struct call *c, const struct update *u);
int jimv_sim_add_records(struct call *c, struct record *const *records, size_t n, printer print); /* as `print` */
int jimv_sim_say_record(struct call *c, struct record *r, printer print);

/* sim_guest_calls.c, sim_create.c, sim_disk_calls.c: handlers of routes. */
int jimv_sim_serve_guests(struct call *c);
int jimv_sim_serve_guest_search(struct call *c);
int jimv_sim_serve_guest(struct call *c);
int jimv_sim_serve_guest_create(struct call *c);
int jimv_sim_serve_guest_update(struct call *c);
int jimv_sim_serve_reboot(struct call *c);
int jimv_sim_serve_shutdown(struct call *c);
int jimv_sim_serve_force_shutdown(struct call *c);
int jimv_sim_serve_boot(struct call *c);
int jimv_sim_serve_suspend(struct call *c);
int jimv_sim_serve_resume(struct call *c);
int jimv_sim_serve_guest_delete(struct call *c);
int jimv_sim_serve_adjust(struct call *c);
int jimv_sim_serve_hosts(struct call *c);
int jimv_sim_serve_disks(struct call *c);
int jimv_sim_serve_disk_search(struct call *c);
int jimv_sim_serve_disk(struct call *c);
int jimv_sim_serve_disk_create(struct call *c);
int jimv_sim_serve_disk_update(struct call *c);
int jimv_sim_serve_disk_resize(struct call *c);
int jimv_sim_serve_disk_delete(struct call *c);
int jimv_sim_serve_attach(struct call *c);
int jimv_sim_serve_detach(struct call *c);
