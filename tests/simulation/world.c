/* SPDX-License-Identifier: MIT */
#include "tests/simulation/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "providers/providers.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/files.h"
#include "tests/simulation/host.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/server.h"

#define TRACE_MAX ((size_t)256 << 20)
#define FIRST_DAY (10 * USEC_PER_DAY) /* of the run, on the world's clock */
#define UPTIME (3 * USEC_PER_DAY)     /* of muster's machine by then */
#define STOP_LENGTH (20 * USEC_PER_SEC)
/* So many turns without time going on are no work any more. */
#define TURNS_MAX 20000

void *world_must(void *p)
{
        if (!p) {
                fputs("the simulation is out of memory\n", stderr);
                abort();
        }
        return p;
}

/* Words. */

void world_trace(struct world *w, const char *format, ...)
{
        char text[1024];
        va_list ap;

        if (w->options.untraced)
                return;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        buf_addf(&w->trace, "%" PRIu64 ".%06" PRIu64 " %s\n", (w->now - FIRST_DAY) / USEC_PER_SEC,
                 (w->now - FIRST_DAY) % USEC_PER_SEC, text);
}

void world_violate(struct world *w, const char *format, ...)
{
        char text[900];
        va_list ap;

        if (world_is_wrong(w))
                return;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        world_trace(w, "WRONG: %s", text);
        error_set(&w->violation, -EINVAL, "%s", text);
}

bool world_is_wrong(const struct world *w)
{
        return w->violation.text[0];
}

usec_t world_boot_clock(const struct world *w)
{
        return w->now - w->boot_at;
}

/* The heap of what is to come. */

static bool is_before(const struct world_event *a, const struct world_event *b)
{
        return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap_events(struct world_event *a, struct world_event *b)
{
        struct world_event c = *a;

        *a = *b;
        *b = c;
}

void events_add(struct world *w, const struct world_event *event)
{
        struct world_event *place = world_must(ARRAY_ADD(w->events, w->n_events, w->allocated_events));

        *place = *event;
        place->order = w->next_order++;
        for (size_t i = w->n_events - 1; i > 0 && is_before(&w->events[i], &w->events[(i - 1) / 2]); i = (i - 1) / 2)
                swap_events(&w->events[i], &w->events[(i - 1) / 2]);
}

usec_t events_next(const struct world *w)
{
        return w->n_events ? w->events[0].at : USEC_INFINITY;
}

bool events_take(struct world *w, struct world_event *ret)
{
        if (events_next(w) > w->now || !w->n_events)
                return false;
        *ret = w->events[0];
        w->events[0] = w->events[--w->n_events];
        for (size_t i = 0, child; (child = 2 * i + 1) < w->n_events; i = child) {
                if (child + 1 < w->n_events && is_before(&w->events[child + 1], &w->events[child]))
                        child++;
                if (!is_before(&w->events[child], &w->events[i]))
                        break;
                swap_events(&w->events[i], &w->events[child]);
        }
        return true;
}

void world_at(struct world *w, usec_t at, deed_fn fn, void *userdata)
{
        events_add(w, &(struct world_event){ .at = at, .kind = DEED, .fn = fn, .userdata = userdata });
}

/* Muster's lives. */

static void bury(struct world *w)
{
        usec_t rest = usec_add(w->rest, w->ended == ENGINE_RUNNING ? 0 : w->pause);

        if (!w->engine)
                return;
        exchanges_end(w);
        w->engine = engine_free(w->engine);
        w->find_sending = db_query_free(w->find_sending);
        w->find_leaving = db_query_free(w->find_leaving);
        w->find_part = db_query_free(w->find_part);
        w->count_creates = db_query_free(w->count_creates);
        w->reader = db_free(w->reader);
        w->ledger = ledger_free(w->ledger);
        w->lock = ledger_unlock(w->lock);
        disk_power_on();
        w->dying = w->stopping = false;
        w->life++;
        if (rest != USEC_INFINITY)
                events_add(w, &(struct world_event){ .at = usec_add(w->now, rest), .kind = START, .life = w->life });
}

static const struct provider *find_codec(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

static const char *no_secret(void *userdata, const char *env, const char *file, bool pem, struct error *e)
{
        (void)userdata, (void)env, (void)file, (void)pem;
        error_set(e, -ENOENT, "there are no passwords in this world");
        return NULL;
}

static void tell_engine(struct world *w)
{
        struct account_secret secrets[ACCOUNTS_MAX];
        struct error e = { "" };

        for (size_t i = 0; i < w->options.accounts; i++)
                secrets[i] = (struct account_secret){ .provider = w->servers[i].account,
                                                      .token = w->servers[i].vendor->secret ? w->servers[i].token
                                                                                            : NULL };
        if (engine_set_estate(w->engine, w->estate, secrets, w->options.accounts, world_boot_clock(w), &e) < 0)
                world_violate(w, "the engine does not take the specs: %s", e.text);
}

void world_start(struct world *w, enum engine_mode mode)
{
        struct engine_options options = { .mode = mode,
                                          .interval = w->interval,
                                          .seed = random_next(&w->random),
                                          .provider_find = find_codec,
                                          .secret = no_secret };
        struct engine_host host = world_host;
        struct error e = { "" };

        host.userdata = w;
        w->mode = mode;
        w->ended = ENGINE_RUNNING;
        world_trace(w, "STARTS");
        if (ledger_open(w->path, mode == ENGINE_PLAN ? LEDGER_READ : LEDGER_WRITE, NULL, &w->ledger, &e) < 0) {
                world_violate(w, "the ledger cannot be opened: %s", e.text);
                return;
        }
        if (mode != ENGINE_PLAN && ledger_lock(w->path, "agent", &w->lock, &e) < 0)
                world_violate(w, "the ledger cannot be locked: %s", e.text);
        if (w->boot)
                w->ledger->boot = world_must((char *)ledger_string(w->ledger, w->boot));
        if (engine_new(&options, &host, w->ledger, &w->engine) < 0)
                abort();
        tell_engine(w);
}

void world_open_reader(struct world *w)
{
        struct error e = { "" };

        if (w->reader)
                return;
        if (db_open(w->path, DB_READ, &w->reader, &e) < 0 ||
            db_prepare(
                    w->reader,
                    "SELECT seq FROM calls WHERE state = 'sending' AND account = ?1 AND verb IN (?2, ?4) AND (slot = ?3 OR id = ?3)"
                    " AND (?5 = '' OR field = ?5)",
                    &w->find_sending, &e) < 0 ||
            db_prepare(w->reader,
                       "SELECT count(*) FROM things WHERE state IN ('owned', 'leaving') AND account = ?1 AND id = ?2",
                       &w->find_leaving, &e) < 0 ||
            db_prepare(
                    w->reader,
                    "SELECT seq, slot, id FROM calls WHERE state = 'sending' AND account = ?1 AND type = ?2 AND verb IN (?3, ?4)"
                    " ORDER BY seq",
                    &w->find_part, &e) < 0 ||
            db_prepare(w->reader,
                       "SELECT count(*) FROM calls WHERE account = ?1 AND verb = 'create' AND type = ?2 AND"
                       " state <> 'intent' AND outcome <> 'never sent'",
                       &w->count_creates, &e) < 0)
                world_violate(w, "the ledger cannot be read by another: %s", e.text);
}

void world_kill(struct world *w)
{
        if (!w->engine)
                return;
        world_trace(w, "KILLED");
        bury(w);
}

void world_stop(struct world *w)
{
        if (!w->engine || w->stopping)
                return;
        world_trace(w, "told to stop");
        w->stopping = true;
        engine_stop(w->engine);
        events_add(w, &(struct world_event){ .at = usec_add(w->now, STOP_LENGTH), .kind = STOP_TIME, .life = w->life });
}

void world_reboot(struct world *w)
{
        static const char *const boots[] = { "boot-a", "boot-b" };

        bool cut = random_chance(&w->random, 500);

        world_trace(w, cut ? "REBOOT after the power went" : "REBOOT");
        if (cut && w->engine)
                disk_lose_power();
        bury(w);
        w->boot_at = w->now - 20 * USEC_PER_SEC;
        w->boot = boots[w->boot == boots[0]];
}

void world_set_estate(struct world *w, struct estate *estate)
{
        struct estate *before = w->estate;

        if (w->stopping)
                bury(w);
        w->estate = estate;
        w->changed = true;
        invariants_wanted(w);
        if (w->engine)
                tell_engine(w);
        estate_free(before);
}

void world_ask(struct world *w, enum request_verb verb, const char *account, const char *resource, const char *slot,
               const char *id)
{
        struct ledger_request request = {
                .verb = verb, .account = account, .resource = resource, .slot = slot, .id = id, .reason = ""
        };
        struct error e = { "" };
        int64_t seq;

        if (ledger_ask(w->path, &request, &seq, &e) < 0)
                world_violate(w, "a request cannot be written: %s", e.text);
        w->asked = true;
}

static void hand_over_request(struct world *w)
{
        struct ledger_request request;
        struct error e = { "" };
        int r;

        if (!w->asked || w->stopping || w->mode == ENGINE_PLAN || engine_is_asked(w->engine))
                return;
        r = ledger_next_request(w->ledger, &request, &e);
        if (r < 0)
                world_violate(w, "requests cannot be read: %s", e.text);
        else if (r > 0)
                engine_ask(w->engine, &request, world_boot_clock(w));
        else
                w->asked = false;
}

/* Does what is due, until the engine waits. */
static void step(struct world *w)
{
        enum engine_state state;

        if (!w->engine)
                return;
        hand_over_request(w);
        state = engine_step(w->engine, world_boot_clock(w));
        if (state == ENGINE_PLANNED && !w->dying) {
                engine_allow(w->engine);
                state = engine_step(w->engine, world_boot_clock(w));
        }
        if (state == ENGINE_BROKEN && !w->dying)
                world_trace(w, "broken: %s", engine_error(w->engine)->text);
        if (w->stopping && !w->dying && engine_is_idle(w->engine)) {
                engine_abandon(w->engine, world_boot_clock(w));
                w->dying = true;
        }
        if (w->mode == ENGINE_PLAN && state == ENGINE_CONVERGED)
                return;
        if (w->mode == ENGINE_APPLY && (state == ENGINE_CONVERGED || state == ENGINE_STUCK) && !w->dying) {
                world_trace(w, "ends %s", state == ENGINE_STUCK ? "stuck" : "converged");
                w->ended = state;
                w->dying = true;
        }
        if (w->dying || state == ENGINE_BROKEN)
                bury(w);
}

static void happen(struct world *w, const struct world_event *event)
{
        switch (event->kind) {
        case DEED:
                event->fn(w, event->userdata);
                break;
        case START:
                if (!w->engine && event->life == w->life)
                        world_start(w, w->mode);
                break;
        case STOP_TIME:
                if (w->engine && w->stopping && event->life == w->life) {
                        engine_abandon(w->engine, world_boot_clock(w));
                        bury(w);
                }
                break;
        default:
                exchange_happens(w, event);
                exchange_unref(event->exchange);
                break;
        }
}

/* Muster's clock in the world's. */
static usec_t engine_due(const struct world *w)
{
        usec_t due = w->engine ? engine_next(w->engine, world_boot_clock(w)) : USEC_INFINITY;

        return due == USEC_INFINITY ? due : due + w->boot_at;
}

void world_run(struct world *w, usec_t until)
{
        unsigned turns = 0;

        while (!world_is_wrong(w)) {
                struct world_event event;
                usec_t next;

                step(w);
                if (w->changed)
                        invariants_state(w);
                w->changed = false;
                next = usec_min(events_next(w), engine_due(w));
                if (next > until || world_is_wrong(w))
                        break;
                turns = next > w->now ? 0 : turns + 1;
                if (turns > TURNS_MAX)
                        world_violate(w, "the engine is busy with nothing");
                w->now = usec_max(w->now, next);
                if (events_take(w, &event))
                        happen(w, &event);
        }
        if (!world_is_wrong(w))
                w->now = usec_max(w->now, until);
}

void world_pass(struct world *w, usec_t length)
{
        world_run(w, usec_add(w->now, length));
}

struct plan *world_plan(struct world *w)
{
        enum engine_mode before = w->mode;
        usec_t rest = w->rest;
        struct plan *plan = NULL;

        /* A life that was to come, or has just come, is none. */
        w->rest = USEC_INFINITY;
        bury(w);
        w->life++;
        world_start(w, ENGINE_PLAN);
        world_pass(w, 10 * USEC_PER_MINUTE);
        if (!world_is_wrong(w) && !w->engine)
                world_violate(w, "a plan ends before it is made");
        if (!world_is_wrong(w) && engine_plan(w->engine, &plan) < 0)
                abort();
        bury(w);
        w->mode = before;
        w->rest = rest;
        return plan;
}

static struct fate calm_fate(struct world *w, const struct exchange *x)
{
        struct fault_set set = faults_meet(&w->servers[x->account].faults, x->class);

        return (struct fate){ .faults = set.faults,
                              .there = 5 * USEC_PER_MSEC,
                              .back = usec_add(5 * USEC_PER_MSEC, set.delay) };
}

/* A ledger's own id is drawn at random, and stands in markers: here the seed says it. */
static int name_ledger(const struct world *w, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        char id[13];
        int r;

        snprintf(id, sizeof(id), "%012" PRIx64, w->options.seed & UINT64_C(0xFFFFFFFFFFFF));
        r = db_open(w->path, DB_WRITE, &db, e);
        if (r >= 0)
                r = db_prepare(db, "UPDATE meta SET value = ?1 WHERE key = 'id'", &q, e);
        if (r < 0)
                return r;
        db_bind_text(q, 1, id);
        return db_run(q, e);
}

static void make_ledger(struct world *w)
{
        _cleanup_(ledger_free_p) struct ledger *ledger = NULL;
        struct error e = { "" };
        int r;

        r = ledger_open(w->path, LEDGER_CREATE, "default", &ledger, &e);
        for (size_t i = 0; r >= 0 && i < w->options.accounts; i++)
                r = ledger_record_account(ledger, w->servers[i].account, w->servers[i].vendor->codec->type,
                                          "http://nowhere.test", 0);
        if (r >= 0)
                r = ledger_commit(ledger, &e);
        if (r >= 0)
                r = name_ledger(w, &e);
        if (r < 0)
                world_violate(w, "the ledger cannot be made: %s", e.text);
}

static void remove_ledger(const struct world *w)
{
        static const char *const ends[] = { "", "-wal", "-journal", ".lock" };
        char path[300];

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
                snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
                files_forget(path);
                (void)unlink(path); /* the database's own name, and the lock */
        }
}

const char *world_folder(void)
{
        const char *folder = getenv("TMPDIR");

        if (folder)
                return folder;
        return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

int world_new(const struct world_options *options, struct world **ret)
{
        _cleanup_(world_free_p) struct world *w = world_must(calloc(1, sizeof(*w)));

        disk_new();
        w->options = *options;
        w->random.state = options->seed;
        w->now = FIRST_DAY;
        w->boot_at = FIRST_DAY - UPTIME;
        w->rest = USEC_PER_SEC;
        w->interval = USEC_PER_MINUTE;
        w->fate = calm_fate;
        w->trace = BUF_INIT(TRACE_MAX);
        w->life = 1;
        w->deletes_limit = INT64_MAX;
        snprintf(w->path, sizeof(w->path), "%s/muster-%d-%" PRIx64 ".db", options->folder, getpid(), options->seed);
        remove_ledger(w);
        for (size_t i = 0; i < options->accounts; i++)
                server_init(w, i);
        make_ledger(w);
        *ret = STEAL(w);
        return 0;
}

struct world *world_free(struct world *w)
{
        if (!w)
                return NULL;
        w->rest = USEC_INFINITY;
        bury(w);
        remove_ledger(w);
        for (size_t i = 0; i < w->n_events; i++)
                exchange_unref(w->events[i].exchange);
        for (size_t i = 0; i < w->options.accounts; i++)
                server_done(&w->servers[i]);
        for (size_t i = 0; i < w->n_let_go; i++)
                free((char *)w->let_go[i]);
        plan_free(w->expected);
        estate_free(w->estate);
        free(w->events);
        free(w->open);
        free(w->wanted);
        free(w->spent);
        buf_done(&w->trace);
        free(w);
        return NULL;
}
