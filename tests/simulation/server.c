/* SPDX-License-Identifier: MIT */
#include "tests/simulation/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/answers.h"
#include "tests/simulation/manners.h"
#include "tests/simulation/parts.h"

void server_init(struct world *w, size_t account)
{
        /* The engine numbers its accounts in the order of their names. */
        static const char *const names[ACCOUNTS_MAX] = { "moon", "star" };
        struct server *s = &w->servers[account];
        const struct world_vendor *vendor = w->options.vendors[account] ? w->options.vendors[account]
                                                                        : &world_starvcenter;
        const char *variant = w->options.variant;
        struct simulator_options options = { .token = vendor->secret ? s->token : NULL,
                                             .machines = w->options.foreign,
                                             .ready_delay = w->options.ready_delay,
                                             .quirks = w->options.quirks,
                                             .variant = vendor->variants[0] };
        struct error e = { "" };

        for (size_t i = 0; variant && i < ARRAY_SIZE(vendor->variants); i++)
                if (text_equal(vendor->variants[i], variant))
                        options.variant = variant;
        s->vendor = vendor;
        s->account = names[account];
        snprintf(s->host, sizeof(s->host), "http://%s.test", s->account);
        snprintf(s->token, sizeof(s->token), "token-of-%s", s->account);
        if (vendor->simulator->new (&options, &s->simulation, &e) < 0) {
                fprintf(stderr, "%s\n", e.text);
                abort();
        }
}

void server_done(struct server *s)
{
        s->vendor->simulator->free(s->simulation);
        faults_done(&s->faults);
        for (size_t i = 0; i < s->n_snapshots; i++) {
                request_done(&s->snapshots[i].request);
                free(s->snapshots[i].body);
        }
        free(s->snapshots);
        free(s->records);
        free(s->parts);
        manners_done(s);
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

/* Of the remark "muster:LEDGER:SLOT:CALL" its slot. */
static void keep_slot(char *remark)
{
        const char *slot = strchr(remark + strlen("muster:"), ':');
        size_t n;

        if (!slot)
                return;
        n = strcspn(++slot, ":");
        memmove(remark, slot, n);
        remark[n] = '\0';
}

void server_classify(struct world *w, struct exchange *x)
{
        struct server *s = &w->servers[x->account];
        struct request seen = received(s, &x->request);

        x->class = s->vendor->simulator->classify(s->simulation, &seen);
        s->vendor->simulator->subject(s->simulation, &seen, x->subject);
        if (text_equal(x->class, "create") && text_starts(x->subject, "muster:"))
                keep_slot(x->subject);
}

size_t server_makes(const struct world *w, const struct exchange *x)
{
        const struct world_vendor *vendor = w->servers[x->account].vendor;

        if (!text_equal(x->class, "create"))
                return 0;
        return vendor->makes ? vendor->makes(x->request.url) : 1;
}

/* Snapshots. */

static void serve_listing(struct world *w, struct server *s, struct snapshot *shot)
{
        struct reply rp _cleanup_reply_ = { 0 };
        const char *class;

        if (s->vendor->simulator->serve(s->simulation, w->now, &shot->request, PRETEND_NOTHING, &rp, &class) < 0)
                abort();
        free(shot->body);
        shot->body = rp.status == 200 ? STEAL(rp.body) : NULL;
        shot->at = w->now;
}

void server_take_snapshots(struct world *w, struct server *s)
{
        for (size_t i = 0; i < s->n_snapshots; i++)
                serve_listing(w, s, &s->snapshots[i]);
}

static struct snapshot *snapshot_of(struct server *s, const struct request *rq)
{
        struct snapshot *shot;

        for (size_t i = 0; i < s->n_snapshots; i++)
                if (text_equal(s->snapshots[i].request.url, rq->url) &&
                    text_equal(s->snapshots[i].request.body ? s->snapshots[i].request.body : "",
                               rq->body ? rq->body : ""))
                        return &s->snapshots[i];
        shot = world_must(ARRAY_ADD(s->snapshots, s->n_snapshots, s->allocated_snapshots));
        shot->request = (struct request){ .method = rq->method,
                                          .url = world_must(strdup(rq->url)),
                                          .body = rq->body ? world_must(strdup(rq->body)) : NULL,
                                          .body_len = rq->body_len };
        for (size_t i = 0; i < rq->n_headers; i++)
                if (request_add_header(&shot->request, rq->headers[i].name, rq->headers[i].value, NULL) < 0)
                        abort();
        return shot;
}

/* Serving. */

static enum pretence pretence_of(const struct exchange *x)
{
        unsigned faults = x->fate.faults;

        if (faults & FAULT_AUTH)
                return PRETEND_BAD_TOKEN;
        if (faults & FAULT_REFUSE)
                return PRETEND_REFUSAL;
        if (!call_class_lists(x->class))
                return PRETEND_NOTHING;
        if (faults & FAULT_EMPTY)
                return PRETEND_EMPTY;
        if (faults & FAULT_SHORT)
                return PRETEND_SHORT;
        return faults & FAULT_DUPLICATE ? PRETEND_DUPLICATE : PRETEND_NOTHING;
}

/* The number of the last machine that was made; 0: there is none. */
static uint64_t last_serial(const struct server *s)
{
        size_t n = s->vendor->count(s->simulation);
        struct machine_view m = { 0 };

        if (n)
                s->vendor->at(s->simulation, n - 1, &m);
        return m.serial;
}

static void note_makes(struct world *w, struct server *s, const struct exchange *x, uint64_t serial_before)
{
        const char *slot = s->vendor->marks ? x->subject : "";

        for (size_t i = s->vendor->count(s->simulation); i > 0; i--) {
                struct machine_view m;

                s->vendor->at(s->simulation, i - 1, &m);
                if (m.serial <= serial_before)
                        break;
                server_add_record(s, m.id, slot, true)->let_go = server_was_let_go(w, slot);
                world_trace(w, "      %s makes %s as %s", s->account, x->subject, m.id);
        }
}

/* Calls `fn` for each of the ids that a request names. */
void server_each_id(const struct exchange *x, void (*fn)(struct world *w, const struct exchange *x, const char *id),
                    struct world *w)
{
        char ids[SIMULATOR_SUBJECT_MAX], *rest = ids;

        memcpy(ids, x->subject, sizeof(ids));
        for (const char *id; (id = strsep(&rest, ","));)
                fn(w, x, id);
}

/* Before a delete is served: whatever it is about goes, unless it was going already. */
static void note_delete(struct world *w, const struct exchange *x, const char *id)
{
        struct server *s = &w->servers[x->account];
        struct machine_view m;

        if (!server_machine(w, x->account, id, &m) || m.leaving)
                return;
        snprintf(s->deleting[s->n_deleting++ % ARRAY_SIZE(s->deleting)], sizeof(s->deleting[0]), "%s", m.id);
}

static void add_deletion(struct world *w, struct server *s, const char *id)
{
        struct deletion *d;

        for (size_t i = 0; i < s->n_deletes; i++)
                if (text_equal(s->deletes[i].id, id)) {
                        memmove(&s->deletes[i], &s->deletes[i + 1], (--s->n_deletes - i) * sizeof(*s->deletes));
                        break;
                }
        d = world_must(ARRAY_ADD(s->deletes, s->n_deletes, s->allocated_deletes));
        d->at = w->now;
        snprintf(d->id, sizeof(d->id), "%s", id);
}

static void note_deletes(struct world *w, struct server *s, const struct exchange *x)
{
        for (size_t i = 0; i < s->n_deleting && i < ARRAY_SIZE(s->deleting); i++) {
                struct machine_view m;

                if (server_machine(w, x->account, s->deleting[i], &m) && !m.leaving)
                        continue;
                add_deletion(w, s, s->deleting[i]);
                world_trace(w, "      %s deletes %s", s->account, s->deleting[i]);
        }
}

static void carry_out(struct world *w, struct server *s, struct exchange *x, const struct request *rq)
{
        enum pretence how = pretence_of(x);
        uint64_t serial, part_serial;
        const char *class;

        w->changed = true;
        (void)server_has(w, x->account, x->subject); /* settles what is due */
        serial = last_serial(s);
        part_serial = parts_last_serial(s, x);
        s->n_deleting = 0;
        if (text_equal(x->class, "delete"))
                server_each_id(x, note_delete, w);
        if (how != PRETEND_NOTHING) {
                if (s->vendor->simulator->serve(s->simulation, w->now, rq, how, &x->reply, &class) < 0)
                        abort();
                return;
        }
        if (!x->request.read)
                server_take_snapshots(w, s);
        if (s->vendor->simulator->serve(s->simulation, w->now, rq, PRETEND_NOTHING, &x->reply, &class) < 0)
                abort();
        if (text_equal(x->class, "create"))
                note_makes(w, s, x, serial);
        parts_note_makes(w, s, x, part_serial);
        note_deletes(w, s, x);
}

/* Somebody else's machine goes, the elder the likelier, and another one comes or does not: all rows behind it move up. */
static void shift_rows(struct world *w, size_t account)
{
        struct server *s = &w->servers[account];
        struct machine_view m;
        char id[SERVER_ID_MAX];

        for (size_t i = 0; i < s->vendor->count(s->simulation); i++) {
                s->vendor->at(s->simulation, i, &m);
                if (server_record(s, m.id) || m.leaving)
                        continue;
                snprintf(id, sizeof(id), "%s", m.id);
                server_console(w, account, "delete", id, NULL);
                break;
        }
        if (s->vendor->add && random_chance(&w->random, 500))
                server_add(w, account, s->vendor->add("of-somebody", 0), NULL);
}

/* The request for the first page in place of another one's; NULL: there are no pages, or it is that. The caller frees it. */
static char *first_page(const struct server *s, const char *url)
{
        const char *word = s->vendor->page ? strstr(url, s->vendor->page) : NULL;
        char *first = NULL;
        size_t n;

        if (!word)
                return NULL;
        word += strlen(s->vendor->page);
        n = strspn(word, "0123456789");
        if (asprintf(&first, "%.*s%s%s", (int)(word - url), url, s->vendor->first_page, word + n) < 0)
                abort();
        return first;
}

/* Of listings that may be shown again later: of what single machines have there are too many. */
static bool is_kept(const struct exchange *x)
{
        static const char *const of_one[] = { "disk-list", "card-list", "backup-list", "snapshot-list" };

        for (size_t i = 0; i < ARRAY_SIZE(of_one); i++)
                if (text_equal(x->class, of_one[i]))
                        return false;
        return call_class_lists(x->class);
}

bool server_serve(struct world *w, struct exchange *x)
{
        struct server *s = &w->servers[x->account];
        struct request rq = received(s, &x->request);
        _cleanup_free_ char *first = x->fate.faults & FAULT_FIRST_PAGE ? first_page(s, rq.url) : NULL;
        bool answered;

        if (first)
                rq.url = first;
        if (x->fate.faults & FAULT_SHIFT)
                shift_rows(w, x->account);

        if (answer_fails_before(w, x, &answered)) {
                world_trace(w, "    %s %s %s meets %x", s->account, x->class, x->subject, x->fate.faults);
                return answered;
        }
        if (is_kept(x) && pretence_of(x) == PRETEND_NOTHING) {
                struct snapshot *shot = snapshot_of(s, &rq);

                if (x->fate.faults & FAULT_STALE && shot->body && w->now - shot->at <= w->options.lag) {
                        world_trace(w, "    %s shows what it was %" PRIu64 " us ago", s->account, w->now - shot->at);
                        answer_fill(&x->reply, 200, "application/json", shot->body, strlen(shot->body));
                        return answer_fails_after(w, s, x, &rq);
                }
        }
        carry_out(w, s, x, &rq);
        if (x->fate.faults)
                world_trace(w, "    %s %s %s met %x", s->account, x->class, x->subject, x->fate.faults);
        return answer_fails_after(w, s, x, &rq);
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
