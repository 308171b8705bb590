/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A vendor's simulated service as a whole: its simulator, the faults that its calls meet, what was called, and the control
 * routes under /_sim/ by which a test or a person reaches behind it. Pure: whoever drives it has the sockets and the time.
 *
 *      POST /_sim/delete|stop|start|fail|add|rename|state|…   a person at the vendor's console; JSON arguments
 *      POST /_sim/fault {"rule": …}, POST /_sim/faults/clear
 *      GET  /_sim/state, /_sim/calls, /_sim/log; POST /_sim/calls/reset; POST /_sim/save
 *
 * Control routes meet no fault and no latency, need no token and are not counted.
 */

#include "providers/faults.h"

struct service;

/* How a call ends. */
enum service_end {
        SERVICE_REPLY,
        SERVICE_HALF,  /* with the first half of its body, and a length that says all of it */
        SERVICE_DROP,  /* with the connection, unanswered */
        SERVICE_NEVER, /* not at all */
};

struct service_answer {
        enum service_end end;
        usec_t delay; /* a length of time: until the end */
        struct reply reply;
        bool save;    /* the state is to be saved before the end */
        bool counted; /* among the calls in flight, until service_ended() */
};

void service_answer_done(struct service_answer *a);
#define _cleanup_service_answer_ _cleanup_(service_answer_done)

/* `latency` is how late every answer of the API is. */
int service_new(const struct simulator *simulator, const struct simulator_options *options, usec_t latency,
                struct service **ret, struct error *e);
struct service *service_free(struct service *s);
DEFINE_CLEANUP(struct service *, service_free)

int service_add_fault(struct service *s, const char *rule, struct error *e);

/* One request, to the API or to a control route. The caller says with service_ended() that the answer has gone out. -ENOMEM only. */
int service_serve(struct service *s, usec_t now, const struct request *rq, struct service_answer *ret);
void service_ended(struct service *s, struct service_answer *a);

/* The simulator's whole state, as it saves and loads it. NULL: out of memory. */
json_t *service_save(struct service *s, usec_t now);
int service_load(struct service *s, usec_t now, const json_t *state, struct error *e);
