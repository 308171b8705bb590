/* SPDX-License-Identifier: MIT */
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

bool machine_was_asked(const struct planning *pl, enum thing_type type, const struct thing *machine)
{
        return observation_covers_in(pl->in->machines, type, machine->id) ||
               observation_remembers(pl->in->machines, type, machine->id);
}

const char *asked_wait(struct planning *pl, enum thing_type type, const struct thing *machine)
{
        const char *why;

        if (!observation_remembers(pl->in->machines, type, machine->id))
                return NULL;
        why = plan_string(pl->plan, "the %ss of its machine are asked for again first", thing_type_words[type]);
        pl->failed = pl->failed || !why;
        return why;
}

/* Of copies the vendor says nothing while it is at work on the machine: that is nothing to be afraid of. */
static void tell_missed(struct planning *pl, enum thing_type type, const char *machine, const char *why)
{
        const char *words = plan_string(pl->plan, "its %ss are not known: %s; nothing is done about them",
                                        thing_type_words[type], why);

        if (thing_is_copy(type)) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan, "%s: %s", machine, words));
                return;
        }
        planning_trouble(pl, true, machine, words);
        planning_section(pl)->waiting = planning_section(pl)->waiting || pl->in->patient;
}

void asked_count(struct planning *pl, struct asked *asked, const struct thing *machine)
{
        const char *why = observation_missed(pl->in->machines, asked->type, machine->id);
        usec_t at = observation_remembers(pl->in->machines, asked->type, machine->id);

        if (observation_covers_in(pl->in->machines, asked->type, machine->id))
                return;
        if (why)
                tell_missed(pl, asked->type, machine->slot, why);
        asked->never += !why && !at;
        asked->earlier += at != 0;
        if (at)
                asked->oldest = asked->oldest ? usec_min(asked->oldest, at) : at;
}

void asked_tell(struct planning *pl, const struct asked *asked)
{
        const char *word = thing_type_words[asked->type];
        char when[UNITS_TEXT_MAX];

        if (asked->never) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan,
                                              "the %ss of %zu machine%s are not known yet; nothing is done about them",
                                              word, asked->never, asked->never == 1 ? "" : "s"));
        }
        if (asked->earlier) {
                int64_t at = pl->in->wall - (int64_t)(usec_since(pl->in->now, asked->oldest) / USEC_PER_SEC);

                planning_note(pl, plan_string(pl->plan,
                                              "machines are asked for their %ss in turn: %zu are as an earlier look "
                                              "saw them, the oldest at %s",
                                              word, asked->earlier, time_text(at, when)));
        }
}
