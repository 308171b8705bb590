/* SPDX-License-Identifier: MIT */
#include "tests/simulation/copies.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reconcile/base/text.h"
#include "tests/simulation/host.h"
#include "tests/simulation/server.h"

#define MARK "muster:"
#define CALENDAR 1767225600 /* that of the simulators begins then */
/* Between the planning of one and its making at the vendor. */
#define SLACK (30 * USEC_PER_MINUTE)

/* What a copy of muster's is of, out of its mark: "web-0/nightly-3". */
struct mark {
        char slot[128];
        char prefix[128]; /* "web-0/nightly-" */
        char policy[64];  /* "nightly" */
};

bool copies_are_about(const struct exchange *x)
{
        return !x->request.read && (text_starts(x->class, "backup") || text_starts(x->class, "snapshot"));
}

static enum sim_kind_name kind_of_class(const struct exchange *x)
{
        return text_starts(x->class, "backup") ? SIM_BACKUPS : SIM_SNAPSHOTS;
}

static bool read_mark(const char *slot, struct mark *ret)
{
        const char *slash = strchr(slot, '/'), *dash = strrchr(slot, '-');

        if (!slash || !dash || dash < slash)
                return false;
        snprintf(ret->slot, sizeof(ret->slot), "%s", slot);
        snprintf(ret->prefix, sizeof(ret->prefix), "%.*s", (int)(dash + 1 - slot), slot);
        snprintf(ret->policy, sizeof(ret->policy), "%.*s", (int)(dash - slash - 1), slash + 1);
        return true;
}

static const struct sim_copy *copy_at(struct world *w, size_t account, enum sim_kind_name kind, size_t i)
{
        return (const struct sim_copy *)sim_item_at(w->servers[account].simulation, kind, i);
}

static bool is_marked(const struct sim_copy *copy)
{
        return copy->description && text_starts(copy->description, MARK);
}

static size_t count_copies(struct world *w, size_t account, enum sim_kind_name kind)
{
        sim_settle(w->servers[account].simulation, w->now);
        return w->servers[account].simulation->things[kind].n_records;
}

static const struct copy_policy *find_policy(const struct world *w, enum sim_kind_name kind, const char *name)
{
        const struct resource *r = estate_find(w->estate,
                                               kind == SIM_BACKUPS ? &kind_backup_policy : &kind_snapshot_policy, name);

        return r ? r->copy_policy : NULL;
}

/* How many calls of this verb are being sent, by what the ledger has on the disk. */
static int64_t count_rows(struct world *w, const struct exchange *x, const char *column, const char *value,
                          const char *verb)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        struct error e = { "" };
        char sql[256];
        int64_t n = -1;

        snprintf(
                sql, sizeof(sql),
                "SELECT count(*) FROM calls WHERE account = ?1 AND type = ?2 AND verb = ?3 AND state = 'sending' AND %s = ?4",
                column);
        if (db_prepare(w->reader, sql, &q, &e) == 0) {
                db_bind_text(q, 1, w->servers[x->account].account);
                db_bind_text(q, 2, kind_of_class(x) == SIM_BACKUPS ? "backup" : "snapshot");
                db_bind_text(q, 3, verb);
                db_bind_text(q, 4, value);
                if (db_step(q, &e) == 1)
                        n = db_int64(q, 0);
        }
        if (n < 0)
                world_violate(w, "the ledger cannot be read: %s", e.text);
        return n;
}

/* How long ago it was made at the vendor. */
static usec_t age_of(const struct world *w, const struct sim_copy *copy)
{
        struct tm tm = { 0 };
        const char *end = strptime(copy->item.created, "%Y-%m-%d %H:%M:%S", &tm);
        int64_t at = end && !*end ? (int64_t)timegm(&tm) - CALENDAR : 0;

        return usec_since(w->now, (usec_t)at * USEC_PER_SEC);
}

/* "web-0/nightly-3" out of the name "nightly-web-0-3". */
static bool slot_of_name(const char *name, char slot[static 128])
{
        const char *first = strchr(name, '-'), *last = strrchr(name, '-');

        if (!first || first == last)
                return false;
        snprintf(slot, 128, "%.*s/%.*s%s", (int)(last - first - 1), first + 1, (int)(first - name), name, last);
        return true;
}

/* Is it of the machine that the ledger has there now? One that was let go of keeps its copies, and their names; and they are not taken up again when
 * it is. */
static bool is_of_slot(const struct world *w, size_t account, const struct sim_copy *copy, const struct mark *mark)
{
        size_t n = strcspn(mark->slot, "/");
        char machine[64];

        snprintf(machine, sizeof(machine), "%.*s", (int)n, mark->slot);
        if (server_was_let_go(w, machine))
                return false;
        for (size_t i = 0; i < w->ledger->n_things; i++) {
                const struct thing *t = w->ledger->things[i];

                if (t->type == TYPE_MACHINE && t->state == THING_OWNED && strlen(t->slot) == n &&
                    strncmp(t->slot, mark->slot, n) == 0 && text_equal(t->account, w->servers[account].account))
                        return text_equal(t->id, copy->item.parent->record.id);
        }
        return false;
}

static void check_young(struct world *w, size_t account, enum sim_kind_name kind, const struct mark *mark)
{
        const struct copy_policy *policy = find_policy(w, kind, mark->policy);

        if (!policy)
                world_violate(w, "%s is made, and no spec asks for it", mark->slot);
        for (size_t i = 0, n = count_copies(w, account, kind); policy && !w->wall_off && i < n; i++) {
                const struct sim_copy *copy = copy_at(w, account, kind, i);

                if (is_marked(copy) && is_of_slot(w, account, copy, mark) &&
                    text_starts(copy->description + strlen(MARK), mark->prefix) &&
                    (copy->usable || copy->item.work != WORK_NONE) && age_of(w, copy) + SLACK < policy->every)
                        world_violate(w, "%s is made, and %s is young enough", mark->slot,
                                      copy->description + strlen(MARK));
        }
}

static void check_create(struct world *w, const struct exchange *x)
{
        enum sim_kind_name kind = kind_of_class(x);
        struct mark mark;
        char slot[128], name[SIMULATOR_SUBJECT_MAX];
        int64_t rows;

        if (!slot_of_name(x->subject, slot) || !read_mark(slot, &mark)) {
                world_violate(w, "%s %s has no name of muster's", x->class, x->subject);
                return;
        }
        rows = count_rows(w, x, "slot", slot, "create");
        if (rows != 1)
                world_violate(w, "%s %s goes out with %lld durable rows", x->class, x->subject, (long long)rows);
        check_young(w, x->account, kind, &mark);
        snprintf(name, sizeof(name), "%.*s", (int)(strrchr(x->subject, '-') + 1 - x->subject), x->subject);
        for (size_t i = 0; i < w->n_events; i++) {
                const struct exchange *other = w->events[i].exchange;

                if (w->events[i].kind == AT_SERVER && text_equal(other->class, x->class) && other != x &&
                    text_starts(other->subject, name))
                        world_violate(w, "%s is sent while %s may still be made", x->subject, other->subject);
        }
}

static void check_delete(struct world *w, const struct exchange *x)
{
        enum sim_kind_name kind = kind_of_class(x);
        const struct sim_copy *gone, *copy;
        const struct copy_policy *policy;
        int64_t rows = count_rows(w, x, "id", x->subject, "delete"), newer = 0;
        struct mark mark;
        size_t n = count_copies(w, x->account, kind);

        if (rows != 1)
                world_violate(w, "%s %s goes out with %lld durable rows", x->class, x->subject, (long long)rows);
        gone = (const struct sim_copy *)sim_item_find(w->servers[x->account].simulation, kind, x->subject);
        if (!gone)
                return;
        if (!is_marked(gone) || !read_mark(gone->description + strlen(MARK), &mark)) {
                world_violate(w, "%s of %s, which muster did not make", x->class, x->subject);
                return;
        }
        policy = find_policy(w, kind, mark.policy);
        for (size_t i = 0; i < n; i++) {
                copy = copy_at(w, x->account, kind, i);
                newer += copy->usable && copy->item.parent == gone->item.parent &&
                         copy->item.record.serial > gone->item.record.serial && is_marked(copy) &&
                         text_starts(copy->description + strlen(MARK), mark.prefix);
        }
        if (policy && newer < policy->keep)
                world_violate(w, "%s goes, and only %lld newer ones are usable", mark.slot, (long long)newer);
}

void copies_send(struct world *w, const struct exchange *x)
{
        if (text_equal(x->class, "backup") || text_equal(x->class, "snapshot"))
                check_create(w, x);
        else if (text_equal(x->class, "backup-delete") || text_equal(x->class, "snapshot-delete"))
                check_delete(w, x);
        else
                world_violate(w, "a request that acts is none that is known: %s", x->request.url);
}

size_t copies_there(struct world *w, enum sim_kind_name kind, const char *policy, bool usable)
{
        size_t n = 0;

        for (size_t i = 0, all = count_copies(w, 0, kind); i < all; i++) {
                const struct sim_copy *copy = copy_at(w, 0, kind, i);
                struct mark mark;

                n += is_marked(copy) && read_mark(copy->description + strlen(MARK), &mark) &&
                     (!*policy || text_equal(mark.policy, policy)) && (!usable || copy->usable);
        }
        return n;
}

size_t copies_of_others(struct world *w, enum sim_kind_name kind)
{
        return count_copies(w, 0, kind) - copies_there(w, kind, "", false);
}

/* Those of the machine that are usable. */
static int64_t count_of(struct world *w, size_t account, enum sim_kind_name kind, const struct resource *policy,
                        const char *machine)
{
        int64_t n = 0;

        for (size_t i = 0, all = count_copies(w, account, kind); i < all; i++) {
                const struct sim_copy *copy = copy_at(w, account, kind, i);
                struct mark mark;

                n += copy->usable && text_equal(copy->item.parent->record.id, machine) && is_marked(copy) &&
                     read_mark(copy->description + strlen(MARK), &mark) && text_equal(mark.policy, policy->name);
        }
        return n;
}

static bool waits_for_a_person(const struct ledger *l, const char *resource, const char *slot)
{
        size_t n = strlen(slot);

        for (size_t i = 0; i < l->n_things; i++)
                if (l->things[i]->state == THING_PARKED && text_equal(l->things[i]->resource, resource) &&
                    strncmp(l->things[i]->slot, slot, n) == 0 && l->things[i]->slot[n] == '/')
                        return true;
        return false;
}

static void check_policy(struct world *w, const struct ledger *l, size_t account, const struct resource *policy)
{
        enum sim_kind_name kind = policy->kind == &kind_backup_policy ? SIM_BACKUPS : SIM_SNAPSHOTS;
        char set[RESOURCE_TEXT_MAX], resource[RESOURCE_TEXT_MAX];

        resource_text(policy->copy_policy->machine_set.resource, set);
        resource_text(policy, resource);
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                int64_t n;

                if (t->type != TYPE_MACHINE || t->state != THING_OWNED || !text_equal(t->resource, set) ||
                    waits_for_a_person(l, resource, t->slot))
                        continue;
                n = count_of(w, account, kind, policy, t->id);
                if (n < 1 || n > policy->copy_policy->keep)
                        world_violate(w, "%s of %s has %lld copies, and keeps %lld", policy->name, t->slot,
                                      (long long)n, (long long)policy->copy_policy->keep);
        }
}

void copies_complete(struct world *w, const struct ledger *l)
{
        for (size_t i = 0; i < w->estate->n_resources; i++) {
                const struct resource *r = w->estate->resources[i];

                if (r->kind != &kind_backup_policy && r->kind != &kind_snapshot_policy)
                        continue;
                for (size_t k = 0; k < w->options.accounts; k++)
                        if (text_equal(w->servers[k].account, resource_provider(r)->name))
                                check_policy(w, l, k, r);
        }
}
