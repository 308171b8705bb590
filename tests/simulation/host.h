/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the world is to the engine: its network, its disk and its death. Between world.c and host.c only.
 */

#include "tests/simulation/world.h"

enum event_kind {
        AT_SERVER, /* the request arrives */
        AT_CLIENT, /* the reply is back */
        BROKEN,    /* the exchange ends otherwise */
        TIMED_OUT,
        NOT_SENT,
        DEED,
        START,     /* of muster's next life */
        STOP_TIME, /* is over */
};

struct world_event {
        usec_t at;
        uint64_t order;
        enum event_kind kind;
        struct exchange *exchange;
        deed_fn fn;
        void *userdata;
        unsigned life; /* START, STOP_TIME: that they belong to */
};

void events_add(struct world *w, const struct world_event *event);
bool events_take(struct world *w, struct world_event *ret); /* the next one that is due */
usec_t events_next(const struct world *w);

extern const struct engine_host world_host; /* without userdata */

void exchange_happens(struct world *w, const struct world_event *event);
struct exchange *exchange_unref(struct exchange *x);
void exchanges_end(struct world *w); /* muster is dead: nobody waits for them any more */
