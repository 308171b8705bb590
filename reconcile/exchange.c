/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"

unsigned account_in_flight(const struct account *a)
{
        unsigned n = 0;

        for (size_t i = 0; i < a->n_flights; i++)
                n += a->flights[i].call && !a->flights[i].slow;
        return n;
}

/* Calls that take their time are no reason to send nothing else meanwhile. */
static bool is_full(const struct account *a)
{
        int64_t concurrency = a->provider ? a->provider->provider->concurrency : 1, n = 0;

        if (a->codec->most_in_flight && concurrency > a->codec->most_in_flight)
                concurrency = a->codec->most_in_flight;
        for (size_t i = 0; i < a->n_flights; i++)
                n += !a->flights[i].slow;
        return n >= concurrency;
}

bool account_may_send(const struct account *a, usec_t now)
{
        return !a->engine->stopping && !is_full(a) && now >= a->paused_until && now >= a->next_slot;
}

int account_send(struct account *a, usec_t now, const struct request *rq, struct flight flight, struct error *e)
{
        struct engine *engine = a->engine;
        struct flight *place;
        int r;

        if (array_reserve((void **)&a->flights, &a->allocated_flights, a->n_flights + 1, sizeof(*a->flights)) < 0)
                return error_oom(e);
        if (!rq->read && !engine_acts(engine))
                return error_set(e, -EPERM, "a request that is not marked as a read was asked for while only looking");
        flight.id = ++engine->next_exchange;
        r = engine->host.send(engine->host.userdata, a->number, flight.id, rq, e);
        if (r < 0)
                return r;
        place = &a->flights[a->n_flights++];
        *place = flight;
        if (rq->read)
                a->reads++;
        else
                a->acts++;
        if (a->provider && a->provider->provider->rate_limit > 0)
                a->next_slot = usec_max(now, a->next_slot) +
                               USEC_PER_MINUTE / (usec_t)a->provider->provider->rate_limit;
        return 0;
}

usec_t account_pace(const struct account *a, usec_t now, usec_t wanted)
{
        if (wanted == USEC_INFINITY || is_full(a))
                return USEC_INFINITY;
        wanted = usec_max(wanted, usec_max(a->paused_until, a->next_slot));
        return usec_max(wanted, now);
}
