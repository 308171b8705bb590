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

/* Synchronous, and silent until the end. The document wants the template's fields again; servers do not read them. */
static int expand(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        const struct resource *template = order->resource ? order->resource->machine_set->template.resource : NULL;
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (!values_known(order->wanted, PROPERTY_TEMPLATE) || order->n < 1 || order->n > TOGETHER)
                return error_set(e, -EINVAL, "an opendcp machine needs a template, and at most %d are made at once",
                                 TOGETHER);
        buf_adds(&path, "v1/cluster/");
        r = api_add_id(&path, order->wanted->of[PROPERTY_TEMPLATE].text, e);
        if (r == 0 && buf_addf(&path, "/expand/%zu", order->n) < 0)
                r = error_oom(e);
        if (r == 0 && template)
                r = opendcp_template_body(template->name, template->machine_template, &body, e);
        else if (r == 0)
                body = json_object();
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
        r = opendcp_template_body(order->name, order->resource->machine_template, &body, e);
        return r < 0 ? r : opendcp_request(account, METHOD_POST, "v1/cluster", NULL, body, ret, e);
}

static int delete_machines(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r = 0;

        buf_adds(&path, "v1/instance/");
        for (size_t i = 0; r == 0 && i < order->n; i++) {
                const char *id = order->ids ? order->ids[i] : order->id;

                if (strchr(id, ','))
                        return error_set(e, -EINVAL, "the id has a comma, which would make two of it");
                if (i > 0)
                        buf_addc(&path, ',');
                r = api_add_id(&path, id, e);
        }
        return r < 0 ? r : opendcp_request(account, METHOD_DELETE, buf_text(&path), order->name, NULL, ret, e);
}

static int delete_template(const struct account_config *account, const struct order *order, struct request *ret,
                           struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, "v1/cluster/");
        r = api_add_id(&path, order->id, e);
        return r < 0 ? r : opendcp_request(account, METHOD_DELETE, buf_text(&path), NULL, NULL, ret, e);
}

static int start(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool documented = text_equal(provider_option_value(&opendcp_provider, account->options, "routes"),
                                     "documented");
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, documented ? "v1/start/" : "v1/instance/start/");
        r = api_add_id(&path, order->id, e);
        if (r == 0 && !documented) {
                buf_adds(&path, "?instanceId=");
                r = api_add_id(&path, order->id, e);
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
                return error_set(e, -EINVAL, "the template has more credit than it should");
        buf_adds(&path, "v1/organization/credit/");
        r = api_add_id(&path, order->id, e);
        if (r == 0 && buf_addf(&path, "/%" PRId64, (missing + hour - 1) / hour) < 0)
                r = error_oom(e);
        return r < 0 ? r : opendcp_request(account, METHOD_POST, buf_text(&path), NULL, NULL, ret, e);
}

static int act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool template = order->type == TYPE_TEMPLATE;

        switch (order->verb) {
        case ORDER_CREATE:
                return template ? create_template(account, order, ret, e) : expand(account, order, ret, e);
        case ORDER_DELETE:
                return template ? delete_template(account, order, ret, e) : delete_machines(account, order, ret, e);
        case ORDER_START:
                return start(account, order, ret, e);
        case ORDER_CHANGE:
                if (order->field == PROPERTY_CREDIT)
                        return top_up(account, order, ret, e);
                return error_set(e, -EINVAL, "opendcp cannot change a machine or a template that is there");
        default:
                return error_set(e, -EINVAL, "opendcp has no call that stops a machine");
        }
}

/* The ids of an expand. One that cannot be an id leaves the whole reply unread: what it means is not known. */
static void take_machines(const json_t *content, struct outcome *outcome)
{
        if (!json_is_array(content) || json_array_size(content) == 0 || json_array_size(content) > OUTCOME_IDS_MAX) {
                error_set(&outcome->why, -EBADMSG, "the provider's reply names no machines");
                return;
        }
        for (size_t i = 0; i < json_array_size(content); i++) {
                const char *id = json_string_value(json_array_get(content, i));

                if (!id || !api_id_valid(id)) {
                        error_set(&outcome->why, -EBADMSG, "the provider's reply names a machine without an id");
                        return;
                }
                (void)snprintf(outcome->ids[i], OUTCOME_ID_MAX, "%s", id);
        }
        outcome->n_ids = json_array_size(content);
        outcome->class = OUTCOME_ACCEPTED;
}

/* An id above 0; 0 is what a template has that was not kept. */
static void take_template(const json_t *content, struct outcome *outcome)
{
        int64_t id;

        if (json_read_int64(content, &id) < 0 || id <= 0) {
                error_set(&outcome->why, -EBADMSG, "the provider's reply names no template");
                return;
        }
        (void)snprintf(outcome->ids[0], OUTCOME_ID_MAX, "%" PRId64, id);
        outcome->n_ids = 1;
        outcome->class = OUTCOME_ACCEPTED;
}

static void take_yes(const json_t *content, const struct order *order, struct outcome *outcome)
{
        if (order->verb == ORDER_CREATE && order->type == TYPE_TEMPLATE)
                take_template(content, outcome);
        else if (order->verb == ORDER_CREATE)
                take_machines(content, outcome);
        else if (json_is_false(content))
                error_set(&outcome->why, -EBADMSG, "the provider's reply is neither yes nor no");
        else
                outcome->class = OUTCOME_ACCEPTED; /* a delete of machines answers null whatever comes of it */
}

/* A 400 is refused before anything is done. A 500 may come after some of it was. */
static enum outcome_class class_of_no(const struct reply *rp, const json_t *reply, const struct order *order)
{
        if (opendcp_lacks_credit(reply))
                return OUTCOME_CAPACITY;
        if (rp->status >= 400 && rp->status < 500)
                return OUTCOME_REFUSED;
        if (opendcp_lacks_row(reply) || order->verb != ORDER_CREATE)
                return OUTCOME_REFUSED;
        return OUTCOME_UNKNOWN;
}

static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_json_ json_t *reply = NULL;
        int64_t code;
        int r;

        (void)account;
        if ((rp->status == 429 || rp->status == 503 || rp->status == 401 || rp->status == 403) &&
            outcome_from_status(rp, ret))
                return;
        r = opendcp_open(rp, &reply, &code, &outcome.why);
        if (r == 0) {
                take_yes(json_object_get(reply, "content"), order, &outcome);
        } else if (r == 1) {
                outcome.class = class_of_no(rp, reply, order);
                outcome.said_no = true;
        }
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
                .acting = 10 * USEC_PER_MINUTE,
                .lag = 30 * USEC_PER_SEC,
                .margin = 30 * USEC_PER_SEC,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .look = opendcp_look,
        .saw = opendcp_saw,
        .seen = opendcp_seen,
        .act = act,
        .acted = acted,
};
