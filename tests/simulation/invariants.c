/* SPDX-License-Identifier: MIT */
#include "tests/simulation/invariants.h"

#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/copies.h"
#include "tests/simulation/host.h"
#include "tests/simulation/parts.h"
#include "tests/simulation/server.h"

/* A plan is made of what was seen; it may be acted upon for so long. */
#define PLAN_AGE_MAX (2 * USEC_PER_MINUTE)

/* Of a request that is about to leave. */

static void check_place(struct world *w, const struct exchange *x)
{
        const struct server *s = &w->servers[x->account];
        const char *header = s->vendor->token_header;

        if (!text_starts(x->request.url, s->host) || x->request.url[strlen(s->host)] != '/')
                world_violate(w, "a request of %s goes to %s", s->account, x->request.url);
        if (header && !text_equal(request_header(&x->request, header), s->token))
                world_violate(w, "a request of %s carries another token than its own", s->account);
}

static const char *ledger_verb(const char *class)
{
        static const char *const verbs[][2] = {
                { "create", "create" },          { "delete", "delete" },      { "start", "start" },
                { "shutdown", "shut down" },     { "poweroff", "power off" }, { "cpu", "change" },
                { "memory", "change" },          { "rename", "rename" },      { "template", "create" },
                { "template-delete", "delete" }, { "credit", "change" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (text_equal(verbs[i][0], class))
                        return verbs[i][1];
        return NULL;
}

void invariants_spend(struct world *w, const struct exchange *x, int64_t seq)
{
        int64_t *place;

        for (size_t i = 0; i < w->n_spent; i++)
                if (w->spent[i] == seq)
                        world_violate(w, "row %lld of the ledger sends a second request (%s %s)", (long long)seq,
                                      x->class, x->subject);
        place = world_must(ARRAY_ADD(w->spent, w->n_spent, w->allocated_spent));
        *place = seq;
}

/* Rows of creates without a marker all read alike: there must be as many as machines were asked for. */
static void check_creates(struct world *w, const struct exchange *x)
{
        struct server *s = &w->servers[x->account];
        struct error e = { "" };
        int64_t rows;

        s->created += (int64_t)server_makes(w, x);
        db_bind_text(w->count_creates, 1, s->account);
        db_bind_text(w->count_creates, 2, thing_type_words[TYPE_MACHINE]);
        if (db_step(w->count_creates, &e) != 1) {
                world_violate(w, "the ledger cannot be read: %s", e.text);
                return;
        }
        rows = db_int64(w->count_creates, 0);
        db_reset(w->count_creates);
        if (s->created > rows)
                world_violate(w, "%lld machines of %s were asked for, with %lld durable rows", (long long)s->created,
                              s->account, (long long)rows);
}

static void check_row(struct world *w, const struct exchange *x, const char *subject)
{
        const struct world_vendor *vendor = w->servers[x->account].vendor;
        bool cuts = vendor->one_stop && text_equal(x->class, "shutdown");
        bool one_field = !vendor->resizes_while_off && (text_equal(x->class, "cpu") || text_equal(x->class, "memory"));
        const char *verb = ledger_verb(x->class);
        struct error e = { "" };
        int64_t seq = 0, n = 0;
        int r;

        if (!verb) {
                world_violate(w, "a request that acts is none that is known: %s", x->request.url);
                return;
        }
        db_bind_text(w->find_sending, 1, w->servers[x->account].account);
        db_bind_text(w->find_sending, 2, verb);
        db_bind_text(w->find_sending, 3, subject);
        db_bind_text(w->find_sending, 4, cuts ? "power off" : verb);
        db_bind_text(w->find_sending, 5, one_field ? x->class : "");
        while ((r = db_step(w->find_sending, &e)) > 0) {
                seq = db_int64(w->find_sending, 0);
                n++;
        }
        db_reset(w->find_sending);
        if (r < 0)
                world_violate(w, "the ledger cannot be read: %s", e.text);
        else if (n != 1)
                world_violate(w, "%s %s goes out with %lld durable rows", x->class, subject, (long long)n);
        else
                invariants_spend(w, x, seq);
}

static bool is_of_template(const struct exchange *x)
{
        return text_starts(x->class, "template") || text_equal(x->class, "credit");
}

/* Whatever is done to a machine is done to one that the ledger owns and that muster made or was given. */
static void check_owned(struct world *w, const struct exchange *x, const char *id)
{
        const struct machine_record *record = server_record(&w->servers[x->account], id);
        struct error e = { "" };
        int r;

        if (!is_of_template(x) && (!record || !record->ours || record->released))
                world_violate(w, "%s of a foreign machine, %s", x->class, id);
        db_bind_text(w->find_leaving, 1, w->servers[x->account].account);
        db_bind_text(w->find_leaving, 2, id);
        r = db_step(w->find_leaving, &e);
        if (r != 1 || db_int64(w->find_leaving, 0) != 1)
                world_violate(w, "%s of %s, which the ledger does not own", x->class, id);
        db_reset(w->find_leaving);
}

/* What the specs of now release is left as it is. */
static void check_release(struct world *w, const struct exchange *x, const char *subject)
{
        const struct machine_record *record = server_record(&w->servers[x->account], subject);
        const char *slot = record ? record->slot : subject;

        for (size_t i = 0; i < w->estate->n_resources; i++) {
                const struct resource *r = w->estate->resources[i];

                if (r->kind != &kind_machine_set ||
                    !text_equal(resource_provider(r)->name, w->servers[x->account].account))
                        continue;
                for (size_t k = 0; k < r->machine_set->release.n; k++)
                        if (text_equal(r->machine_set->release.items[k], slot))
                                world_violate(w, "%s of %s, which the specs release", x->class, slot);
        }
}

void invariants_send(struct world *w, const struct exchange *x)
{
        struct server *s = &w->servers[x->account];

        check_place(w, x);
        if (x->request.read) {
                if (call_class_acts(x->class))
                        world_violate(w, "%s is marked as a read", x->class);
                if (text_equal(x->class, "list"))
                        s->listed_at = w->now;
                return;
        }
        world_open_reader(w);
        if (world_is_wrong(w))
                return;
        if (w->silent)
                world_violate(w, "%s %s is sent although all was done", x->class, x->subject);
        if (w->mode == ENGINE_PLAN || w->mode == ENGINE_OBSERVE || w->mode == ENGINE_ANSWER)
                world_violate(w, "%s goes out of a run that only looks", x->class);
        if (copies_are_about(x)) {
                copies_send(w, x);
                return;
        }
        if (parts_are_about(x)) {
                parts_send(w, x);
        } else {
                if (text_equal(x->class, "create") && !s->vendor->marks)
                        check_creates(w, x);
                else
                        server_each_id(x, check_row, w);
                server_each_id(x, check_release, w);
                if (!text_equal(x->class, "create") && !text_equal(x->class, "template"))
                        server_each_id(x, check_owned, w);
        }
        if (!s->listed_at || w->now - s->listed_at > PLAN_AGE_MAX)
                world_violate(w, "%s %s is sent long after the last look", x->class, x->subject);
}

/* Of the world as it is. */

void invariants_wanted(struct world *w)
{
        for (size_t i = 0; i < w->n_wanted; i++)
                w->wanted[i].named = false;
        for (size_t i = 0; i < w->estate->n_resources; i++) {
                const struct resource *r = w->estate->resources[i];
                struct wanted *wanted = NULL;

                if (r->kind != &kind_machine_set)
                        continue;
                for (size_t k = 0; k < w->n_wanted; k++)
                        if (text_equal(w->wanted[k].name, r->name))
                                wanted = &w->wanted[k];
                if (!wanted) {
                        wanted = world_must(ARRAY_ADD(w->wanted, w->n_wanted, w->allocated_wanted));
                        snprintf(wanted->name, sizeof(wanted->name), "%s", r->name);
                }
                for (size_t k = 0; k < w->options.accounts; k++)
                        if (text_equal(w->servers[k].account, resource_provider(r)->name))
                                wanted->account = k;
                wanted->named = true;
                wanted->count = r->machine_set->count;
                wanted->adopted = (int64_t)r->machine_set->adopt.n;
                if (wanted->ceiling < wanted->count)
                        wanted->ceiling = wanted->count;
        }
}

static void lower_ceiling(struct wanted *wanted, int64_t now)
{
        if (wanted->ceiling > now)
                wanted->ceiling = now;
        if (wanted->ceiling < wanted->count)
                wanted->ceiling = wanted->count;
}

/* Creates that may still make a machine. */
static int64_t creates_under_way(const struct world *w, const struct wanted *wanted)
{
        size_t n = strlen(wanted->name);
        int64_t creates = 0;

        for (size_t i = 0; i < w->n_events; i++) {
                const struct exchange *x = w->events[i].exchange;

                creates += w->events[i].kind == AT_SERVER && x->account == wanted->account &&
                           text_equal(x->class, "create") && strncmp(x->subject, wanted->name, n) == 0 &&
                           x->subject[n] == '-';
        }
        return creates;
}

/* Where nothing tells of which set a machine is before the ledger says it, it may be of any: only the sum is held against what is
 * wanted, and a set's share of that falls no faster than it can be shown to. */
static void check_account(struct world *w, size_t account)
{
        int64_t there = (int64_t)server_count_all(w, account), unsaid = there, under_way = 0, most = 0;

        for (size_t i = 0; i < w->n_events; i++)
                if (w->events[i].kind == AT_SERVER && w->events[i].exchange->account == account)
                        under_way += (int64_t)server_makes(w, w->events[i].exchange);
        for (size_t i = 0; i < w->n_wanted; i++)
                if (w->wanted[i].account == account) {
                        most += w->wanted[i].ceiling + w->wanted[i].adopted;
                        unsaid -= (int64_t)server_count_set(w, account, w->wanted[i].name);
                }
        if (there > most)
                world_violate(w, "%s has %lld machines of ours, and at most %lld were ever wanted",
                              w->servers[account].account, (long long)there, (long long)most);
        for (size_t i = 0; i < w->n_wanted; i++)
                if (w->wanted[i].account == account)
                        lower_ceiling(&w->wanted[i],
                                      (int64_t)server_count_set(w, account, w->wanted[i].name) + unsaid + under_way);
}

static void check_counts(struct world *w)
{
        for (size_t i = 0; i < w->n_wanted; i++) {
                struct wanted *wanted = &w->wanted[i];
                int64_t there = (int64_t)server_count_set(w, wanted->account, wanted->name);

                if (!w->servers[wanted->account].vendor->marks)
                        continue;
                if (there > wanted->ceiling + wanted->adopted)
                        world_violate(w, "%s has %lld machines, and at most %lld were ever wanted", wanted->name,
                                      (long long)there, (long long)wanted->ceiling);
                lower_ceiling(wanted, there + creates_under_way(w, wanted));
        }
}

static void check_slots(struct world *w, size_t account)
{
        const struct server *s = &w->servers[account];

        for (size_t i = 0; i < s->n_records; i++) {
                const struct machine_record *r = &s->records[i];

                if (!server_is_ours(r) || !r->slot[0] || !server_has(w, account, r->id))
                        continue;
                for (size_t k = 0; k < i; k++)
                        if (server_is_ours(&s->records[k]) && text_equal(s->records[k].slot, r->slot) &&
                            server_has(w, account, s->records[k].id))
                                world_violate(w, "%s is there twice: as %s and as %s", r->slot, s->records[k].id,
                                              r->id);
        }
}

static size_t account_of(const struct world *w, const char *name)
{
        for (size_t i = 0; i < w->options.accounts; i++)
                if (text_equal(w->servers[i].account, name))
                        return i;
        return 0;
}

static void count_owned(struct world *w)
{
        int64_t n[ACCOUNTS_MAX] = { 0 };

        for (size_t i = 0; i < w->ledger->n_things; i++) {
                const struct thing *t = w->ledger->things[i];

                n[account_of(w, t->account)] += t->state == THING_OWNED || t->state == THING_LEAVING;
        }
        for (size_t i = 0; i < w->options.accounts; i++)
                if (n[i] > w->servers[i].most_owned)
                        w->servers[i].most_owned = n[i];
}

static void check_things(struct world *w)
{
        const struct ledger *l = w->ledger;

        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                const struct machine_record *record;

                if (t->state == THING_GONE)
                        continue;
                for (size_t k = 0; k < i; k++)
                        if (l->things[k]->state != THING_GONE && l->things[k]->type == t->type &&
                            text_equal(l->things[k]->slot, t->slot) && text_equal(l->things[k]->account, t->account))
                                world_violate(w, "the ledger has %s twice", t->slot);
                if (t->type == TYPE_DISK || t->type == TYPE_ACCESS)
                        parts_attribute(w, account_of(w, t->account), t->type, t->id, t->slot);
                if (t->type != TYPE_MACHINE || t->state == THING_PARKED || t->state == THING_RELEASED)
                        continue;
                server_attribute(w, account_of(w, t->account), t->id, t->slot);
                if (t->state == THING_LEAVING)
                        server_leaves(&w->servers[account_of(w, t->account)], t->id);
                record = server_record(&w->servers[account_of(w, t->account)], t->id);
                if (!record || !record->ours || record->released)
                        world_violate(w, "the ledger owns %s as %s, which is not ours", t->id, t->slot);
        }
}

static void check_deletes(struct world *w, const struct server *s)
{
        int64_t n = 0, limit = w->deletes_limit;

        if (limit < 0)
                limit = s->most_owned / 10 > 5 ? s->most_owned / 10 : 5;
        for (size_t i = s->n_deletes; i > 0 && w->now - s->deletes[i - 1].at < USEC_PER_HOUR; i--)
                n++;
        if (n > limit)
                world_violate(w, "%lld machines of %s were deleted within the hour, and the limit is %lld",
                              (long long)n, s->account, (long long)limit);
}

void invariants_state(struct world *w)
{
        for (size_t i = 0; i < w->options.accounts; i++) {
                check_slots(w, i);
                parts_state(w, i);
                check_deletes(w, &w->servers[i]);
                if (!w->servers[i].vendor->marks)
                        check_account(w, i);
        }
        if (w->ledger && w->mode != ENGINE_PLAN) {
                count_owned(w);
                check_things(w);
        }
        check_counts(w);
}

/* At the end. */

static const struct thing *find_thing(const struct ledger *l, const char *slot)
{
        for (size_t i = 0; i < l->n_things; i++)
                if (l->things[i]->state != THING_GONE && text_equal(l->things[i]->slot, slot))
                        return l->things[i];
        return NULL;
}

/* Parked before all that may have come of it had come: who is asked to decide has to look by himself. */
static bool is_cut_short(const struct thing *t)
{
        return strstr(t->note, "again and again");
}

/* What nothing marks is owned by its id, or among the candidates of a parked slot, of which a note names the first few. */
static void check_unmarked(struct world *w, const struct ledger *l, const char *id)
{
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->state != THING_GONE && text_equal(t->id, id))
                        return;
                if (t->state == THING_PARKED && (strstr(t->note, id) || strstr(t->note, " more") || is_cut_short(t)))
                        return;
        }
        world_violate(w, "%s was made by muster and is forgotten", id);
}

/* No machine that muster ever made is forgotten. */
static void check_remembered(struct world *w, const struct ledger *l, size_t account)
{
        const struct server *s = &w->servers[account];

        for (size_t i = 0; i < s->n_records; i++) {
                const struct machine_record *r = &s->records[i];
                const struct thing *t = find_thing(l, r->slot);

                if (!server_is_ours(r) || !server_has(w, account, r->id))
                        continue;
                if (!s->vendor->marks)
                        check_unmarked(w, l, r->id);
                else if (!t)
                        world_violate(w, "%s (%s) was made by muster and is forgotten", r->id, r->slot);
                else if (!text_equal(t->id, r->id) && !(t->state == THING_PARKED && strstr(t->note, r->id)))
                        world_violate(w, "%s (%s) was made by muster, and the ledger has %s there", r->id, r->slot,
                                      t->id);
        }
}

static void check_complete(struct world *w, const struct ledger *l, const struct wanted *wanted)
{
        int64_t there = 0, parked = 0;

        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                const char *set = strchr(t->resource, '/') + 1;

                if (t->type != TYPE_MACHINE || !text_equal(set, wanted->name) || t->state == THING_GONE ||
                    t->state == THING_RELEASED)
                        continue;
                if (t->state == THING_LEAVING)
                        world_violate(w, "%s is still leaving", t->slot);
                else if (t->state == THING_OWNED && !server_has(w, wanted->account, t->id))
                        world_violate(w, "the ledger owns %s as %s, and it is not there", t->id, t->slot);
                there++;
                parked += t->state == THING_PARKED;
        }
        /* What waits for a person counts as taken, and none that works goes in its place. */
        if (wanted->named && (there < wanted->count || there - parked > wanted->count))
                world_violate(w, "%s has %lld machines where %lld are wanted", wanted->name, (long long)there,
                              (long long)wanted->count);
}

/* Do machines change only while they are off, which nobody here sees to? With quirks, or by their vendor. */
static bool changes_by_hand(const struct world *w)
{
        bool off = w->options.quirks;

        for (size_t i = 0; i < w->options.accounts; i++)
                off = off || w->servers[i].vendor->resizes_while_off;
        return off;
}

static void check_calls(struct world *w, const struct ledger *l)
{
        for (size_t i = 0; i < l->n_calls; i++)
                if (l->calls[i]->state != CALL_RESOLVED && !(changes_by_hand(w) && l->calls[i]->verb == ORDER_CHANGE))
                        world_violate(w, "a call on %s is still open", l->calls[i]->slot);
}

static bool has_parked(const struct ledger *l, const char *resource)
{
        for (size_t i = 0; i < l->n_things; i++)
                if (l->things[i]->state == THING_PARKED && text_equal(l->things[i]->resource, resource))
                        return true;
        return false;
}

/* What leads to a machine that nobody asks for, or that is to be off, waits for other specs. */
static bool has_no_machine(const struct action *a)
{
        const char *why = a->blocked ? a->blocked : a->waits ? a->waits : "";

        return (a->type == TYPE_PORT_MAPPING || a->type == TYPE_ADDRESS_MAPPING) &&
               (strstr(why, "is no machine of") || strstr(why, "its machine does not run") ||
                strstr(why, "its machine waits for a person"));
}

static void check_plan(struct world *w, const struct ledger *l, const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_actions; i++) {
                const struct action *a = &plan->actions[i];

                if (changes_by_hand(w) &&
                    (a->order == ORDER_CHANGE || (a->blocked && strstr(a->blocked, "needs a restart"))))
                        continue;
                /* A slot that waits for a person is away already: others that are to be replaced wait with it. */
                if (a->waits && has_parked(l, plan->sections[a->section].resource))
                        continue;
                if (a->waits && strstr(a->waits, "its machine waits for a person"))
                        continue;
                /* What the specs hand over may have been the newest when there were too many. */
                if (a->verb == ACTION_ADOPT && a->blocked)
                        continue;
                if (has_no_machine(a))
                        continue;
                world_violate(w, "the plan still has %s %s: %s (%s)", action_verb_text(a->verb), a->name, a->reason,
                              a->blocked ? a->blocked
                              : a->waits ? a->waits
                                         : "");
        }
}

static void tell_plan(struct world *w, const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_sections; i++) {
                const struct section *s = &plan->sections[i];

                world_trace(w, "plan: %s %s %s", s->resource, phase_text(s->phase), s->message);
                for (size_t k = 0; k < s->n_notes; k++)
                        world_trace(w, "plan:   %s", s->notes[k]);
        }
}

/* The last back end that works stays, and with it its machine, until a person says otherwise. */
static bool keeps_last(const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].waits && strstr(plan->actions[i].waits, "is the last back end"))
                        return true;
        return false;
}

void invariants_final(struct world *w, bool strict)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        struct error e = { "" };

        if (world_is_wrong(w))
                return;
        if (ledger_open(w->path, LEDGER_READ, NULL, &l, &e) < 0) {
                world_violate(w, "the ledger cannot be read: %s", e.text);
                return;
        }
        check_calls(w, l);
        for (size_t i = 0; i < w->options.accounts; i++)
                check_remembered(w, l, i);
        for (size_t i = 0; i < w->options.accounts; i++)
                parts_remembered(w, l, i);
        if (!strict || world_is_wrong(w))
                return;
        plan = world_plan(w);
        if (!plan)
                return;
        tell_plan(w, plan);
        if (keeps_last(plan))
                return;
        for (size_t i = 0; i < w->n_wanted; i++)
                check_complete(w, l, &w->wanted[i]);
        parts_complete(w, l);
        copies_complete(w, l);
        check_plan(w, l, plan);
}
