/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about load balancers. Where the document is silent: an id that the caller chooses is taken while it is free; several
 * may have one name; a new one is started, with quirks not before it is asked to; what was not said is round robin, 3 retries every 5 seconds, 5
 * seconds of time, 60 of idling and 1000 connections; whatever cannot be modified is refused; starting what is started is done; a
 * balancer's back ends go with it; paths belong to http and https, certificates to https alone; the router may be any machine.
 *
 * A dedicated address in front is of the external network, and no other balancer there may have it. Certificates and their keys are
 * kept as digests, so that no secret reaches the saved state.
 */

static const char *const protocols[] = { "TCP", "UDP", "HTTP", "HTTPS", NULL };
static const char *const networks[] = { "outter", "inner", NULL };
static const char *const policies[] = { "rr", "wrr", "wlc", NULL };

#define BALANCER(member) offsetof(struct sim_balancer, member)

static const struct sim_field fields[] = {
        SIM_ID("slb.id", NULL),
        { "name", "slb.name", NULL, FIELD_TEXT, BALANCER(name) },
        { "description", "slb.desc", NULL, FIELD_TEXT, BALANCER(description), .style = STYLE_NULLABLE },
        { "created", "slb.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "tenant", "slb.appid", NULL, FIELD_TEXT, BALANCER(tenant) },
        { "router", "slb.vmid", "slb.vmid ", FIELD_TEXT, BALANCER(router) },
        { "protocol", "slb.protocal.type", NULL, FIELD_TEXT, BALANCER(protocol), .style = STYLE_SHOUT },
        { "network", "slb.network.type", NULL, FIELD_TEXT, BALANCER(network) },
        { "address", "slb.directip", NULL, FIELD_TEXT, BALANCER(address) },
        { "dedicated", "slb.directip.self", NULL, FIELD_TRUTH, BALANCER(dedicated) },
        { "port", "slb.directport", NULL, FIELD_NUMBER, BALANCER(port) },
        { "backendPort", "slb.realport", NULL, FIELD_NUMBER, BALANCER(backend_port) },
        { "enabled", "slb.enable", NULL, FIELD_TRUTH, BALANCER(enabled) },
        { "path", "slb.http.urlpath", NULL, FIELD_TEXT, BALANCER(path), .style = STYLE_NULLABLE },
        { "certified", "slb.https.cert.enable", NULL, FIELD_TRUTH, BALANCER(certified) },
        { "policy", "slb.policy.type", NULL, FIELD_TEXT, BALANCER(policy) },
        { "retries", "slb.health.retrytime", NULL, FIELD_NUMBER, BALANCER(retries) },
        { "interval", "slb.health.check.interval", NULL, FIELD_NUMBER, BALANCER(interval) },
        { "timeout", "slb.health.check.timeout", NULL, FIELD_NUMBER, BALANCER(timeout) },
        { "idle", "slb.health.emptylink.timeout", NULL, FIELD_NUMBER, BALANCER(idle) },
        { "healthPath", "slb.health.check.path", NULL, FIELD_TEXT, BALANCER(health_path), .style = STYLE_NULLABLE },
        { "connections", "slb.maxoccurs", "slb.maxoccurs ", FIELD_NUMBER, BALANCER(connections),
          .style = STYLE_CLIPPED },
        { "certificate", NULL, NULL, FIELD_TEXT, BALANCER(certificate) },
        { "key", NULL, NULL, FIELD_TEXT, BALANCER(key) },
        {},
};

static void begin(struct sim_item *i)
{
        struct sim_balancer *b = (struct sim_balancer *)i;

        b->enabled = true;
        b->retries = 3;
        b->interval = b->timeout = 5;
        b->idle = 60;
        b->connections = 1000;
}

const struct sim_kind sim_balancer_kind = {
        .noun = "balancer",
        .list = "balancers",
        .next = "nextBalancer",
        .prefix = "slb_",
        .size = sizeof(struct sim_balancer),
        .parent = SIM_NONE,
        .fields = fields,
        .begin = begin,
};

/* What can be set when it is made. */
static const struct sim_check add_checks[] = {
        { "slb.name", CHECK_TEXT, .needed = true },
        { "slb.desc", CHECK_TEXT },
        { "slb.appid", CHECK_TEXT, .needed = true },
        { "slb.protocal.type", CHECK_WORD, .needed = true, .words = protocols },
        { "slb.network.type", CHECK_WORD, .needed = true, .words = networks },
        { "slb.directip", CHECK_ADDRESS, .needed = true },
        { "slb.directip.self", CHECK_TRUTH },
        { "slb.directport", CHECK_NUMBER, .needed = true, .min = 50, .max = 65535 },
        { "slb.realport", CHECK_NUMBER, .min = 1, .max = 65535 },
        { "slb.vmid", CHECK_TEXT, .needed = true },
        { "slb.http.urlpath", CHECK_TEXT },
        { "slb.policy.type", CHECK_WORD, .words = policies },
        { "slb.health.retrytime", CHECK_NUMBER, .min = 2, .max = 10 },
        { "slb.health.check.interval", CHECK_NUMBER, .min = 1, .max = 50 },
        { "slb.health.check.timeout", CHECK_NUMBER, .min = 1, .max = 300 },
        { "slb.health.emptylink.timeout", CHECK_NUMBER, .min = 1, .max = 120 },
        { "slb.maxoccurs", CHECK_NUMBER, .min = 10, .max = 10000 },
        { "slb.health.check.path", CHECK_TEXT },
        {},
};

/* What can be modified, and what cannot. */
static const struct sim_check modify_checks[] = {
        { "slb.name", CHECK_TEXT },
        { "slb.desc", CHECK_TEXT },
        { "slb.directip", CHECK_ADDRESS },
        { "slb.directip.self", CHECK_TRUTH },
        { "slb.directport", CHECK_NUMBER, .min = 50, .max = 65535 },
        { "slb.policy.type", CHECK_WORD, .words = policies },
        { "slb.health.retrytime", CHECK_NUMBER, .min = 2, .max = 10 },
        { "slb.health.check.interval", CHECK_NUMBER, .min = 1, .max = 50 },
        { "slb.health.check.timeout", CHECK_NUMBER, .min = 1, .max = 300 },
        { "slb.health.emptylink.timeout", CHECK_NUMBER, .min = 1, .max = 120 },
        { "slb.health.check.path", CHECK_TEXT },
        { "slb.maxoccurs", CHECK_NUMBER, .min = 10, .max = 10000 },
        {},
};

static const char *const fixed[] = {
        "slb.appid",        "slb.protocal.type",   "slb.network.type",   "slb.realport", "slb.vmid",
        "slb.http.urlpath", "slb.https.cert.text", "slb.https.cert.key", NULL,
};

int sim_serve_balancers(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "slb.id", "id", MATCH_WHOLE },
                { "slb.name", "name", MATCH_NAME },
                { "slb.appid", "tenant", MATCH_WHOLE },
                { "slb.enable", "enabled", MATCH_WHOLE },
                { "slb.protocal.type", "protocol", MATCH_LETTER },
                { "slb.network.type", "network", MATCH_WHOLE },
                { "slb.directip", "address", MATCH_NAME },
                { "slb.directport", "port", MATCH_WHOLE },
                {},
        };
        static const struct sim_listing listing = { SIM_BALANCERS,   filters,         .paged = true,
                                                    .ordered = true, .nothing = "[]", .bare = true };

        return sim_serve_listing(c, &listing);
}

static bool speaks_http(const struct sim_balancer *b)
{
        return text_equal(b->protocol, "http") || text_equal(b->protocol, "https");
}

/* NULL: the balancer can be as it is; else what is wrong with it. */
static const char *look_over(const struct plain_call *c, const struct sim_balancer *b)
{
        bool outside = text_equal(b->network, "outter");

        if (!speaks_http(b) && (b->path || b->health_path))
                return "slb.http.urlpath and slb.health.check.path belong to http and https";
        if (!outside && b->dedicated)
                return "slb.directip.self belongs to the network outter";
        for (size_t i = 0; outside && i < c->s->things[SIM_BALANCERS].n_records; i++) {
                const struct sim_balancer *other = (const struct sim_balancer *)sim_item_at(c->s, SIM_BALANCERS, i);

                if (!text_equal(other->item.record.id, b->item.record.id) && text_equal(other->address, b->address) &&
                    (b->dedicated || other->dedicated))
                        return "slb.directip is in use";
        }
        return NULL;
}

static bool is_pem(const char *text, const char *what)
{
        const char *begin = strstr(text, "-BEGIN "), *end = strstr(text, "-END ");

        return text_starts(text, "-----BEGIN ") && end && begin < end && strstr(begin, what) && strstr(end, what);
}

/* Takes certificate and key of the parameters over, as digests. False: they are not there or not PEM, and no is said. */
static bool take_certificate(struct plain_call *c, struct sim_balancer *b, int *ret)
{
        const char *text = sim_text(c, "slb.https.cert.text"), *key = sim_text(c, "slb.https.cert.key");

        if (!is_pem(text, "CERTIFICATE") || !is_pem(key, "PRIVATE KEY")) {
                *ret = sim_say_no(
                        c, "slb.https.cert.text and slb.https.cert.key are not a certificate and its key in PEM");
                return false;
        }
        *ret = -ENOMEM;
        if (sim_digest_set(&b->certificate, text) < 0 || sim_digest_set(&b->key, key) < 0)
                return false;
        b->certified = true;
        sim_item_changed(&b->item);
        return true;
}

/* What holds where the request says nothing. */
static int set_usual(const struct plain_call *c, struct sim_balancer *b)
{
        b->dedicated = text_equal(sim_text(c, "slb.network.type"), "outter");
        b->enabled = !c->s->quirks;
        if (sim_text_set(&b->policy, "rr") < 0 || sim_fill(&b->item, add_checks, c->body) < 0)
                return -ENOMEM;
        if (b->backend_port == 0)
                b->backend_port = b->port;
        return 0;
}

static int set_usual_paths(struct sim_balancer *b)
{
        if (!speaks_http(b))
                return 0;
        if (!b->path && sim_text_set(&b->path, "/") < 0)
                return -ENOMEM;
        return b->health_path ? 0 : sim_text_set(&b->health_path, b->path);
}

/* A balancer as the request says, checked and in no table yet; NULL: no is said. */
static struct sim_balancer *take_balancer(struct plain_call *c, int *ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_BALANCERS);
        struct sim_balancer *b = (struct sim_balancer *)i;
        const char *id = sim_text(c, "slb.id"), *wrong;
        int r;

        *ret = b ? set_usual(c, b) : -ENOMEM;
        if (*ret < 0)
                return NULL;
        wrong = look_over(c, b);
        if (strlen(id) >= sizeof(i->record.id) || sim_item_find(c->s, SIM_BALANCERS, id))
                wrong = "slb.id is in use or too long";
        else
                memcpy(i->record.id, id, strlen(id) + 1);
        if (!wrong && !text_equal(b->protocol, "https") &&
            (*sim_text(c, "slb.https.cert.text") || *sim_text(c, "slb.https.cert.key")))
                wrong = "certificates belong to https";
        if (wrong) {
                *ret = sim_say_no(c, "%s", wrong);
                return NULL;
        }
        if (text_equal(b->protocol, "https") && !take_certificate(c, b, &r)) {
                *ret = r;
                return NULL;
        }
        *ret = set_usual_paths(b);
        if (*ret < 0)
                return NULL;
        i = NULL;
        return b;
}

static bool has_address_room(struct plain_call *c, const struct sim_balancer *b, int *ret)
{
        const struct sim_quota more = { .ip = 1 };

        return !text_equal(b->network, "outter") || sim_outer_address_is_used(c->s, b->address, NULL) ||
               sim_has_room(c, b->tenant, &more, ret);
}

int sim_serve_balancer_add(struct plain_call *c)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;
        struct sim_item *added;
        int r = 0;

        if (!sim_check(c, add_checks, c->body, &r) || !sim_named(c, SIM_TENANTS, sim_text(c, "slb.appid"), &r) ||
            !sim_check_backends(c, sim_param(c, "realnode"), &r))
                return r;
        i = (struct sim_item *)take_balancer(c, &r);
        if (!i || !has_address_room(c, (struct sim_balancer *)i, &r))
                return r;
        if (sim_item_put(c->s, c->now, i, NULL) < 0)
                return -ENOMEM;
        added = STEAL(i);
        r = sim_add_backends(c, sim_param(c, "realnode"), added);
        return r < 0 ? r : sim_say_made(c, "slb.id", added);
}

static struct sim_balancer *named(struct plain_call *c, int *ret)
{
        return (struct sim_balancer *)sim_named(c, SIM_BALANCERS, sim_text(c, "slb.id"), ret);
}

/* A copy of what the modification may change, to look it over before it is done. */
static const char *look_ahead(const struct plain_call *c, const struct sim_balancer *b)
{
        const char *address = sim_text(c, "slb.directip"), *path = sim_text(c, "slb.health.check.path");
        struct sim_balancer changed = *b;

        if (*address)
                changed.address = (char *)address;
        if (*path)
                changed.health_path = (char *)path;
        (void)json_read_bool(sim_param(c, "slb.directip.self"), &changed.dedicated);
        return look_over(c, &changed);
}

int sim_serve_balancer_modify(struct plain_call *c)
{
        int r = 0;
        struct sim_balancer *b = named(c, &r);
        const char *wrong;

        if (!b || !sim_check_fixed(c, fixed, &r) || !sim_check(c, modify_checks, c->body, &r))
                return r;
        if (sim_param(c, "slb.name") && !*sim_text(c, "slb.name"))
                return sim_say_no(c, "slb.name is empty");
        wrong = look_ahead(c, b);
        if (wrong)
                return sim_say_no(c, "%s", wrong);
        if (sim_fill(&b->item, modify_checks, c->body) < 0 || set_usual_paths(b) < 0)
                return -ENOMEM;
        return sim_done(c);
}

int sim_serve_balancer_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_BALANCERS, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_done(c);
}

static int enable(struct plain_call *c, bool on)
{
        int r = 0;
        struct sim_balancer *b = named(c, &r);

        if (!b)
                return r;
        b->enabled = on;
        sim_item_changed(&b->item);
        return sim_done(c);
}

int sim_serve_balancer_start(struct plain_call *c)
{
        return enable(c, true);
}

int sim_serve_balancer_stop(struct plain_call *c)
{
        return enable(c, false);
}

int sim_serve_certificate(struct plain_call *c)
{
        int r = 0;
        struct sim_balancer *b = named(c, &r);

        if (!b)
                return r;
        if (!text_equal(b->protocol, "https"))
                return sim_say_no(c, "certificates belong to https");
        return take_certificate(c, b, &r) ? sim_done(c) : r;
}
