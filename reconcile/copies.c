/* SPDX-License-Identifier: MIT */
#include "reconcile/copies.h"

#include <time.h>

#include "reconcile/base/text.h"

/* No machine is so large that a copy of it takes longer. */
#define COPY_TAKES_AT_MOST (6 * USEC_PER_HOUR)
/* Two wall clocks, one of them in a time zone that nobody tells, may be so far apart (seconds) and both be right. */
#define CLOCKS_APART (24 * 60 * 60)

static bool is_shown(const struct copy *copy)
{
        return copy->thing->state == THING_OWNED && copy->row;
}

bool copy_is_usable(const struct copy *copy)
{
        return is_shown(copy) && copy->row->condition == CONDITION_RUNNING;
}

/* The vendor has said that it makes it, and shows it nowhere yet: it may do so only once it is done. */
static bool is_announced(const struct copy *copy)
{
        return copy->thing->state == THING_PARKED && copy->thing->leaked;
}

/* Nothing says yet that it is usable. */
static bool is_open(const struct copy *copy)
{
        return is_announced(copy) || (is_shown(copy) && (copy->row->condition == CONDITION_CHANGING ||
                                                         copy->row->condition == CONDITION_UNKNOWN));
}

bool copy_is_doubted(const struct copy *copy)
{
        return is_open(copy) && copy->thing->ever_ready && !copy->thing->unusable;
}

bool copy_is_coming(const struct copy *copy)
{
        return is_open(copy) && !copy->stale && !copy_is_doubted(copy);
}

bool copy_is_unusable(const struct copy *copy)
{
        return is_shown(copy) && !copy_is_usable(copy) && !copy_is_coming(copy) && !copy_is_doubted(copy);
}

bool copy_may_go(const struct copy *copy)
{
        return is_shown(copy) && !copy->call && !copy_is_coming(copy) && !copy_is_doubted(copy) &&
               copy->row->condition != CONDITION_UNKNOWN;
}

/* The vendor's time as it prints it; 0: it is no time. */
static int64_t vendor_time(const char *text)
{
        static const char *const formats[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S" };

        for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
                struct tm tm = { 0 };
                const char *end = strptime(text, formats[i], &tm);
                int64_t at = end && !*end ? (int64_t)timegm(&tm) : 0;

                if (at > 0)
                        return at;
        }
        return 0;
}

/* When it was made by the wall clock; 0: no clock says anything that can be. Ours counts where the vendor's does not contradict it; where
 * they are far apart, the later of the two: that makes rather one too few. */
static int64_t made_at(const struct plan_input *in, const struct copy *copy)
{
        const char *created = copy->row && *copy->row->created ? copy->row->created : copy->thing->created;
        int64_t ours = copy->thing->made_at, theirs = vendor_time(created), latest = in->wall + CLOCKS_APART;

        ours = ours > 0 && ours <= latest ? ours : 0;
        theirs = theirs > 0 && theirs <= latest ? theirs : 0;
        if (ours && ours - theirs >= -CLOCKS_APART)
                return ours;
        return theirs;
}

int copy_age(const struct plan_input *in, const struct copy *copy, struct copy_age *ret, struct error *e)
{
        usec_t made = 0;
        int64_t at;
        int r;

        r = ledger_made_in_boot(in->ledger, copy->thing, &made, e);
        if (r < 0)
                return r;
        if (r > 0) {
                *ret = (struct copy_age){ .known = true,
                                          .length = usec_since(in->now, made),
                                          .at = copy->thing->made_at };
                return 0;
        }
        at = made_at(in, copy);
        *ret = (struct copy_age){ .known = at > 0, .at = at ? at : copy->thing->made_at };
        if (at > 0 && in->wall > at)
                ret->length = (usec_t)(in->wall - at) * USEC_PER_SEC;
        return 0;
}

int copy_find_stale(const struct plan_input *in, struct copy *copy, struct error *e)
{
        struct copy_age age;
        int r;

        copy->stale = false;
        if (!is_open(copy))
                return 0;
        if (copy->thing->ever_ready) {
                copy->stale = copy->thing->unusable;
                return 0;
        }
        r = copy_age(in, copy, &age, e);
        if (r == 0)
                copy->stale = age.known && age.length >= COPY_TAKES_AT_MOST;
        return r;
}
