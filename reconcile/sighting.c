/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"

/*
 * What a complete listing says of the things that are ours: they are there, as something else, or missing.
 */

void thing_park(struct account *a, struct thing *t, const char *note)
{
        t->state = THING_PARKED;
        t->note = note ? note : "";
        touch_thing(a, t);
        engine_tell(a, EVENT_NOTE, t->slot, "is parked: %s", t->note);
}

/* Is the row the machine that the thing was? The vendor's creation time tells an id that was given away again. */
static bool fingerprint_fits(const struct thing *t, const struct row *row)
{
        return !t->created[0] || !row->created[0] || text_equal(t->created, row->created);
}

/* A copy that was usable is not any more: one look may be wrong in that. */
static void note_usable(struct account *a, struct thing *t, bool works)
{
        usec_t confirm = a->provider ? a->provider->provider->confirm : 0;

        if (works || !t->ever_ready || !thing_is_copy(t->type))
                t->unusable_since = 0;
        else if (!t->unusable_since)
                t->unusable_since = a->machines_at;
        t->unusable = t->unusable_since && t->unusable_since < a->machines_at &&
                      a->machines_at >= usec_add(t->unusable_since, confirm);
}

void thing_shown(struct account *a, struct thing *t, const struct row *row)
{
        bool works = condition_works(row->condition);
        bool made = works || !thing_is_copy(t->type); /* what is still being made may get another time of creation */
        bool same = !t->missing && (t->ever_ready || !works) && t->condition == row->condition &&
                    text_equal(t->address, row->address) && (t->created[0] || !row->created[0] || !made) && !t->leaked;

        t->missing_since = 0;
        t->confirmed = false;
        note_usable(a, t, works);
        if (row->condition != CONDITION_CHANGING)
                t->changing_since = 0;
        else if (!t->changing_since)
                t->changing_since = a->machines_at;
        if (same)
                return;
        if (t->leaked) {
                t->leaked = false;
                t->state = THING_OWNED;
                t->note = "";
                engine_tell(a, EVENT_DONE, t->slot, "is listed after all as %s", t->id);
        }
        if (works && !t->ever_ready)
                t->ready_since = a->machines_at;
        if (works && !t->ever_ready)
                engine_tell(a, EVENT_DONE, t->slot, "is %s%s%s",
                            t->type == TYPE_MACHINE ? condition_text(row->condition) : "ready",
                            row->address[0] ? " at " : "", row->address);
        t->missing = false;
        t->ever_ready = t->ever_ready || works;
        t->condition = row->condition;
        t->address = account_words(a, "%s", row->address);
        if (!t->created[0] && made)
                t->created = account_words(a, "%s", row->created);
        touch_thing(a, t);
}

/* What goes along with its machine is shown only with it; and where nobody looked, or what was said could not be read, nothing is known. */
static bool is_looked_for(struct account *a, const struct thing *t, const struct strmap *machines)
{
        const struct thing *machine;
        const char *slot;

        if (!a->making[t->type].goes_along)
                return true;
        slot = strpool_addn(a->engine->strings, t->slot, strcspn(t->slot, "/"));
        machine = slot ? strmap_get(machines, slot) : NULL;
        return machine && observation_find(a->machines, TYPE_MACHINE, machine->id) &&
               observation_covers_in(a->machines, t->type, machine->id);
}

void thing_see(struct account *a, struct thing *t, const struct strmap *machines)
{
        const struct row *row = t->id[0] ? observation_find(a->machines, t->type, t->id) : NULL;

        if (t->state == THING_RELEASED || !observation_covers(a->machines, t->type))
                return;
        if (!is_looked_for(a, t, machines)) {
                t->missing_since = 0; /* two looks that both looked for it must lack it */
                return;
        }
        if (row && !fingerprint_fits(t, row)) {
                if (t->state != THING_PARKED)
                        thing_park(a, t,
                                   account_words(a, "%s was made at %s, and %s shows a %s made at %s under that id",
                                                 t->id, t->created, a->name, thing_type_words[t->type], row->created));
                return;
        }
        if (row) {
                thing_shown(a, t, row);
                return;
        }
        if (t->state != THING_OWNED || a->machines->capped)
                return;
        if (!t->missing) {
                t->missing = true;
                touch_thing(a, t);
        }
        if (!t->missing_since)
                t->missing_since = a->machines_at;
}
