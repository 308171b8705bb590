/* SPDX-License-Identifier: MIT */

/*
 * muster-sim: a vendor's API on loopback, out of memory. The service itself is pure; here are its sockets, its clock and its
 * state file.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "providers/providers.h"
#include "providers/service.h"
#include "reconcile/base/array.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/io/httpd.h"
#include "reconcile/io/loop.h"

#define EXIT_USAGE 64
#define MACHINES_MAX 1000000
#define BODY_MAX ((size_t)8 << 20)

static const char help[] =
        "muster-sim PROVIDER_TYPE [OPTION]…\n"
        "Serves a vendor's API on loopback, out of memory, to try muster on and to rehearse changes.\n"
        "\n"
        "PROVIDER_TYPE is starvcenter, opendcp, finovy or jimv. The first line says where it listens, the second the endpoint\n"
        "for a spec.\n"
        "\n"
        "  --listen ADDR:PORT      a loopback address; default 127.0.0.1:0, a free port\n"
        "  --machines N            machines that somebody else made are there at the start; default 0\n"
        "  --latency DURATION      every answer is that late; default none\n"
        "  --ready-delay DURATION  how long the vendor works on a machine (installing, starting, …); default 1s\n"
        "  --token T               the only token that is taken; default: any, or none\n"
        "  --state FILE            loaded at the start when it exists, saved at the end and on POST /_sim/save\n"
        "  --quirks                behave as the real service is said to, rather than as its document says\n"
        "  --variant NAME          of starvcenter, how pages are counted: page (default), offset1, offset0, ignored;\n"
        "                          of finovy, which document: newer (default), older; of jimv, which era: 2017 (default), 0.8\n"
        "  --fault RULE            misbehave; may be given more than once\n"
        "  --help, --version\n"
        "\n"
        "A rule is CLASS[:CALLS]=FAULT[,FAULT…]. CALLS: 3 (the third from now), 2-4, or every (default). CLASS: create list\n"
        "get delete start shutdown poweroff reboot cpu memory rename; lookup (other reads), template template-delete credit\n"
        "(opendcp), disk disk-delete disk-resize disk-list (jimv, starvcenter), login disk-attach disk-detach disk-label\n"
        "(jimv), card card-list group group-delete group-list bind unbind binding-list rule rule-delete rule-list retry\n"
        "retry-list balancer balancer-change balancer-delete balancer-start balancer-stop balancer-list certificate backend\n"
        "backend-change backend-delete backend-list quota network network-change network-delete network-list gate mapping\n"
        "mapping-delete mapping-list acl acl-delete acl-list router router-join router-leave backup backup-change\n"
        "backup-delete backup-restore backup-list snapshot snapshot-change snapshot-delete snapshot-restore snapshot-list\n"
        "(starvcenter); other, act (all that change something) or any.\n"
        "FAULT, with nothing done: drop-request hang 500 html 429 503 redirect refuse auth\n"
        "       of a listing:      empty short duplicate; stale: as it was when it was last asked for\n"
        "       after it was done: drop-reply hang-after 500-after truncate garbage\n"
        "       either way:        delay=DURATION\n"
        "  --fault create:3=drop-reply           the third create is carried out, its reply is lost\n"
        "  --fault list:2-4=html --fault any=delay=300ms\n"
        "\n"
        "While it runs (URL is the one of the first line):\n"
        "  curl URL/_sim/state                   all there is; /_sim/calls, /_sim/log: what was called\n"
        "  curl -d '{\"id\": \"vm-3\"}' URL/_sim/delete   as a person at the vendor's console: also stop, start, fail;\n"
        "                                        \"name\" instead of \"id\" where one machine has it\n"
        "  curl -d '{\"name\": \"x\", \"count\": 3}' URL/_sim/add      also \"cpu\", \"memory\" (MB), \"template\", \"model\", \"network\"\n"
        "  curl -d '{\"id\": \"vm-3\", \"to\": \"y\"}' URL/_sim/rename\n"
        "  curl -d '{\"id\": \"vm-3\", \"to\": \"10.9.9.9\"}' URL/_sim/move   starvcenter: it has another address\n"
        "  curl -d '{\"id\": \"vm-3\", \"state\": 2}' URL/_sim/state   the vendor's own number\n"
        "  curl -d '{\"machine\": \"vm-3\", \"size\": 9}' URL/_sim/disk-add   starvcenter: a disk; disk-change sets what it says of\n"
        "                                        the one with that \"id\", disk-delete deletes the one that is as it says;\n"
        "                                        also of card, group, rule, binding, balancer, backend, network, router,\n"
        "                                        mapping, acl, backup, snapshot; URL/_sim/state shows what they have\n"
        "  curl -d '{\"rules\": 2, \"resets\": 1}' URL/_sim/ineffective   starvcenter: two rules to come are not in effect\n"
        "                                        until they are asked for again once\n"
        "  curl -d '{\"tenant\": \"app-1\", \"cpu\": 8}' URL/_sim/quota   starvcenter: also \"memory\" (MB), \"storage\" (GB),\n"
        "                                        \"ip\", \"vpc\"; app-1 is who calls, another tenant is made; pool: of all\n"
        "  curl -d '{\"machines\": 2}' URL/_sim/room    finovy, opendcp: there are resources for two machines more; also\n"
        "                                        wallet (finovy): it pays for so many; unlisted (opendcp): so many more\n"
        "                                        are made and never listed; waiting (finovy): so many creates to come are\n"
        "                                        answered with \"waiting\", and done unless \"made\" is false\n"
        "  curl -d '{\"broken\": true}' URL/_sim/wallet, curl -d '{\"verified\": false}' URL/_sim/account   finovy\n"
        "  curl -d '{\"template\": \"2\", \"hours\": 0}' URL/_sim/credit   opendcp: what is left of a cluster's credit\n"
        "  curl -d '{\"name\": \"kvm-1\", \"state\": \"silent\"}' URL/_sim/host   jimv: or missing, alive; also lose (so many\n"
        "                                        messages to hosts), addresses (so many are free), expire (all sessions),\n"
        "                                        disk-add, disk-delete\n"
        "  curl -d '{\"rule\": \"create:1=500-after\"}' URL/_sim/fault; curl -X POST URL/_sim/faults/clear\n"
        "  curl -X POST URL/_sim/calls/reset; curl -X POST URL/_sim/save\n";

struct options {
        const struct simulator *simulator;
        struct simulator_options simulator_options;
        const char *listen, *state;
        usec_t latency;
        const char **rules;
        size_t n_rules, allocated_rules;
};

/* An answer that is not due yet, or never. */
struct waiting {
        struct httpd_exchange *exchange;
        struct service_answer answer;
        usec_t due;
        struct waiting *next;
};

struct program {
        const struct options *options;
        struct service *service;
        struct loop *loop;
        struct loop_timer *timer;
        struct httpd *httpd;
        struct waiting *waiting; /* by due time */
};

static void options_done(struct options *o)
{
        free(o->rules);
}

static int parse_duration(const char *option, const char *value, usec_t *ret, struct error *e)
{
        int r = duration_parse(value, ret, e);

        return r < 0 ? error_wrap(e, r, "--%s", option) : 0;
}

static int parse_machines(const char *value, size_t *ret, struct error *e)
{
        int64_t n;

        if (text_to_int64(value, &n) < 0 || n < 0 || n > MACHINES_MAX)
                return error_set(e, -EINVAL, "--machines takes a number from 0 to %d", MACHINES_MAX);
        *ret = (size_t)n;
        return 0;
}

static int parse_listen(const char *value, const char **ret, struct error *e)
{
        if (!text_starts(value, "127.") && !text_starts(value, "[::1]:"))
                return error_set(e, -EINVAL, "--listen takes a loopback address, like 127.0.0.1:8080 or [::1]:8080");
        *ret = value;
        return 0;
}

static int add_rule(struct options *o, const char *rule, struct error *e)
{
        const char **added = ARRAY_ADD(o->rules, o->n_rules, o->allocated_rules);

        if (!added)
                return error_oom(e);
        *added = rule;
        return 0;
}

enum option_code { LISTEN = 256, MACHINES, LATENCY, READY_DELAY, TOKEN, STATE, QUIRKS, VARIANT, FAULT, HELP, VERSION };

static const struct option long_options[] = {
        { "listen", required_argument, NULL, LISTEN },   { "machines", required_argument, NULL, MACHINES },
        { "latency", required_argument, NULL, LATENCY }, { "ready-delay", required_argument, NULL, READY_DELAY },
        { "token", required_argument, NULL, TOKEN },     { "state", required_argument, NULL, STATE },
        { "quirks", no_argument, NULL, QUIRKS },         { "variant", required_argument, NULL, VARIANT },
        { "fault", required_argument, NULL, FAULT },     { "help", no_argument, NULL, HELP },
        { "version", no_argument, NULL, VERSION },       {},
};

static int take_option(struct options *o, int code, struct error *e)
{
        struct simulator_options *s = &o->simulator_options;

        switch (code) {
        case LISTEN:
                return parse_listen(optarg, &o->listen, e);
        case MACHINES:
                return parse_machines(optarg, &s->machines, e);
        case LATENCY:
                return parse_duration("latency", optarg, &o->latency, e);
        case READY_DELAY:
                return parse_duration("ready-delay", optarg, &s->ready_delay, e);
        case TOKEN:
                s->token = optarg;
                return 0;
        case STATE:
                o->state = optarg;
                return 0;
        case QUIRKS:
                s->quirks = true;
                return 0;
        case VARIANT:
                s->variant = optarg;
                return 0;
        case FAULT:
                return add_rule(o, optarg, e);
        default:
                return error_set(e, -EINVAL, "there is no such option, or it lacks its value");
        }
}

/* 0; 1: help or version was asked for and is printed; -EINVAL: wrong usage. */
static int parse_options(int argc, char **argv, struct options *o, struct error *e)
{
        const struct vendor *vendor;
        int code, r;

        opterr = 0;
        while ((code = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
                if (code == HELP || code == VERSION) {
                        (void)fputs(code == HELP ? help : "muster-sim " MUSTER_VERSION "\n", stdout);
                        return 1;
                }
                r = take_option(o, code, e);
                if (r < 0)
                        return code == '?' ? error_wrap(e, r, "%s", argv[optind - 1]) : r;
        }
        if (argc - optind != 1)
                return error_set(e, -EINVAL, "say one provider type, like: muster-sim starvcenter");
        vendor = vendor_find(argv[optind]);
        if (!vendor)
                return error_set(e, -EINVAL, "there is no simulator of \"%s\"", argv[optind]);
        o->simulator = vendor->simulator;
        return 0;
}

static int load_state(struct program *p, struct error *e)
{
        _cleanup_json_ json_t *state = NULL;
        const char *path = p->options->state;
        json_error_t why;
        int r;

        if (!path || access(path, F_OK) < 0)
                return 0;
        state = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
        if (!state)
                return error_set(e, -EBADMSG, "%s:%d:%d: %s", path, why.line, why.column, why.text);
        r = service_load(p->service, loop_now(p->loop), state, e);
        return r < 0 ? error_wrap(e, r, "%s", path) : 0;
}

/* The file is whole at any time: a new one takes the old one's place. */
static int save_state(struct program *p, struct error *e)
{
        _cleanup_json_ json_t *state = NULL;
        _cleanup_free_ char *fresh = NULL;
        const char *path = p->options->state;

        if (!path)
                return 0;
        state = service_save(p->service, loop_now(p->loop));
        if (!state || asprintf(&fresh, "%s.new", path) < 0)
                return error_oom(e);
        if (json_dump_file(state, fresh, JSON_INDENT(1)) < 0 || rename(fresh, path) < 0)
                return error_errno(e, "%s cannot be written", path);
        return 0;
}

/* Ends an exchange as its answer says. */
static void deliver(struct program *p, struct httpd_exchange *exchange, struct service_answer *a)
{
        struct error e = { "" };
        int r = 0;

        if (a->save && save_state(p, &e) < 0) {
                log_error("%s", e.text);
                a->reply.status = 500;
        }
        switch (a->end) {
        case SERVICE_REPLY:
                r = httpd_reply(exchange, &a->reply);
                break;
        case SERVICE_HALF:
                r = httpd_reply_truncated(exchange, &a->reply, a->reply.body_len / 2);
                break;
        case SERVICE_DROP:
        case SERVICE_NEVER:
                httpd_drop(exchange);
                break;
        }
        if (r < 0)
                log_error("an answer could not be sent: %s", strerror(-r));
        service_ended(p->service, a);
}

static int deliver_due(void *userdata)
{
        struct program *p = userdata;
        usec_t now = loop_now(p->loop);

        while (p->waiting && p->waiting->due <= now) {
                _cleanup_free_ struct waiting *w = p->waiting;

                p->waiting = w->next;
                deliver(p, w->exchange, &w->answer);
                service_answer_done(&w->answer);
        }
        return loop_timer_set(p->timer, p->waiting ? p->waiting->due : USEC_INFINITY);
}

/* Takes the answer over. */
static int wait_for(struct program *p, struct httpd_exchange *exchange, struct service_answer *a, usec_t due)
{
        struct waiting *w = calloc(1, sizeof(*w)), **place = &p->waiting;

        if (!w)
                return -ENOMEM;
        w->exchange = exchange;
        w->answer = *a;
        w->due = due;
        *a = (struct service_answer){};
        while (*place && (*place)->due <= due)
                place = &(*place)->next;
        w->next = *place;
        *place = w;
        return loop_timer_set(p->timer, p->waiting->due);
}

static void handle(void *userdata, const struct request *rq, struct httpd_exchange *exchange)
{
        struct program *p = userdata;
        struct service_answer a _cleanup_service_answer_ = {};
        usec_t now = loop_now(p->loop);
        int r;

        r = service_serve(p->service, now, rq, &a);
        if (r < 0) {
                log_error("out of memory: a call is dropped");
                httpd_drop(exchange);
                return;
        }
        if (a.end != SERVICE_NEVER && a.delay == 0) {
                deliver(p, exchange, &a);
                return;
        }
        r = wait_for(p, exchange, &a, a.end == SERVICE_NEVER ? USEC_INFINITY : usec_add(now, a.delay));
        if (r < 0)
                log_error("a call cannot be answered late: %s", strerror(-r));
}

static int on_signal(void *userdata, int signal_number)
{
        struct program *p = userdata;

        (void)signal_number;
        loop_exit(p->loop, EXIT_SUCCESS);
        return 0;
}

static void program_done(struct program *p)
{
        while (p->waiting) {
                _cleanup_free_ struct waiting *w = p->waiting;

                p->waiting = w->next;
                httpd_drop(w->exchange);
                service_answer_done(&w->answer);
        }
        httpd_free(p->httpd);
        loop_timer_free(p->timer);
        loop_free(p->loop);
        service_free(p->service);
}

static int program_start(struct program *p, struct error *e)
{
        const struct options *o = p->options;
        const struct httpd_options httpd = { .address = o->listen, .max_body = BODY_MAX };
        int r;

        if ((r = service_new(o->simulator, &o->simulator_options, o->latency, &p->service, e)) < 0 ||
            (r = loop_new(&p->loop, e)) < 0 || (r = loop_signal(p->loop, SIGTERM, on_signal, p, e)) < 0 ||
            (r = loop_signal(p->loop, SIGINT, on_signal, p, e)) < 0 ||
            (r = loop_timer_new(p->loop, deliver_due, p, &p->timer, e)) < 0)
                return r;
        for (size_t i = 0; i < o->n_rules; i++) {
                r = service_add_fault(p->service, o->rules[i], e);
                if (r < 0)
                        return r;
        }
        r = load_state(p, e);
        return r < 0 ? r : httpd_new(p->loop, &httpd, handle, p, &p->httpd, e);
}

static void announce(const struct program *p)
{
        int host = (int)(strrchr(p->options->listen, ':') - p->options->listen);
        unsigned port = httpd_port(p->httpd);

        printf("listening on http://%.*s:%u\n", host, p->options->listen, port);
        printf("endpoint: http://%.*s:%u%s\n", host, p->options->listen, port, p->options->simulator->base_path);
        (void)fflush(stdout);
}

/* The exit code. */
static int run(const struct options *o)
{
        struct program p _cleanup_(program_done) = { .options = o };
        struct error e = { "" };
        int r;

        r = program_start(&p, &e);
        if (r >= 0) {
                announce(&p);
                r = loop_run(p.loop, &e);
        }
        if (r >= 0)
                r = save_state(&p, &e);
        if (r < 0)
                log_error("%s", e.text);
        return r == -EINVAL ? EXIT_USAGE : r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        struct options o _cleanup_(options_done) = {
                .listen = "127.0.0.1:0",
                .simulator_options.ready_delay = USEC_PER_SEC,
        };
        struct error e = { "" };
        int r;

        r = parse_options(argc, argv, &o, &e);
        if (r < 0) {
                log_error("%s; see muster-sim --help", e.text);
                return EXIT_USAGE;
        }
        return r > 0 ? EXIT_SUCCESS : run(&o);
}
