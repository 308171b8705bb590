/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

#include "providers/starvcenter/balancer.h"
#include "providers/starvcenter/fields.h"
#include "reconcile/balancer.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

/* What a request asks for: its tag. Pages of machines have the numbers of their positions, which are smaller. */
#define ASK_BALANCERS ((uint64_t)1 << 62)
#define ASK_BACKENDS ((uint64_t)1 << 63)

#define PORT_MAX 65535
#define NUMBER_MAX 1000000 /* far more than any number of a balancer may be */

const char *const balancer_names[] = {
        MESSAGE_NAMES,
        "slb.id",
        "slb.name",
        "slb.desc",
        "slb.createtime",
        "slb.appid",
        "slb.vmid",
        "slb.protocal.type",
        "slb.network.type",
        "slb.directip",
        "slb.directip.self",
        "slb.directport",
        "slb.realport",
        "slb.enable",
        "slb.http.urlpath",
        "slb.https.cert.enable",
        "slb.policy.type",
        "slb.health.retrytime",
        "slb.health.check.interval",
        "slb.health.check.timeout",
        "slb.health.emptylink.timeout",
        "slb.health.check.path",
        "slb.maxoccurs",
        "realnode.id",
        "realnode.createtime",
        "realnode.slbid",
        "realnode.enable",
        "realnode.ip",
        "realnode.port",
        "realnode.vmid",
        "realnode.weight",
        NULL,
};

/* Whether it is in use. Where that is not shown, nothing follows from it. */
static int read_enabled(const struct json_node *object, const char *key, const char *what, enum condition *ret,
                        struct error *e)
{
        bool enabled;
        int r;

        r = json_node_read_bool(json_node_member(object, key), &enabled);
        if (r < 0 && r != -ENOENT)
                return field_wrong(key, what, e);
        *ret = r < 0 ? CONDITION_UNSHOWN : enabled ? CONDITION_RUNNING : CONDITION_STOPPED;
        return 0;
}

/* The spec's word for the vendor's, whatever its case; NULL: it has none. */
static const char *spec_word(const struct word *words, const char *text)
{
        for (; words->spec; words++)
                if (strcasecmp(words->wire, text) == 0)
                        return words->spec;
        return NULL;
}

/* -ENOENT: not shown. */
static int number_to_json(const struct json_node *value, const struct wire *wire, json_t **ret)
{
        char text[UNITS_TEXT_MAX];
        int64_t number;
        int r;

        r = json_node_read_int64(value, &number);
        if (r < 0)
                return r;
        if (number < 0 || number > NUMBER_MAX)
                return -EBADMSG;
        if (number <= wire->doubted)
                return -ENOENT;
        *ret = wire->form == FORM_NUMBER ? json_integer(number)
                                         : json_string(duration_text((usec_t)number * USEC_PER_SEC, text));
        return 0;
}

static int truth_to_json(const struct json_node *value, json_t **ret)
{
        bool truth;
        int r;

        r = json_node_read_bool(value, &truth);
        if (r == 0)
                *ret = json_boolean(truth);
        return r;
}

/* A word that is in no document is a setting that is not known. */
static int text_to_json(const struct json_node *value, const struct wire *wire, json_t **ret)
{
        char scratch[32];
        const char *text;
        int r;

        r = json_node_read_text(value, scratch, &text);
        if (r < 0)
                return r;
        if (wire->words)
                text = spec_word(wire->words, text);
        if (!text)
                return -ENOENT;
        *ret = json_string(text);
        return 0;
}

static int read_setting(const struct json_node *balancer, const struct setting *setting, json_t *settings,
                        struct error *e)
{
        const struct wire *wire = setting->own;
        const struct json_node *shown = json_node_member(balancer, wire->key);
        json_t *value = NULL;
        int r;

        switch (wire->form) {
        case FORM_NUMBER:
        case FORM_SECONDS:
                r = number_to_json(shown, wire, &value);
                break;
        case FORM_TRUTH:
                r = truth_to_json(shown, &value);
                break;
        default:
                r = text_to_json(shown, wire, &value);
                break;
        }
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return field_wrong(wire->key, "load balancer", e);
        return settings_put(settings, setting->path, value) < 0 ? error_oom(e) : 0;
}

/* Whether the vendor can use the certificate that it was given. */
static int read_usable(const struct json_node *balancer, json_t *settings, struct error *e)
{
        static const char key[] = "slb.https.cert.enable";
        json_t *value = NULL;
        int r;

        if (!text_equal(json_string_value(settings_get(settings, "protocol")), "https"))
                return 0;
        r = truth_to_json(json_node_member(balancer, key), &value);
        if (r < 0)
                return r == -ENOENT ? 0 : field_wrong(key, "load balancer", e);
        return settings_put(settings, SETTING_USABLE, value) < 0 ? error_oom(e) : 0;
}

static int read_settings(struct observation *obs, const struct json_node *balancer, struct values *values,
                         struct error *e)
{
        _cleanup_json_ json_t *settings = json_object();
        _cleanup_free_ char *text = NULL;
        const char *kept;
        int r = settings ? 0 : error_oom(e);

        for (const struct setting *s = balancer_settings; r == 0 && s->path; s++)
                r = balancer_has(settings, s) ? read_setting(balancer, s, settings, e) : 0;
        if (r == 0)
                r = read_usable(balancer, settings, e);
        if (r < 0)
                return r;
        text = json_to_text(settings, JSON_COMPACT);
        kept = text ? observation_string(obs, text) : NULL;
        if (!kept)
                return error_oom(e);
        values_set_text(values, PROPERTY_SPEC, kept);
        return 0;
}

static int read_balancer(struct observation *obs, const struct json_node *balancer, struct error *e)
{
        static const char what[] = "load balancer";
        struct row row = { 0 };
        int r;

        if ((r = field_id(obs, balancer, "slb.id", what, &row.id, e)) < 0 ||
            (r = field_text(obs, balancer, "slb.name", what, &row.name, e)) < 0 ||
            (r = field_text(obs, balancer, "slb.directip", what, &row.address, e)) < 0 ||
            (r = field_text(obs, balancer, "slb.createtime", what, &row.created, e)) < 0 ||
            (r = read_enabled(balancer, "slb.enable", what, &row.condition, e)) < 0 ||
            (r = read_settings(obs, balancer, &row.values, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_BALANCER, &row);
        return r < 0 ? error_oom(e) : r;
}

static int read_number(const struct json_node *object, const char *key, const char *what, int64_t max,
                       enum property property, struct values *values, struct error *e)
{
        int64_t number;
        int r;

        r = json_node_read_int64(json_node_member(object, key), &number);
        if (r == -ENOENT)
                return 0;
        if (r < 0 || number < 0 || number > max)
                return field_wrong(key, what, e);
        values_set_number(values, property, number);
        return 0;
}

/* Its name is what tells it from the others of its balancer. One that does not show all of that is left alone. */
static int name_backend(struct observation *obs, const char *machine, struct row *row)
{
        _cleanup_buf_ struct buf key = BUF_INIT(BACKEND_KEY_MAX);

        if (!*machine || !*row->address || !values_known(&row->values, PROPERTY_PORT)) {
                row->condition = CONDITION_UNKNOWN;
                row->name = "";
                return 0;
        }
        if (backend_key(&key, machine, row->address, row->values.of[PROPERTY_PORT].number) < 0)
                return -ENOMEM;
        row->name = observation_string(obs, buf_text(&key));
        return row->name ? 0 : -ENOMEM;
}

/* A back end of nobody knows whose balancer would be missed in its own: the reply says too little. */
static int read_backend(struct observation *obs, const struct json_node *backend, struct error *e)
{
        static const char what[] = "back end";
        const char *machine = "";
        struct row row = { 0 };
        int r;

        if ((r = field_id(obs, backend, "realnode.id", what, &row.id, e)) < 0 ||
            (r = field_id(obs, backend, "realnode.slbid", what, &row.parent, e)) < 0 ||
            (r = field_text(obs, backend, "realnode.vmid", what, &machine, e)) < 0 ||
            (r = field_text(obs, backend, "realnode.ip", what, &row.address, e)) < 0 ||
            (r = field_text(obs, backend, "realnode.createtime", what, &row.created, e)) < 0 ||
            (r = read_enabled(backend, "realnode.enable", what, &row.condition, e)) < 0 ||
            (r = read_number(backend, "realnode.port", what, PORT_MAX, PROPERTY_PORT, &row.values, e)) < 0 ||
            (r = read_number(backend, "realnode.weight", what, NUMBER_MAX, PROPERTY_WEIGHT, &row.values, e)) < 0)
                return r;
        if (name_backend(obs, machine, &row) < 0)
                return error_oom(e);
        r = observation_add(obs, TYPE_BACKEND, &row);
        return r < 0 ? error_oom(e) : r;
}

/* Asking. */

static int ask(const struct account_config *account, const char *path, uint64_t tag, struct request_list *further,
               struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = json_object();
        int r;

        if (!params)
                return error_oom(e);
        r = message_request(account, METHOD_POST, path, params, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        rq.tag = tag;
        return request_list_add(further, &rq, e);
}

/* Without page fields these listings show everything. */
int balancer_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                  struct error *e)
{
        int r = 0;

        if (observation_covers(obs, TYPE_BALANCER))
                r = ask(account, "cloudslb/search", ASK_BALANCERS, further, e);
        if (r == 0 && observation_covers(obs, TYPE_BACKEND))
                r = ask(account, "cloudslb/realnode/search", ASK_BACKENDS, further, e);
        return r;
}

bool balancer_is_asked(const struct request *rq)
{
        return rq->tag & (ASK_BALANCERS | ASK_BACKENDS);
}

int balancer_saw(const struct request *rq, const struct json_node *reply, struct observation *obs, struct error *e)
{
        const struct json_node *row = message_first_row(reply);
        bool balancers = rq->tag == ASK_BALANCERS;
        size_t n = 0;
        int r;

        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r >= 0 && i < n; i++, row = json_node_next(row)) {
                r = balancers ? read_balancer(obs, row, e) : read_backend(obs, row, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu", i + 1);
        }
        return r < 0 ? r
                     : field_check_whole(reply, &obs->of[balancers ? TYPE_BALANCER : TYPE_BACKEND], n,
                                         balancers ? "load balancer" : "back end", e);
}
