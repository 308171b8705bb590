/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/opendcp/message.h"
#include "providers/opendcp/opendcp.h"
#include "providers/opendcp/template.h"
#include "providers/opendcp/walk.h"
#include "reconcile/base/text.h"

#define TOGETHER 10         /* machines of one expand */
#define DELETED_TOGETHER 50 /* machines of one delete */
#define EXPAND_TIMEOUT (10 * USEC_PER_MINUTE)
#define HOURS_MAX INT32_MAX
#define SET_MAX 999 /* a list of more could be one that stopped */

static const struct machine_support machines[] = {
        { "template", .required = true, .readback = READBACK_LISTED, .change = CHANGE_REPLACE },
        { NULL },
};

static const char *const routes[] = { "actual", "documented", NULL };

static const struct provider_option options[] = {
        { "routes", routes, "documented: start machines where the document says, and not where servers listen" },
        { NULL },
};

/* A machine's name cannot be set. A template's can, and is not unique. */
static const struct making *making(const struct pairs *account_options)
{
        static const struct making makings[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true,
                                   .marker = MARKER_NONE,
                                   .together = TOGETHER,
                                   .deleted_together = DELETED_TOGETHER,
                                   .shows_one = true,
                                   .slow = true },
                [TYPE_TEMPLATE] = { .possible = true, .marker = MARKER_NAME, .shows_one = true },
        };

        (void)account_options;
        return makings;
}

/* What the set's machines are made of, where a spec says what that is. */
static const struct resource *template_resource(const struct order *order)
{
        return order->resource ? order->resource->machine_set->template.resource : NULL;
}

/* Synchronous, and silent until the end. The document wants the template's fields again; servers do not read them. */
static int expand(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        const struct resource *template = template_resource(order);
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (!values_known(order->wanted, PROPERTY_TEMPLATE))
                return error_set(e, -EINVAL, "an opendcp machine needs a template");
        if (order->n < 1 || order->n > TOGETHER)
                return error_set(e, -EINVAL, "opendcp makes 1 to %d machines at once", TOGETHER);
        buf_adds(&path, "v1/cluster/");
        r = opendcp_add_template(&path, order->wanted->of[PROPERTY_TEMPLATE].text, e);
        if (r == 0 && buf_addf(&path, "/expand/%zu", order->n) < 0)
                r = error_oom(e);
        if (r == 0)
                r = opendcp_template_body(template ? template->name : "", template ? template->machine_template : NULL,
                                          &body, e);
        if (r == 0)
                r = opendcp_request(account, METHOD_POST, buf_text(&path), order->name, body, ret, e);
        if (r == 0)
                ret->timeout = usec_max(account->timeout, EXPAND_TIMEOUT);
        return r;
}

static int create_template(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (!order->resource)
                return error_set(e, -EINVAL, "no spec says what the template is");
        r = opendcp_template_check(order->resource->machine_template, e);
        if (r == 0)
                r = opendcp_template_body(order->name, order->resource->machine_template, &body, e);
        return r < 0 ? r : opendcp_request(account, METHOD_POST, "v1/cluster", NULL, body, ret, e);
}

static int delete_machines(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r = 0;

        if (order->n < 1 || order->n > DELETED_TOGETHER || (order->n > 1 && !order->ids))
                return error_set(e, -EINVAL, "1 to %d opendcp machines are deleted at once", DELETED_TOGETHER);
        buf_adds(&path, "v1/instance/");
        for (size_t i = 0; r == 0 && i < order->n; i++) {
                if (i > 0)
                        buf_addc(&path, ',');
                r = opendcp_add_machine(&path, order->ids ? order->ids[i] : order->id, e);
        }
        return r < 0 ? r : opendcp_request(account, METHOD_DELETE, buf_text(&path), order->name, NULL, ret, e);
}

static int delete_template(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, "v1/cluster/");
        r = opendcp_add_template(&path, order->id, e);
        return r < 0 ? r : opendcp_request(account, METHOD_DELETE, buf_text(&path), NULL, NULL, ret, e);
}

static bool starts_as_documented(const struct account_config *account)
{
        return text_equal(provider_option_value(&opendcp_provider, account->options, "routes"), "documented");
}

/* As documented it is a GET that acts. */
static int start(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool documented = starts_as_documented(account);
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, documented ? "v1/start/" : "v1/instance/start/");
        r = opendcp_add_machine(&path, order->id, e);
        if (r == 0 && !documented) {
                buf_adds(&path, "?instanceId=");
                r = opendcp_add_machine(&path, order->id, e);
        }
        return r < 0 ? r
                     : opendcp_request(account, documented ? METHOD_GET : METHOD_POST, buf_text(&path), NULL, NULL, ret,
                                       e);
}

/* The credit is what is left: what is missing is added, in whole hours. */
static int top_up(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int64_t hour = (int64_t)USEC_PER_HOUR, missing;
        int r;

        if (!order->shown || !values_known(order->shown, PROPERTY_CREDIT))
                return error_set(e, -EINVAL, "what is left of the template's credit is not known");
        missing = order->wanted->of[PROPERTY_CREDIT].number - order->shown->of[PROPERTY_CREDIT].number;
        if (missing <= 0)
                return error_set(e, -EINVAL, "the template has all of its credit");
        missing = missing / hour + (missing % hour > 0);
        if (missing > HOURS_MAX)
                return error_set(e, -EINVAL,
                                 "%" PRId64 "h of credit are missing, more than opendcp can be given at once", missing);
        buf_adds(&path, "v1/organization/credit/");
        r = opendcp_add_template(&path, order->id, e);
        if (r == 0 && buf_addf(&path, "/%" PRId64, missing) < 0)
                r = error_oom(e);
        return r < 0 ? r : opendcp_request(account, METHOD_POST, buf_text(&path), NULL, NULL, ret, e);
}

static int act_on_template(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        if (order->verb == ORDER_CREATE)
                return create_template(account, order, ret, e);
        if (order->verb == ORDER_DELETE)
                return delete_template(account, order, ret, e);
        if (order->verb == ORDER_CHANGE && order->field == PROPERTY_CREDIT)
                return top_up(account, order, ret, e);
        return error_set(e, -EINVAL, "opendcp cannot change a template that is there");
}

static int act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        if (order->type == TYPE_TEMPLATE)
                return act_on_template(account, order, ret, e);
        switch (order->verb) {
        case ORDER_CREATE:
                return expand(account, order, ret, e);
        case ORDER_DELETE:
                return delete_machines(account, order, ret, e);
        case ORDER_START:
                return start(account, order, ret, e);
        case ORDER_SHUT_DOWN:
        case ORDER_POWER_OFF:
                return error_set(e, -EINVAL, "opendcp has no call that stops a machine: write power: running");
        default:
                return error_set(e, -EINVAL, "opendcp cannot change a machine that is there");
        }
}

static bool is_named(const struct outcome *outcome, const char *id)
{
        for (size_t i = 0; i < outcome->n_ids; i++)
                if (text_equal(outcome->ids[i], id))
                        return true;
        return false;
}

/* The ids of an expand: no more than were asked for. One that cannot be an id leaves the whole reply unread: what it means is not known. */
static void take_machines(const struct json_node *content, const struct order *order, struct outcome *outcome)
{
        size_t n = json_node_count(content);

        if (n == 0 || n > order->n || n > OUTCOME_IDS_MAX) {
                error_set(&outcome->why, -EBADMSG,
                          n ? "the provider's reply names more machines than were asked for"
                            : "the provider's reply names no machines");
                return;
        }
        for (const struct json_node *item = json_node_first(content); item; item = json_node_next(item)) {
                const char *id = json_node_string(item);

                if (!id || !opendcp_machine_id_valid(id)) {
                        error_set(&outcome->why, -EBADMSG,
                                  "the provider's reply names a machine by an id that cannot be one");
                        outcome->n_ids = 0;
                        return;
                }
                if (!is_named(outcome, id))
                        (void)snprintf(outcome->ids[outcome->n_ids++], OUTCOME_ID_MAX, "%s", id);
        }
        outcome->class = OUTCOME_ACCEPTED;
}

/* An id above 0; 0 is what a template has that was not kept. */
static void take_template(const struct json_node *content, struct outcome *outcome)
{
        int64_t id;

        if (json_node_read_int64(content, &id) < 0 || id > OPENDCP_TEMPLATE_MAX) {
                error_set(&outcome->why, -EBADMSG, "the provider's reply names no template");
        } else if (id < 1) {
                error_set(&outcome->why, -EBADMSG,
                          "the provider's reply gives the template the id %" PRId64 ": it did not keep it", id);
                outcome->said_no = true;
        } else {
                (void)snprintf(outcome->ids[0], OUTCOME_ID_MAX, "%" PRId64, id);
                outcome->n_ids = 1;
                outcome->class = OUTCOME_ACCEPTED;
        }
}

/* A delete of machines answers null whatever comes of it; everything else says true. */
static void take_yes(const struct json_node *content, const struct order *order, struct outcome *outcome)
{
        if (order->verb == ORDER_CREATE && order->type == TYPE_TEMPLATE) {
                take_template(content, outcome);
        } else if (order->verb == ORDER_CREATE) {
                take_machines(content, order, outcome);
        } else if (order->verb == ORDER_DELETE && order->type != TYPE_TEMPLATE ? json_node_is_null(content)
                                                                               : json_node_is_true(content)) {
                outcome->class = OUTCOME_ACCEPTED;
        } else {
                error_set(&outcome->why, -EBADMSG, "the provider's reply does not say that it was done");
                outcome->said_no = json_node_is_false(content);
        }
}

/* What a 500 says is no proof that nothing was done, but for these, which are found out before anything is. */
static bool is_found_out_first(enum opendcp_no no, const struct order *order)
{
        bool template = order->type == TYPE_TEMPLATE;

        switch (no) { /* each comes with the status and code that belong to it */
        case NO_ROW:
                return !(template && order->verb == ORDER_CREATE);
        case NO_CLOUD:
                return order->verb == ORDER_CREATE;
        case NO_WHILE_USED:
                return template && order->verb == ORDER_DELETE;
        default:
                return false;
        }
}

static enum outcome_class class_of_no(const struct reply *rp, int64_t code, enum opendcp_no no,
                                      const struct order *order)
{
        bool is_expand = order->verb == ORDER_CREATE && order->type != TYPE_TEMPLATE;

        if (is_found_out_first(no, order))
                return OUTCOME_REFUSED;
        if (rp->status != 400)
                return OUTCOME_UNKNOWN;
        if (is_expand && code == OPENDCP_DONE)
                return no == NO_CREDIT ? OUTCOME_CAPACITY : OUTCOME_REFUSED;
        return code == OPENDCP_INPUT || code == OPENDCP_MISSING || code == OPENDCP_SIZE ? OUTCOME_REFUSED
                                                                                        : OUTCOME_UNKNOWN;
}

/* What a no to an expand is about, by the name that people know it by. */
static void name_template(const struct order *order, struct error *e)
{
        const struct resource *template = template_resource(order);

        if (template)
                (void)error_wrap(e, -ENOSPC, "MachineTemplate/%s", template->name);
        else if (order->wanted && values_known(order->wanted, PROPERTY_TEMPLATE))
                (void)error_wrap(e, -ENOSPC, "template %s", order->wanted->of[PROPERTY_TEMPLATE].text);
}

static void take_no(const struct reply *rp, const struct json_node *reply, int64_t code, const struct order *order,
                    struct outcome *outcome)
{
        enum opendcp_no no = opendcp_no_of(rp, reply, code);

        outcome->class = class_of_no(rp, code, no, order);
        outcome->said_no = outcome->class == OUTCOME_UNKNOWN;
        if (order->verb == ORDER_CREATE && order->type != TYPE_TEMPLATE && no != NO_OTHER)
                name_template(order, &outcome->why);
}

/* Of a 404 it is certain: the server has no such call, and did nothing. */
static void take_unreadable(const struct account_config *account, const struct reply *rp, const struct order *order,
                            struct outcome *outcome)
{
        bool is_template = order->verb == ORDER_CREATE && order->type == TYPE_TEMPLATE && order->resource;
        bool broke_down = rp->status == 500 || rp->body_len == 0;

        if (rp->status == 404) {
                outcome->class = OUTCOME_REFUSED;
                if (order->verb == ORDER_START && starts_as_documented(account))
                        (void)error_wrap(&outcome->why, -ENOSYS,
                                         "options.routes is documented, and servers know the routes of actual");
        } else if (broke_down && is_template && text_equal(order->resource->machine_template->cloud, "aliyun")) {
                (void)error_wrap(
                        &outcome->why, -EBADMSG,
                        "the server may have broken down on instanceType, which on aliyun must be of its menu, like 1Core-1GB");
        }
}

static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        int64_t code = OPENDCP_DONE;
        int r;

        if (!opendcp_speaks(rp) && outcome_from_status(rp, ret))
                return;
        r = opendcp_open(rp, &doc, &code, &outcome.why);
        if (r == 0)
                take_yes(json_node_member(json_root(doc), "content"), order, &outcome);
        else if (r == 1)
                take_no(rp, json_root(doc), code, order, &outcome);
        else
                take_unreadable(account, rp, order, &outcome);
        *ret = outcome;
}

const struct provider opendcp_provider = {
        .type = "opendcp",
        .machines = machines,
        .making = making,
        .auth = AUTH_NONE,
        .options = options,
        .set_max = SET_MAX,
        .timing = {
                .acting = EXPAND_TIMEOUT, /* a server goes on with what nobody waits for any more */
                .lag = EXPAND_TIMEOUT, /* rows appear up to the expand's own length after its end */
                .margin = USEC_PER_MINUTE,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .look = opendcp_look,
        .saw = opendcp_saw,
        .seen = opendcp_seen,
        .act = act,
        .acted = acted,
};
