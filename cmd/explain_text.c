/* SPDX-License-Identifier: MIT */
#include "cmd/explain_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/calls.h"
#include "cmd/machines.h"
#include "cmd/output.h"
#include "cmd/status_text.h"
#include "reconcile/base/text.h"
#include "reconcile/planner.h"
#include "specs/write.h"

#define LABEL_COLUMN 14
#define TEXT_MAX ((size_t)1 << 14)
#define OPEN_SHOWN_MAX 5
#define PLACE_MAX 512
#define SPEC_MAX ((size_t)1 << 16)
#define WANTED_SHOWN_MAX 60 /* lines */

struct writer {
        const struct explained *x;
        struct buf *b;
        const char *label; /* of the line before */
        json_t *lines;     /* NULL: they are text, in `b` */
        bool failed;       /* out of memory for one of them */
};

/* "  label     text": a label stands once for all of its lines. */
static void say(struct writer *w, const char *label, const char *format, ...) _printf_(3, 4);
static void say(struct writer *w, const char *label, const char *format, ...)
{
        char text[TEXT_MAX];
        size_t line;
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        if (w->lines) {
                w->failed |= json_array_append_new(w->lines, json_pack("{s:s, s:o}", "about", label, "text",
                                                                       json_any_text(text))) < 0;
                return;
        }

        line = w->b->len;
        (void)buf_addf(w->b, "  %s", text_equal(w->label, label) ? "" : label);
        (void)buf_pad(w->b, LABEL_COLUMN, line);
        (void)text_escape(w->b, text, TEXT_MAX);
        (void)buf_addc(w->b, '\n');
        w->label = label;
}

static const char *place(const struct resource *r, const char *path, char text[static PLACE_MAX])
{
        const struct position *p = resource_position(r, path);

        (void)snprintf(text, PLACE_MAX, "%s:%" PRIu32, p->file, p->line);
        return text;
}

/* "template tmpl-7, cpu 4, memory 8GiB" */
static void add_values(struct buf *b, const struct values *v)
{
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                if (!values_known(v, f))
                        continue;
                (void)buf_addf(b, "%s%s ", b->len > 0 ? ", " : "", property_name(f));
                (void)values_print(v, f, b);
        }
}

static bool is_meant(const struct explained *x, const char *resource, const char *slot)
{
        return text_equal(resource, x->name) && (!x->slot || text_equal(slot, x->slot));
}

static const struct thing *find_thing(const struct explained *x)
{
        for (size_t i = 0; i < x->ledger->n_things; i++)
                if (is_meant(x, x->ledger->things[i]->resource, x->ledger->things[i]->slot))
                        return x->ledger->things[i];

        return NULL;
}

static const struct call *find_call(const struct explained *x)
{
        for (size_t i = 0; i < x->ledger->n_calls; i++)
                if (x->ledger->calls[i]->state != CALL_RESOLVED &&
                    is_meant(x, x->ledger->calls[i]->resource, x->ledger->calls[i]->slot))
                        return x->ledger->calls[i];

        return NULL;
}

/* Where it is kept: as its spec says, else as the ledger does; NULL: that is not known. */
static const char *provider_name(const struct explained *x)
{
        const struct resource *provider = x->spec ? resource_provider(x->spec) : NULL;
        const struct thing *t = find_thing(x);
        const struct call *c = find_call(x);

        return provider ? provider->name : t ? t->account : c ? c->account : NULL;
}

/* The number of the machine in a list of the spec, by its name or its id; -1: not in it. */
static ssize_t listed(const struct strings *list, const struct explained *x, const struct thing *t)
{
        for (size_t i = 0; i < list->n; i++)
                if (text_equal(list->items[i], x->slot) || (t && text_equal(list->items[i], t->id)))
                        return (ssize_t)i;

        return -1;
}

/* What a resource that is no set of machines asks for, as it would be written. */
static void say_wanted(struct writer *w)
{
        _cleanup_buf_ struct buf b = BUF_INIT(SPEC_MAX);
        size_t n = 0;

        w->failed |= write_spec(&b, w->x->spec) == -ENOMEM;
        for (const char *line = buf_text(&b), *end; *line; line = *end ? end + 1 : end, n++) {
                end = line + strcspn(line, "\n");
                if (n < WANTED_SHOWN_MAX)
                        say(w, "wants", "%.*s", (int)(end - line), line);
        }
        if (n > WANTED_SHOWN_MAX || b.failed)
                say(w, "wants", "and more than is shown here: the spec says it all");
}

static void say_spec(struct writer *w)
{
        const struct explained *x = w->x;
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        struct values wanted = { 0 };
        char at[PLACE_MAX];

        if (!x->spec) {
                say(w, "spec", "no spec names %s any more", x->name);
                return;
        }

        if (x->codec && x->spec->kind == &kind_machine_set)
                values_wanted(x->spec->machine_set, x->codec, &resource_provider(x->spec)->provider->options, x->ledger,
                              &wanted);
        add_values(&b, &wanted);
        say(w, "spec", "%s", place(x->spec, "", at));
        if (x->spec->kind != &kind_machine_set)
                say_wanted(w);
        else if (x->slot)
                say(w, "wants", "%s; %s", buf_text(&b),
                    x->spec->machine_set->power == POWER_STOPPED ? "stopped" : "running");
        else
                say(w, "wants", "%" PRId64 " machine%s, each of %s; %s", x->spec->machine_set->count,
                    x->spec->machine_set->count == 1 ? "" : "s", buf_text(&b),
                    x->spec->machine_set->power == POWER_STOPPED ? "stopped" : "running");
}

static const char *since_text(int64_t at, int64_t now, char text[static 2 * UNITS_TEXT_MAX])
{
        char time[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];

        (void)snprintf(text, (size_t)2 * UNITS_TEXT_MAX, "%s (%s ago)", time_text(at, time), ago_text(at, now, age));
        return text;
}

/* What the ledger has of one machine, and how it was last seen. */
static void say_thing(struct writer *w, const struct thing *t)
{
        static const char *const owned[] = {
                [THING_OWNED] = "ours", [THING_LEAVING] = "ours, and leaving",      [THING_PARKED] = "parked",
                [THING_GONE] = "gone",  [THING_RELEASED] = "released, so not ours",
        };
        _cleanup_buf_ struct buf made_with = BUF_INIT(TEXT_MAX);
        char since[2 * UNITS_TEXT_MAX];

        say(w, "ledger", "%s%s%s since %s%s", t->id, *t->id ? ", " : "", owned[t->state],
            since_text(t->made_at, w->x->now, since),
            t->adopted ? "; adopted by muster"
            : *t->id   ? "; made by muster"
                       : "; no machine is known to be it");
        add_values(&made_with, &t->made_with);
        if (made_with.len > 0)
                say(w, "ledger", "made with %s", buf_text(&made_with));
        if (t->missing)
                say(w, "last seen", "missing from the provider's listing; before that %s%s%s",
                    condition_text(t->condition), *t->address ? " at " : "", t->address);
        else
                say(w, "last seen", "%s%s%s%s", condition_text(t->condition), *t->address ? " at " : "", t->address,
                    t->ever_ready ? "" : "; it has not worked yet");
}

/* "5 machines: 4 running, 1 parked" */
static void say_machines(struct writer *w)
{
        struct {
                const char *state;
                size_t n;
        } counts[16] = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        size_t n = 0;

        for (size_t i = 0; i < w->x->ledger->n_things; i++) {
                const struct thing *t = w->x->ledger->things[i];
                size_t k = 0;

                if (!is_meant(w->x, t->resource, t->slot))
                        continue;
                while (counts[k].state && !text_equal(counts[k].state, machine_state(t)))
                        k++;
                counts[k].state = machine_state(t);
                counts[k].n++;
                n++;
        }
        for (size_t k = 0; counts[k].state; k++)
                (void)buf_addf(&b, "%s%zu %s", k > 0 ? ", " : ": ", counts[k].n, counts[k].state);

        say(w, "ledger", "%zu machine%s%s%s", n, n == 1 ? "" : "s", buf_text(&b),
            n > 0 ? "; 'muster list' shows them" : "");
}

/* Of a policy that copies machines: "9 backups of 3 machines: 6 usable, 3 leaving" */
static void say_copies(struct writer *w, enum thing_type type)
{
        _cleanup_strmap_ struct strmap machines = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        size_t n = 0, usable = 0, leaving = 0, parked = 0;
        const struct thing *last = NULL;
        char since[2 * UNITS_TEXT_MAX];

        for (size_t i = 0; i < w->x->ledger->n_things; i++) {
                const struct thing *t = w->x->ledger->things[i];
                const char *machine;

                if (!is_meant(w->x, t->resource, t->slot))
                        continue;
                machine = strpool_addn(w->x->ledger->strings, t->slot, strcspn(t->slot, "/"));
                w->failed |= !machine || strmap_set(&machines, machine, (void *)t) < 0;
                n++;
                usable += t->state == THING_OWNED && t->condition == CONDITION_RUNNING && !t->missing;
                leaving += t->state == THING_LEAVING;
                parked += t->state == THING_PARKED;
                last = t;
        }
        (void)buf_addf(&b, "%zu usable", usable);
        if (leaving)
                (void)buf_addf(&b, ", %zu leaving", leaving);
        if (parked)
                (void)buf_addf(&b, ", %zu parked", parked);
        if (!last) {
                say(w, "ledger", "no %s is there yet", thing_type_words[type]);
                return;
        }
        say(w, "ledger", "%zu %s%s of %zu machine%s: %s", n, thing_type_words[type], n == 1 ? "" : "s", machines.count,
            machines.count == 1 ? "" : "s", buf_text(&b));
        say(w, "ledger", "the last is %s%s%s%s, made %s; 'muster list %s' shows all", last->slot, *last->id ? " (" : "",
            last->id, *last->id ? ")" : "", since_text(last->made_at, w->x->now, since), w->x->name);
}

/* Of a resource that is one thing: that, and what it is about to be replaced by or still has besides. */
static void say_things(struct writer *w)
{
        size_t n = 0;

        for (size_t i = 0; i < w->x->ledger->n_things; i++) {
                const struct thing *t = w->x->ledger->things[i];

                if (!is_meant(w->x, t->resource, t->slot))
                        continue;
                say_thing(w, t);
                n++;
        }
        if (!n)
                say(w, "ledger", "nothing: it is not there yet, or was deleted or forgotten");
}

static void say_ledger(struct writer *w)
{
        const struct thing *t = find_thing(w->x);
        const struct kind *kind = kind_of(w->x->name);

        if (!w->x->slot && kind && thing_is_copy(kind->makes))
                say_copies(w, kind->makes);
        else if (kind == &kind_tenant_quota)
                say(w, "ledger", "nothing but the calls: it is there whatever anybody does, and never muster's own");
        else if (!w->x->slot && kind && kind->makes != TYPE_MACHINE)
                say_things(w);
        else if (!w->x->slot)
                say_machines(w);
        else if (t)
                say_thing(w, t);
        else
                say(w, "ledger", "nothing: it is not there yet, or was deleted or forgotten");
}

/* How long a call of unknown outcome is left alone before muster looks what came of it. */
static usec_t settling(const struct explained *x, const struct call *c)
{
        const struct resource *provider = x->spec ? resource_provider(x->spec) : NULL;

        if (!x->codec)
                return 0;
        if (c->verb == ORDER_SHUT_DOWN)
                return x->codec->timing.shut_down;
        if (provider && provider->provider->settle > 0)
                return provider->provider->settle;

        return x->codec->timing.acting + x->codec->timing.lag + x->codec->timing.margin;
}

static void say_call(struct writer *w, const struct call *c, const char *what)
{
        char since[2 * UNITS_TEXT_MAX], length[UNITS_TEXT_MAX];
        const char *wait = duration_text(settling(w->x, c), length);

        (void)since_text(c->made_at, w->x->now, since);
        switch (c->state) {
        case CALL_INTENT:
                say(w, "open call", "%s of %s, planned %s: nothing was sent yet", what, c->slot, since);
                break;
        case CALL_SENDING:
                say(w, "open call", "%s of %s, sent %s: no answer yet", what, c->slot, since);
                break;
        case CALL_ACCEPTED:
                say(w, "open call",
                    "%s of %s, sent %s: the vendor said yes; muster looks until it sees that it is done", what, c->slot,
                    since);
                break;
        case CALL_UNKNOWN:
                say(w, "open call",
                    "%s of %s, sent %s: its outcome is not known (%s); muster leaves it alone for %s after it ended, "
                    "then looks what became of it",
                    what, c->slot, since, *c->note ? c->note : "muster was stopped in the middle", wait);
                break;
        case CALL_RESOLVED:
                break;
        }
}

static void say_open_calls(struct writer *w)
{
        static const char *const verbs[ORDER_VERBS] = {
                [ORDER_CREATE] = "create",       [ORDER_DELETE] = "delete",       [ORDER_START] = "start",
                [ORDER_SHUT_DOWN] = "shut-down", [ORDER_POWER_OFF] = "power-off", [ORDER_CHANGE] = "change",
                [ORDER_RENAME] = "rename",       [ORDER_ATTACH] = "attachment",   [ORDER_DETACH] = "detachment",
        };
        size_t n = 0;

        for (size_t i = 0; i < w->x->ledger->n_calls; i++) {
                const struct call *c = w->x->ledger->calls[i];

                if (c->state != CALL_RESOLVED && is_meant(w->x, c->resource, c->slot) && n++ < OPEN_SHOWN_MAX)
                        say_call(w, c, verbs[c->verb]);
        }
        if (n > OPEN_SHOWN_MAX)
                say(w, "open call", "and %zu more", n - OPEN_SHOWN_MAX);
}

static void say_last_calls(struct writer *w)
{
        _cleanup_buf_ struct buf b = BUF_INIT((size_t)1 << 20);
        const char *line;

        if (w->x->calls->n_cells <= w->x->calls->n_columns) {
                say(w, "last calls", "none");
                return;
        }

        (void)table_print(w->x->calls, &b);
        for (line = buf_text(&b); *line; line += strcspn(line, "\n") + 1)
                say(w, "last calls", "%.*s", (int)strcspn(line, "\n"), line);
}

/* Is the resource paused, in its spec or by a person? Says so. */
static bool say_pause(struct writer *w, const struct resource *r)
{
        char name[RESOURCE_TEXT_MAX], at[PLACE_MAX];
        const char *reason;

        if (!r)
                return false;

        reason = ledger_paused(w->x->ledger, resource_text(r, name));
        if (r->paused)
                say(w, "held by", "%s is paused in its spec, %s", name, place(r, "spec.paused", at));
        if (reason)
                say(w, "held by", "%s is paused%s%s; 'muster resume %s' goes on", name, *reason ? ": " : "", reason,
                    name);

        return r->paused || reason;
}

static void say_listed(struct writer *w, const char *field, ssize_t i, const char *meaning)
{
        char path[64], at[PLACE_MAX];

        if (i < 0)
                return;

        (void)snprintf(path, sizeof(path), "spec.%s[%zd]", field, i);
        say(w, "held by", "%s in its spec, %s: %s", field, place(w->x->spec, path, at), meaning);
}

static void say_machine_gates(struct writer *w, const struct thing *t)
{
        const struct explained *x = w->x;
        ssize_t protect = -1;

        if (x->spec) {
                const struct machine_set *set = x->spec->machine_set;

                protect = listed(&set->protect, x, t);
                say_listed(w, "hold", listed(&set->hold, x, t), "counted, and not touched at all");
                say_listed(w, "release", listed(&set->release, x, t), "no longer ours, left as it is");
                say_listed(w, "protect", protect, "no scale-in and no replacement takes it");
        }
        if (t && t->protect && protect < 0)
                say(w, "held by", "protect, as its spec said when it last named it");
        if (t && t->state == THING_PARKED)
                say(w, "held by", "parked: %s", t->note);
}

/* Returns whether everything about it stands still. */
static bool say_gates(struct writer *w)
{
        const struct explained *x = w->x;
        const struct thing *t = x->slot ? find_thing(x) : NULL;
        bool paused;

        paused = say_pause(w, x->spec);
        paused = say_pause(w, x->spec ? resource_provider(x->spec) : NULL) || paused;
        paused = say_pause(w, x->estate->policy) || paused;
        if (x->slot)
                say_machine_gates(w, t);
        if (x->status && *x->status->reason && !(t && t->state == THING_PARKED))
                say(w, "held by", "%s%s: %s", x->slot ? "its set: " : "", x->status->reason, x->status->message);

        return paused;
}

static void say_status(struct writer *w)
{
        const struct status_row *s = w->x->status;
        char since[2 * UNITS_TEXT_MAX], age[UNITS_TEXT_MAX], ready[64];

        if (!s) {
                say(w, "status", "nothing is known yet");
                return;
        }

        (void)snprintf(ready, sizeof(ready), "%" PRId64 " of %" PRId64 " ready", s->ready, s->desired);
        say(w, "status", "%s%s since %s, as of %s ago: %s%s%s", w->x->slot ? "the set is " : "", s->phase,
            since_text(s->since, w->x->now, since), ago_text(w->x->status_at, w->x->now, age), ready,
            *s->message && !text_equal(s->message, ready) ? "; " : "", text_equal(s->message, ready) ? "" : s->message);
}

/* What a machine's own state says of its future; false: nothing in particular. */
static bool say_machine_next(struct writer *w)
{
        const struct explained *x = w->x;
        const struct thing *t = find_thing(x);
        const struct call *c = find_call(x);

        if (t && t->state == THING_PARKED)
                say(w, "next",
                    "nothing before a person says 'muster adopt %s ID', 'muster forget %s' or 'muster retry %s'",
                    x->slot, x->slot, x->slot);
        else if (t && t->state == THING_RELEASED)
                say(w, "next", "nothing: it is not ours any more");
        else if (x->spec && listed(&x->spec->machine_set->hold, x, t) >= 0)
                say(w, "next", "nothing while it is in the spec's hold");
        else if (c)
                say(w, "next", "muster looks until the open call is settled");
        else if (t && t->missing)
                say(w, "next",
                    "a second look confirms that it is gone; then it is made anew if its set still wants it");
        else
                return false;

        return true;
}

static void say_orphan_next(struct writer *w)
{
        const struct resource *policy = w->x->estate->policy;

        if (policy && policy->policy->prune)
                say(w, "next", "it is deleted, because no spec names it and the Policy says prune");
        else
                say(w, "next", "nothing: it is kept, because prune is off; 'muster forget %s' drops it from the ledger",
                    w->x->slot ? w->x->slot : w->x->name);
}

static void say_next(struct writer *w, bool paused)
{
        const struct status_row *s = w->x->status;
        char time[UNITS_TEXT_MAX], length[UNITS_TEXT_MAX];

        if (paused)
                say(w, "next", "nothing before it is resumed");
        else if (w->x->slot && say_machine_next(w))
                return;
        else if (!w->x->spec)
                say_orphan_next(w);
        else if (!s)
                say(w, "next", "'muster apply' or 'muster agent' looks at the provider, and says");
        else if (s->next_attempt > w->x->now)
                say(w, "next", "%s at %s, in %s",
                    text_equal(s->phase, phase_text(PHASE_CONVERGED)) ? "it is as the spec says; more is due"
                                                                      : "another try",
                    time_text(s->next_attempt, time),
                    duration_roughly((usec_t)(s->next_attempt - w->x->now) * USEC_PER_SEC, length));
        else if (text_equal(s->phase, phase_text(PHASE_CONVERGED)))
                say(w, "next", "nothing: it is as the spec says; 'muster plan' looks whether that is still so");
        else if (text_equal(s->phase, phase_text(PHASE_PROGRESSING)))
                say(w, "next", "the agent, or the next apply, goes on; 'muster plan' shows with what");
        else
                say(w, "next", "%s", *s->message ? s->message : "'muster plan' shows what would be done");
}

static void say_all(struct writer *w)
{
        bool paused;

        say_spec(w);
        say_ledger(w);
        say_open_calls(w);
        if (!w->lines)
                say_last_calls(w);
        paused = say_gates(w);
        say_status(w);
        say_next(w, paused);
}

int explain_text(const struct explained *x, struct buf *b)
{
        struct writer w = { .x = x, .b = b };
        const char *provider = provider_name(x);

        (void)text_escape(b, x->slot ? x->slot : x->name, TEXT_MAX);
        if (x->slot)
                (void)buf_addf(b, ", a machine of %s", x->name);
        (void)buf_addf(b, ", on %s\n", provider ? provider : "a provider that is not known");
        say_all(&w);

        return b->failed;
}

static json_t *position_json(const struct explained *x)
{
        const struct position *p = x->spec ? resource_position(x->spec, "") : NULL;

        return p ? json_pack("{s:o, s:I}", "file", json_any_text(p->file), "line", (json_int_t)p->line) : json_null();
}

static json_t *known_machines_json(const struct explained *x)
{
        _cleanup_machines_ struct machines machines = { 0 };

        return machines_pick(x->ledger, x->name, x->slot, &machines, NULL) < 0 ? NULL : machines_json(&machines);
}

json_t *explain_json(const struct explained *x, json_t *calls)
{
        _cleanup_json_ json_t *lines = json_array();
        struct writer w = { .x = x, .lines = lines };

        if (!lines)
                return NULL;

        say_all(&w);
        if (w.failed)
                return NULL;

        return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:O}", "format", "muster.explain/v1", "resource",
                         json_any_text(x->name), "machine", json_any_text(x->slot), "provider",
                         json_any_text(provider_name(x)), "spec", position_json(x), "machines", known_machines_json(x),
                         "status", x->status ? status_row_json(x->status) : json_null(), "calls", calls, "says", lines);
}
