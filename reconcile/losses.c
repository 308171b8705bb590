/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * What a listing lacks: machines that we deleted, and machines that somebody else did. Neither is believed at once, and a sudden loss of
 * many is not believed at all until a person says so. Where machines of others are missing all of a sudden it may be the listing, too, that is wrong:
 * then it is no evidence for a while that nothing came of a create.
 */

#define OTHERS_DOUBTED (10 * USEC_PER_MINUTE)

/* A deleted machine is asked after once two listings lack it; a lost one once a second listing, `confirm` later, lacks it too. */
static bool is_suspect(const struct account *a, const struct thing *t, const struct call *c)
{
        usec_t confirm = a->provider ? a->provider->provider->confirm : 0;

        if (t->state == THING_LEAVING)
                return c && c->absent >= 2;
        return t->state == THING_OWNED && t->missing && t->missing_since && t->missing_since < a->machines_at &&
               a->machines_at >= usec_add(t->missing_since, confirm);
}

static int ask_after(struct account *a, const struct thing *t, usec_t now, struct error *e)
{
        struct look *l = ARRAY_ADD(a->checks, a->n_checks, a->allocated_checks);

        struct scope scope = scope_one(t->type, t->id);

        return l ? look_start(a, l, &scope, now, e) : error_oom(e);
}

static void count(struct loss *n, bool missing, bool suspect)
{
        n->owned++;
        n->missing += missing;
        n->suspect += suspect;
}

/* What is about a machine that is not there is not missed by itself. */
static bool goes_with_its_machine(const struct account *a, const struct thing *t)
{
        const char *machine = a->making[t->type].of_machine ? machine_behind(t, NULL) : NULL;

        return machine && !observation_find(a->machines, TYPE_MACHINE, machine);
}

struct losses losses_count(const struct account *a)
{
        const struct ledger *ledger = a->engine->ledger;
        struct losses n = { 0 };

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];
                bool suspect;

                if (t->state != THING_OWNED || !text_equal(t->account, a->name))
                        continue;
                if (goes_with_its_machine(a, t))
                        continue;
                suspect = is_suspect(a, t, NULL);
                if (thing_is_copy(t->type)) {
                        count(&n.copies, t->missing, suspect);
                        continue;
                }
                count(&n.all, t->missing, suspect);
                count(&n.of[t->type], t->missing, suspect);
        }
        return n;
}

/* The sudden loss; NULL: there is none. Each type has a listing of its own, which may lie though the others do not. */
static const struct loss *sudden_loss(const struct losses *n, const char **ret_what)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (guard_is_loss(n->of[type].owned, n->of[type].missing)) {
                        *ret_what = thing_type_words[type];
                        return &n->of[type];
                }
        *ret_what = "thing";
        return guard_is_loss(n->all.owned, n->all.missing) ? &n->all : NULL;
}

/* So much is missing at once that it is more likely the listing that is wrong than the world. */
void losses_hold(struct account *a, const struct losses *losses)
{
        const char *before = a->hold, *what;
        const struct loss *n = sudden_loss(losses, &what);

        a->hold = NULL;
        a->hold_confirmed = false;
        if (!n) {
                if (before)
                        engine_tell(a, EVENT_NOTE, a->name, "what was missing is there again");
                return;
        }
        a->hold_confirmed = n->suspect == n->missing;
        if (a->hold_confirmed)
                a->hold = account_words(
                        a,
                        "%zu of the %zu %ss that muster owns on %s are missing from its listing; nothing is created or deleted there until they "
                        "return, or 'muster accept-loss %s' says that they are truly gone",
                        n->missing, n->owned, what, a->name, a->name);
        else
                a->hold = account_words(
                        a,
                        "listing of %s fell from %zu %ss to %zu; nothing is created or deleted there until a second look confirms that",
                        a->name, n->owned, what, n->owned - n->missing);
        if (!before || !text_equal(before, a->hold))
                engine_tell(a, EVENT_NOTE, a->name, "%s", a->hold);
}

/* Copies are many, and people clear them away: their loss keeps no machine waiting, and their number hides no loss of machines. */
void losses_hold_copies(struct account *a, const struct loss *n)
{
        const char *before = a->hold_copies;

        a->hold_copies = NULL;
        a->hold_copies_confirmed = n->suspect == n->missing;
        if (!guard_is_loss(n->owned, n->missing)) {
                if (before)
                        engine_tell(a, EVENT_NOTE, a->name, "the copies that were missing are there again");
                return;
        }
        a->hold_copies = account_words(
                a,
                "%zu of the %zu backups and snapshots that muster owns on %s are missing from its listings; none is made or deleted "
                "there until they return, or 'muster accept-loss %s' says that they are truly gone",
                n->missing, n->owned, a->name, a->name);
        if (!before || !text_equal(before, a->hold_copies))
                engine_tell(a, EVENT_NOTE, a->name, "%s", a->hold_copies);
}

int losses_check(struct account *a, usec_t now, struct error *e)
{
        struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];
                struct call *deleting = NULL;
                int r;

                if (!text_equal(t->account, a->name))
                        continue;
                t->confirmed = false; /* what an earlier look found, and nobody could ask after, is no evidence */
                if (t->state == THING_OWNED && (a->hold || (a->hold_copies && thing_is_copy(t->type))))
                        continue;
                for (size_t k = 0; t->state == THING_LEAVING && k < ledger->n_calls; k++)
                        if (call_is_open(a, ledger->calls[k]) && call_is_about(ledger->calls[k], t))
                                deleting = ledger->calls[k];
                if (!is_suspect(a, t, deleting))
                        continue;
                t->confirmed = true;
                if (!a->making[t->type].shows_one)
                        continue;
                r = ask_after(a, t, now, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static size_t count_others(const struct account *a)
{
        const struct listed *machines = &a->machines->of[TYPE_MACHINE];
        size_t n = 0;

        for (size_t i = 0; i < machines->n_rows; i++)
                n += !ledger_held(a->engine->ledger, a->name, TYPE_MACHINE, machines->rows[i].id);
        return n;
}

void losses_note_others(struct account *a)
{
        bool empty = a->showed_some && a->machines->of[TYPE_MACHINE].n_rows == 0;

        if (!empty && count_others(a) >= a->others)
                a->shrunk_at = 0;
        else if (!a->shrunk_at)
                a->shrunk_at = a->machines_at;
}

bool losses_of_others(const struct account *a)
{
        return a->shrunk_at && a->machines_at < usec_add(a->shrunk_at, OTHERS_DOUBTED);
}

void losses_keep_others(struct account *a)
{
        if (losses_of_others(a))
                return;
        a->showed_some = a->machines->of[TYPE_MACHINE].n_rows > 0;
        a->others = count_others(a);
        a->shrunk_at = 0;
}

/* What the vendor said when it was asked after one machine. True: nothing speaks against its being gone. */
static bool is_gone(const struct account *a, const struct thing *t)
{
        for (size_t i = 0; i < a->n_checks; i++)
                if (a->checks[i].seen->scope.of == t->type && text_equal(a->checks[i].seen->scope.id, t->id))
                        return a->checks[i].seen->state == OBSERVATION_COMPLETE &&
                               a->checks[i].seen->of[t->type].n_rows == 0;
        return true;
}

static void mark_gone(struct account *a, struct thing *t, const char *note)
{
        t->state = THING_GONE;
        t->missing = false;
        t->gone_at = engine_wall(a->engine);
        t->note = note;
        touch_thing(a, t);
}

/* Where no spec names the provider any more, nobody knows what hangs on what. */
bool thing_goes_along(const struct account *a, const struct thing *t, const struct thing *machine)
{
        size_t n = strlen(machine->slot);

        return machine->type == TYPE_MACHINE && a->making && a->making[t->type].goes_along && t->state != THING_GONE &&
               text_equal(t->account, a->name) && strncmp(t->slot, machine->slot, n) == 0 && t->slot[n] == '/';
}

static void gone(struct account *a, struct thing *t, const char *note)
{
        struct ledger *ledger = a->engine->ledger;

        mark_gone(a, t, note);
        for (size_t i = 0; i < ledger->n_things; i++)
                if (thing_goes_along(a, ledger->things[i], t))
                        mark_gone(a, ledger->things[i], "went with its machine");
}

static void settle_delete(struct account *a, struct thing *t, bool is_absent)
{
        struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                struct call *c = ledger->calls[i];

                if (!call_is_open(a, c) || c->verb != ORDER_DELETE || !call_is_about(c, t))
                        continue;
                if (!is_absent) {
                        c->absent = 0;
                        continue;
                }
                retry_worked(a, c);
                call_resolve(a, c, "done", c->note);
        }
        if (!is_absent)
                return;
        engine_tell(a, EVENT_DONE, t->slot, "deleted (%s)", t->id);
        gone(a, t, "deleted");
}

void losses_settle(struct account *a, usec_t now)
{
        struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];
                bool is_absent;

                if (!t->confirmed || !text_equal(t->account, a->name))
                        continue;
                t->confirmed = false;
                is_absent = is_gone(a, t);
                if (t->state == THING_LEAVING) {
                        settle_delete(a, t, is_absent);
                } else if (is_absent) {
                        engine_tell(a, EVENT_NOTE, t->slot, "(%s) is gone: somebody else deleted it", t->id);
                        gone(a, t, "deleted by somebody else");
                } else {
                        engine_tell(a, EVENT_NOTE, t->slot,
                                    "the listing lacks it and %s still shows %s: waiting for them to agree", a->name,
                                    t->id);
                        t->missing_since = now;
                }
        }
}
