/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/past.h"
#include "providers/service.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define LOG_MAX 10000    /* acting calls that are remembered */
#define GARBAGE_SIZE 512 /* bytes of a reply of random bytes */

struct log_entry {
        const char *class;
        char subject[SIMULATOR_SUBJECT_MAX];
};

struct service {
        const struct simulator *simulator;
        struct simulation *simulation;
        usec_t latency;
        struct faults faults;
        struct past past;             /* of listings, while there are rules that want it */
        uint64_t calls[CALL_CLASSES]; /* by call_classes */
        struct log_entry *log;        /* a ring of LOG_MAX once it is full */
        size_t n_log, allocated_log;
        uint64_t logged;
        uint64_t in_flight, most_in_flight;
        uint64_t random;
};

void service_answer_done(struct service_answer *a)
{
        reply_done(&a->reply);
}

struct service *service_free(struct service *s)
{
        if (!s)
                return NULL;

        s->simulator->free(s->simulation);
        faults_done(&s->faults);
        past_done(&s->past);
        free(s->log);
        free(s);
        return NULL;
}

int service_new(const struct simulator *simulator, const struct simulator_options *options, usec_t latency,
                struct service **ret, struct error *e)
{
        _cleanup_(service_free_p) struct service *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(e);
        s->simulator = simulator;
        s->latency = latency;
        s->random = 0x9E3779B97F4A7C15;
        r = simulator->new (options, &s->simulation, e);
        if (r < 0)
                return r;
        *ret = STEAL(s);
        return 0;
}

int service_add_fault(struct service *s, const char *rule, struct error *e)
{
        return faults_add(&s->faults, rule, e);
}

json_t *service_save(struct service *s, usec_t now)
{
        return s->simulator->save(s->simulation, now);
}

int service_load(struct service *s, usec_t now, const json_t *state, struct error *e)
{
        return s->simulator->load(s->simulation, now, state, e);
}

void service_ended(struct service *s, struct service_answer *a)
{
        if (a->counted)
                s->in_flight--;
        a->counted = false;
}

/* Takes `body` over. */
static int fill_reply(struct reply *ret, int status, const char *content_type, char *body, size_t body_len)
{
        struct reply rp _cleanup_reply_ = {
                .end = REPLY_COMPLETE, .status = status, .body = body, .body_len = body_len
        };

        rp.content_type = strdup(content_type);
        if (!rp.content_type || !rp.body)
                return -ENOMEM;
        *ret = rp;
        rp = (struct reply){};
        return 0;
}

static int fill_text(struct reply *ret, int status, const char *content_type, const char *text)
{
        return fill_reply(ret, status, content_type, strdup(text), strlen(text));
}

/* Takes `json` over. */
static int fill_json(struct reply *ret, int status, json_t *json)
{
        _cleanup_json_ json_t *owned = json;
        char *text = json_to_text(owned, JSON_INDENT(1));

        return text ? fill_reply(ret, status, "application/json", text, strlen(text)) : -ENOMEM;
}

static int fill_error(struct reply *ret, int status, const struct error *e)
{
        return fill_json(ret, status, json_pack("{s:s}", "error", e->text));
}

/* Bytes without sense, but the same in every run. */
static int fill_garbage(struct service *s, struct reply *ret)
{
        char *bytes = malloc(GARBAGE_SIZE + 1);

        for (size_t i = 0; bytes && i < GARBAGE_SIZE; i++) {
                s->random ^= s->random << 13;
                s->random ^= s->random >> 7;
                s->random ^= s->random << 17;
                bytes[i] = (char)(s->random >> 32);
        }
        if (bytes)
                bytes[GARBAGE_SIZE] = '\0';
        return fill_reply(ret, 200, "text/plain", bytes, GARBAGE_SIZE);
}

/* What the faults make of a call before it is carried out: 1 and `ret` is its end; 0: it is carried out. */
static int fail_before(unsigned faults, struct service_answer *ret)
{
        static const char page[] = "<!DOCTYPE html>\n<html><head><title>Service</title></head><body>Please wait.</body>"
                                   "</html>\n";
        int r;

        if (faults & FAULT_DROP_REQUEST) {
                ret->end = SERVICE_DROP;
                return 1;
        }
        if (faults & FAULT_HANG) {
                ret->end = SERVICE_NEVER;
                return 1;
        }
        if (faults & FAULT_500)
                r = fill_text(&ret->reply, 500, "text/plain", "internal error");
        else if (faults & FAULT_HTML)
                r = fill_text(&ret->reply, 200, "text/html", page);
        else if (faults & (FAULT_429 | FAULT_503))
                r = fill_text(&ret->reply, faults & FAULT_429 ? 429 : 503, "text/plain", "wait");
        else if (faults & FAULT_REDIRECT)
                r = fill_text(&ret->reply, 302, "text/plain", "elsewhere");
        else
                return 0;
        if (r < 0)
                return r;

        if (faults & (FAULT_429 | FAULT_503))
                ret->reply.retry_after = USEC_PER_SEC;
        if (ret->reply.status == 302 && !(ret->reply.location = strdup("http://192.0.2.1/elsewhere")))
                return -ENOMEM;
        return 1;
}

/* What the faults make of the answer to a call that was carried out. */
static int fail_after(struct service *s, unsigned faults, struct service_answer *a)
{
        struct reply *rp = &a->reply;

        if (faults & FAULT_DROP_REPLY)
                a->end = SERVICE_DROP;
        else if (faults & FAULT_HANG_AFTER)
                a->end = SERVICE_NEVER;
        else if (faults & FAULT_TRUNCATE)
                a->end = SERVICE_HALF;
        if (!(faults & (FAULT_500_AFTER | FAULT_GARBAGE)))
                return 0;

        reply_done(rp);
        return faults & FAULT_GARBAGE ? fill_garbage(s, rp) : fill_text(rp, 500, "text/plain", "internal error");
}

static enum pretence pretence_of(unsigned faults, const char *class)
{
        if (faults & FAULT_AUTH)
                return PRETEND_BAD_TOKEN;
        if (faults & FAULT_REFUSE)
                return PRETEND_REFUSAL;
        if (!call_class_lists(class))
                return PRETEND_NOTHING;
        if (faults & FAULT_EMPTY)
                return PRETEND_EMPTY;
        if (faults & FAULT_SHORT)
                return PRETEND_SHORT;
        return faults & FAULT_DUPLICATE ? PRETEND_DUPLICATE : PRETEND_NOTHING;
}

static int count(struct service *s, const struct request *rq, const char *class)
{
        struct log_entry *entry;

        for (size_t i = 0; call_classes[i]; i++)
                if (text_equal(call_classes[i], class))
                        s->calls[i]++;
        if (++s->in_flight > s->most_in_flight)
                s->most_in_flight = s->in_flight;
        if (!call_class_acts(class))
                return 0;

        entry = s->n_log < LOG_MAX ? ARRAY_ADD(s->log, s->n_log, s->allocated_log) : &s->log[s->logged % LOG_MAX];
        if (!entry)
                return -ENOMEM;
        s->logged++;
        entry->class = class;
        s->simulator->subject(s->simulation, rq, entry->subject);
        if (!text_is_utf8(entry->subject, strlen(entry->subject)))
                *entry->subject = '\0';
        return 0;
}

/* The vendor's answer; a stale one is of the last time that the same was asked. */
static int serve_vendor(struct service *s, usec_t now, const struct request *rq, unsigned faults, const char *class,
                        struct reply *ret)
{
        bool may_be_stale = call_class_lists(class) && faults_know(&s->faults, FAULT_STALE);
        enum pretence how = pretence_of(faults, class);
        int r;

        if (may_be_stale && faults & FAULT_STALE && (r = past_find(&s->past, rq, ret)) != 0)
                return r < 0 ? r : 0;
        r = s->simulator->serve(s->simulation, now, rq, how, ret, &class);
        return r == 0 && may_be_stale && how == PRETEND_NOTHING ? past_keep(&s->past, rq, ret) : r;
}

static int serve_api(struct service *s, usec_t now, const struct request *rq, struct service_answer *a)
{
        const char *class = s->simulator->classify(s->simulation, rq);
        struct fault_set set = faults_meet(&s->faults, class);
        int r;

        r = count(s, rq, class);
        if (r < 0)
                return r;
        a->counted = true;
        a->delay = usec_add(s->latency, set.delay);
        r = fail_before(set.faults, a);
        if (r == 0)
                r = serve_vendor(s, now, rq, set.faults, class, &a->reply);
        if (r == 0)
                r = fail_after(s, set.faults, a);
        if (a->end == SERVICE_NEVER)
                service_ended(s, a);
        return r < 0 ? r : 0;
}

static json_t *calls_json(const struct service *s)
{
        _cleanup_json_ json_t *calls = json_object();
        uint64_t acting = 0, total = 0;

        for (size_t i = 0; call_classes[i]; i++) {
                if (json_object_set_new(calls, call_classes[i], json_integer((json_int_t)s->calls[i])) < 0)
                        return NULL;
                total += s->calls[i];
                acting += call_class_acts(call_classes[i]) ? s->calls[i] : 0;
        }
        if (json_object_set_new(calls, "acting", json_integer((json_int_t)acting)) < 0 ||
            json_object_set_new(calls, "reads", json_integer((json_int_t)(total - acting))) < 0 ||
            json_object_set_new(calls, "mostInFlight", json_integer((json_int_t)s->most_in_flight)) < 0)
                return NULL;
        return STEAL(calls);
}

static json_t *log_json(const struct service *s)
{
        _cleanup_json_ json_t *log = json_array();

        for (size_t i = 0; i < s->n_log; i++) {
                const struct log_entry *entry = &s->log[(s->logged + i) % s->n_log];

                if (json_array_append_new(
                            log, json_pack("{s:s, s:s}", "class", entry->class, "subject", entry->subject)) < 0)
                        return NULL;
        }
        return STEAL(log);
}

static void reset_calls(struct service *s)
{
        memset(s->calls, 0, sizeof(s->calls));
        s->n_log = 0;
        s->logged = 0;
        s->most_in_flight = s->in_flight;
}

static int control_read(struct service *s, usec_t now, const char *path, struct reply *ret)
{
        if (text_equal(path, "state"))
                return fill_json(ret, 200, service_save(s, now));
        if (text_equal(path, "calls"))
                return fill_json(ret, 200, calls_json(s));
        if (text_equal(path, "log"))
                return fill_json(ret, 200, log_json(s));
        return fill_text(ret, 404, "text/plain", "there are state, calls and log\n");
}

/* One deed of a control route; 0, -ENOMEM, or another negative errno with words. */
static int control_do(struct service *s, usec_t now, const char *path, const json_t *arguments,
                      struct service_answer *a, struct error *e)
{
        const char *rule = json_string_value(json_object_get(arguments, "rule"));

        if (text_equal(path, "save")) {
                a->save = true;
        } else if (text_equal(path, "calls/reset")) {
                reset_calls(s);
        } else if (text_equal(path, "faults/clear")) {
                faults_done(&s->faults);
        } else if (text_equal(path, "fault")) {
                return rule ? service_add_fault(s, rule, e) : error_set(e, -EINVAL, "say the \"rule\"");
        } else {
                return s->simulator->console(s->simulation, now, path, arguments, e);
        }
        return 0;
}

static int control_write(struct service *s, usec_t now, const char *path, const struct request *rq,
                         struct service_answer *a)
{
        _cleanup_json_ json_t *arguments = NULL;
        struct error e = { "" };
        int r;

        if (rq->body_len > 0)
                r = json_parse(rq->body, rq->body_len, &arguments, &e);
        else
                r = (arguments = json_object()) ? 0 : -ENOMEM;
        if (r == 0)
                r = control_do(s, now, path, arguments, a, &e);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return fill_error(&a->reply, r == -ENOENT ? 404 : 400, &e);
        return fill_json(&a->reply, 200, json_object());
}

int service_serve(struct service *s, usec_t now, const struct request *rq, struct service_answer *ret)
{
        struct service_answer a _cleanup_service_answer_ = {};
        int r;

        if (!text_starts(rq->url, "/_sim/"))
                r = serve_api(s, now, rq, &a);
        else if (rq->method == METHOD_GET)
                r = control_read(s, now, rq->url + strlen("/_sim/"), &a.reply);
        else
                r = control_write(s, now, rq->url + strlen("/_sim/"), rq, &a);
        if (r < 0)
                return r;
        *ret = a;
        a = (struct service_answer){};
        return 0;
}
