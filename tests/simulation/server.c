/* SPDX-License-Identifier: MIT */
#include "tests/simulation/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

static const struct simulator *const simulator = &starvcenter_simulator;

void server_init(struct world *w, size_t account)
{
        /* The engine numbers its accounts in the order of their names. */
        static const char *const names[ACCOUNTS_MAX] = { "moon", "star" };
        struct server *s = &w->servers[account];
        struct simulator_options options = { .token = s->token,
                                             .machines = w->options.foreign,
                                             .ready_delay = w->options.ready_delay,
                                             .quirks = w->options.quirks,
                                             .variant = w->options.variant };
        struct error e = { "" };

        s->account = names[account];
        snprintf(s->host, sizeof(s->host), "http://%s.test", s->account);
        snprintf(s->token, sizeof(s->token), "token-of-%s", s->account);
        if (simulator->new (&options, &s->simulation, &e) < 0) {
                fprintf(stderr, "%s\n", e.text);
                abort();
        }
}

void server_done(struct server *s)
{
        simulator->free(s->simulation);
        faults_done(&s->faults);
        for (size_t i = 0; i < s->n_snapshots; i++) {
                request_done(&s->snapshots[i].request);
                free(s->snapshots[i].body);
        }
        free(s->snapshots);
        free(s->records);
        free(s->deletes);
}

/* The request as the server sees it: without scheme and host. Owns nothing. */
static struct request received(const struct server *s, const struct request *rq)
{
        struct request seen = *rq;

        if (text_starts(rq->url, s->host))
                seen.url = rq->url + strlen(s->host);
        return seen;
}

void server_classify(struct world *w, struct exchange *x)
{
        struct server *s = &w->servers[x->account];
        struct request seen = received(s, &x->request);

        x->class = simulator->classify(s->simulation, &seen);
        simulator->subject(s->simulation, &seen, x->subject);
}

/* What is true. */

static struct machine_record *record_of(const struct server *s, const char *id)
{
        for (size_t i = 0; i < s->n_records; i++)
                if (text_equal(s->records[i].id, id))
                        return &s->records[i];
        return NULL;
}

const struct machine_record *server_record(const struct server *s, const char *id)
{
        return record_of(s, id);
}

bool server_is_ours(const struct machine_record *r)
{
        return r->ours && !r->released && !r->let_go;
}

static struct machine_record *add_record(struct server *s, const struct sim_machine *m, bool ours)
{
        struct machine_record *record = world_must(ARRAY_ADD(s->records, s->n_records, s->allocated_records));

        snprintf(record->id, sizeof(record->id), "%s", m->id);
        snprintf(record->slot, sizeof(record->slot), "%s", m->name);
        record->ours = ours;
        return record;
}

void server_adopted(struct server *s, const char *id, const char *slot)
{
        struct machine_record *record = record_of(s, id);

        if (!record)
                record = add_record(s, sim_machine_find(s->simulation, id), true);
        record->ours = true;
        record->released = record->let_go = false;
        snprintf(record->slot, sizeof(record->slot), "%s", slot);
}

static bool is_let_go(const struct world *w, const char *slot)
{
        for (size_t i = 0; i < w->n_let_go; i++)
                if (text_equal(w->let_go[i], slot))
                        return true;
        return false;
}

bool server_let_go(struct world *w, size_t account, const char *slot)
{
        struct server *s = &w->servers[account];

        if (w->n_let_go == LET_GO_MAX)
                return false;
        w->let_go[w->n_let_go++] = world_must(strdup(slot));
        for (size_t i = 0; i < s->n_records; i++)
                if (text_equal(s->records[i].slot, slot))
                        s->records[i].let_go = true;
        return true;
}

void server_released(struct server *s, const char *id)
{
        struct machine_record *record = record_of(s, id);

        if (record)
                record->released = true;
}

void server_leaves(struct server *s, const char *id)
{
        struct machine_record *record = record_of(s, id);

        if (record)
                record->leaving = true;
}

struct sim_machine *server_machine(struct world *w, size_t account, const char *id)
{
        struct server *s = &w->servers[account];

        sim_settle(s->simulation, w->now);
        return sim_machine_find(s->simulation, id);
}

static bool is_of_set(const char *slot, const char *set)
{
        size_t n = strlen(set);

        return strncmp(slot, set, n) == 0 && slot[n] == '-' && slot[n + 1] &&
               strspn(slot + n + 1, "0123456789") == strlen(slot + n + 1);
}

static size_t count(struct world *w, size_t account, const char *name, bool whole_set)
{
        struct server *s = &w->servers[account];
        size_t n = 0;

        for (size_t i = 0; i < s->n_records; i++) {
                const struct machine_record *r = &s->records[i];

                if (server_is_ours(r) &&
                    (whole_set ? !r->leaving && is_of_set(r->slot, name) : text_equal(r->slot, name)))
                        n += server_machine(w, account, r->id) != NULL;
        }
        return n;
}

size_t server_count_slot(struct world *w, size_t account, const char *slot)
{
        return count(w, account, slot, false);
}

size_t server_count_set(struct world *w, size_t account, const char *set)
{
        return count(w, account, set, true);
}

/* Snapshots. */

static void serve_listing(struct world *w, struct server *s, struct snapshot *shot)
{
        struct reply rp _cleanup_reply_ = { 0 };
        const char *class;

        if (simulator->serve(s->simulation, w->now, &shot->request, &rp, &class) < 0)
                abort();
        free(shot->body);
        shot->body = STEAL(rp.body);
        shot->at = w->now;
}

/* Before anything changes, what listings showed until then is kept. */
static void take_snapshots(struct world *w, struct server *s)
{
        for (size_t i = 0; i < s->n_snapshots; i++)
                serve_listing(w, s, &s->snapshots[i]);
}

static struct snapshot *snapshot_of(struct server *s, const struct request *rq)
{
        struct snapshot *shot;

        for (size_t i = 0; i < s->n_snapshots; i++)
                if (text_equal(s->snapshots[i].request.body, rq->body))
                        return &s->snapshots[i];
        shot = world_must(ARRAY_ADD(s->snapshots, s->n_snapshots, s->allocated_snapshots));
        shot->request = (struct request){ .method = rq->method,
                                          .url = world_must(strdup(rq->url)),
                                          .body = world_must(strdup(rq->body)),
                                          .body_len = rq->body_len };
        for (size_t i = 0; i < rq->n_headers; i++)
                if (request_add_header(&shot->request, rq->headers[i].name, rq->headers[i].value, NULL) < 0)
                        abort();
        return shot;
}

/* Serving. */

static void fill(struct reply *rp, int status, const char *type, const char *body, size_t n)
{
        reply_done(rp);
        *rp = (struct reply){ .end = REPLY_COMPLETE, .status = status, .body_len = n };
        rp->body = world_must(malloc(n + 1));
        memcpy(rp->body, body, n);
        rp->body[n] = '\0';
        rp->content_type = world_must(strdup(type));
}

/* True: it ended before anything was done; the exchange's reply is filled, or none comes. */
static bool fails_before(struct exchange *x, bool *ret_answered)
{
        static const char page[] = "<!DOCTYPE html>\n<html><body>Please wait.</body></html>\n";
        unsigned faults = x->fate.faults;

        *ret_answered = !(faults & (FAULT_DROP_REQUEST | FAULT_HANG));
        if (!*ret_answered)
                return true;
        if (faults & FAULT_500)
                fill(&x->reply, 500, "text/plain", "internal error", 14);
        else if (faults & FAULT_HTML)
                fill(&x->reply, 200, "text/html", page, sizeof(page) - 1);
        else if (faults & (FAULT_429 | FAULT_503))
                fill(&x->reply, faults & FAULT_429 ? 429 : 503, "text/plain", "wait", 4);
        else if (faults & FAULT_REDIRECT)
                fill(&x->reply, 302, "text/plain", "elsewhere", 9);
        else
                return false;
        if (faults & (FAULT_429 | FAULT_503))
                x->reply.retry_after = USEC_PER_SEC;
        if (faults & FAULT_REDIRECT)
                x->reply.location = world_must(strdup("http://192.0.2.1/elsewhere"));
        return true;
}

static void cut_short(struct world *w, struct reply *rp)
{
        rp->body_len = rp->body_len ? random_below(&w->random, rp->body_len) : 0;
        rp->body[rp->body_len] = '\0';
}

static void fill_garbage(struct world *w, struct reply *rp)
{
        char bytes[64];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)random_next(&w->random);
        fill(rp, 200, "text/plain", bytes, sizeof(bytes));
}

/* What is done to the answer of a call that was carried out. False: it never comes. */
static bool fails_after(struct world *w, struct server *s, struct exchange *x, const struct request *rq)
{
        unsigned faults = x->fate.faults;

        if (faults & (FAULT_DROP_REPLY | FAULT_HANG_AFTER))
                return false;
        if (faults & FAULT_NO_AFTER) {
                reply_done(&x->reply);
                if (simulator->pretend(s->simulation, w->now, rq, PRETEND_REFUSAL, &x->reply) < 0)
                        abort();
        }
        if (faults & FAULT_500_AFTER)
                fill(&x->reply, 500, "text/plain", "internal error", 14);
        if (faults & FAULT_GARBAGE)
                fill_garbage(w, &x->reply);
        if (faults & (FAULT_CUT | FAULT_TRUNCATE))
                cut_short(w, &x->reply);
        if (faults & FAULT_TRUNCATE) {
                x->reply.end = REPLY_BROKEN;
                x->reply.why = world_must(strdup("ended before its length"));
        }
        return true;
}

static enum pretence pretence_of(const struct exchange *x)
{
        unsigned faults = x->fate.faults;

        if (faults & FAULT_AUTH)
                return PRETEND_BAD_TOKEN;
        if (faults & FAULT_REFUSE)
                return PRETEND_REFUSAL;
        if (!text_equal(x->class, "list"))
                return PRETEND_NOTHING;
        if (faults & FAULT_EMPTY)
                return PRETEND_EMPTY;
        if (faults & FAULT_SHORT)
                return PRETEND_SHORT;
        return faults & FAULT_DUPLICATE ? PRETEND_DUPLICATE : PRETEND_NOTHING;
}

static void note_deeds(struct world *w, struct server *s, const struct exchange *x, uint64_t serial_before,
                       bool was_deleting)
{
        char id[32];

        for (uint64_t serial = serial_before; serial < s->simulation->next_serial; serial++) {
                snprintf(id, sizeof(id), "vm-%" PRIu64, serial);
                add_record(s, sim_machine_find(s->simulation, id), true)->let_go = is_let_go(w, x->subject);
                world_trace(w, "      %s makes %s as %s", s->account, x->subject, id);
        }
        if (text_equal(x->class, "delete") && !was_deleting) {
                const struct sim_machine *m = sim_machine_find(s->simulation, x->subject);

                if (m && m->work != WORK_DELETE)
                        return;
                *(usec_t *)world_must(ARRAY_ADD(s->deletes, s->n_deletes, s->allocated_deletes)) = w->now;
                world_trace(w, "      %s deletes %s", s->account, x->subject);
        }
}

static void carry_out(struct world *w, struct server *s, struct exchange *x, const struct request *rq)
{
        enum pretence how = pretence_of(x);
        uint64_t serial = s->simulation->next_serial;
        const struct sim_machine *m;
        bool was_deleting;
        const char *class;

        w->changed = true;
        sim_settle(s->simulation, w->now);
        m = sim_machine_find(s->simulation, x->subject);
        was_deleting = !m || m->work == WORK_DELETE;
        if (how != PRETEND_NOTHING) {
                if (simulator->pretend(s->simulation, w->now, rq, how, &x->reply) < 0)
                        abort();
                return;
        }
        if (!x->request.read)
                take_snapshots(w, s);
        if (simulator->serve(s->simulation, w->now, rq, &x->reply, &class) < 0)
                abort();
        if (!x->request.read)
                note_deeds(w, s, x, serial, was_deleting);
}

bool server_serve(struct world *w, struct exchange *x)
{
        struct server *s = &w->servers[x->account];
        struct request rq = received(s, &x->request);
        bool answered;

        if (fails_before(x, &answered)) {
                world_trace(w, "    %s %s %s meets %x", s->account, x->class, x->subject, x->fate.faults);
                return answered;
        }
        if (text_equal(x->class, "list") && pretence_of(x) == PRETEND_NOTHING) {
                struct snapshot *shot = snapshot_of(s, &rq);

                if (x->fate.faults & FAULT_STALE && shot->body && w->now - shot->at <= w->options.lag) {
                        world_trace(w, "    %s shows what it was %" PRIu64 " us ago", s->account, w->now - shot->at);
                        fill(&x->reply, 200, "text/plain", shot->body, strlen(shot->body));
                        return fails_after(w, s, x, &rq);
                }
        }
        carry_out(w, s, x, &rq);
        if (x->fate.faults)
                world_trace(w, "    %s %s %s met %x", s->account, x->class, x->subject, x->fate.faults);
        return fails_after(w, s, x, &rq);
}

void server_fault(struct world *w, size_t account, const char *rule)
{
        struct error e = { "" };

        if (faults_add(&w->servers[account].faults, rule, &e) < 0)
                world_violate(w, "%s", e.text);
}

void server_clear_faults(struct world *w, size_t account)
{
        faults_done(&w->servers[account].faults);
}

/* People. */

bool server_console(struct world *w, size_t account, const char *verb, const char *id, const char *text)
{
        struct server *s = &w->servers[account];
        _cleanup_json_ json_t *arguments = json_pack("{s:s, s:s?, s:s?}", "id", id, "to", text, "state", text);
        struct error e = { "" };
        const struct sim_machine *m = server_machine(w, account, id);
        int r;

        /* Nobody meddles with a machine that is being deleted: the simulator would take the delete back. */
        if (!m || m->work == WORK_DELETE)
                return false;
        take_snapshots(w, s);
        r = simulator->console(s->simulation, w->now, verb, arguments, &e);
        world_trace(w, "PERSON at %s: %s %s %s: %s", s->account, verb, id, text ? text : "", r < 0 ? e.text : "done");
        return r >= 0;
}

void server_add(struct world *w, size_t account, const char *name, int64_t state, char *ret_id)
{
        struct server *s = &w->servers[account];
        _cleanup_json_ json_t *arguments = json_pack("{s:s, s:I}", "name", name, "state", (json_int_t)state);
        struct error e = { "" };
        const struct sim_machine *m;

        take_snapshots(w, s);
        if (simulator->console(s->simulation, w->now, "add", arguments, &e) < 0)
                abort();
        m = s->simulation->machines[s->simulation->n_machines - 1];
        world_trace(w, "PERSON at %s: adds %s as %s", s->account, name, m->id);
        add_record(s, m, false);
        if (ret_id)
                snprintf(ret_id, SERVER_ID_MAX, "%s", m->id);
}
