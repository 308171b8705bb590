/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/jimv/jimv.h"
#include "providers/jimv/message.h"
#include "providers/jimv/orders.h"
#include "providers/jimv/walk.h"
#include "reconcile/base/text.h"

#define SESSION_MAX 4096
#define IN_FLIGHT_MAX 8 /* more makes the server fail */

static const struct machine_support machines[] = {
        { "template", .required = true, .readback = READBACK_LISTED, .change = CHANGE_REPLACE },
        { "cpu", .required = true, .option = JIMV_OPTION, .value = JIMV_WORD_2017, .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "memory", .required = true, .option = JIMV_OPTION, .value = JIMV_WORD_2017, .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "cpu", .required = true, .option = JIMV_OPTION, .value = JIMV_WORD_08, .readback = READBACK_LISTED,
          .change = CHANGE_IN_PLACE, .while_off = true },
        { "memory", .required = true, .option = JIMV_OPTION, .value = JIMV_WORD_08, .readback = READBACK_LISTED,
          .change = CHANGE_IN_PLACE, .while_off = true },
        { "bandwidth", .required = true, .option = JIMV_OPTION, .value = JIMV_WORD_08, .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "disks", .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { "lease", .required = true, .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "passwordEnv", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "passwordFile", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { NULL },
};

static const char *const eras[] = { [JIMV_2017] = JIMV_WORD_2017, [JIMV_08] = JIMV_WORD_08, NULL };

static const struct provider_option options[] = {
        { JIMV_OPTION, eras, "the era of its API: 2017, or 0.8 for servers of version 0.8" },
        { NULL },
};

/* In 2017 a guest is known by its name, and a disk gets a label only once it is there; in 0.8 both are made with a
 * remark. What a server says of a single disk that is not there was never seen. */
static const struct making *making(const struct pairs *account_options)
{
        static const struct making of_2017[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true,
                                   .marker = MARKER_NAME,
                                   .name_may_differ = true,
                                   .name_stays = true,
                                   .shows_one = true },
                [TYPE_DISK] = { .possible = true, .marker = MARKER_NONE, .named_later = true, .detached = true },
        };
        static const struct making of_08[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true, .marker = MARKER_REMARK, .shows_one = true },
                [TYPE_DISK] = { .possible = true, .marker = MARKER_REMARK, .detached = true },
        };

        return jimv_era(account_options) == JIMV_2017 ? of_2017 : of_08;
}

static int log_in(const struct account_config *account, struct request *ret, struct error *e)
{
        struct account_config without_session = *account;
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (jimv_era(account->options) == JIMV_2017)
                return 1;
        if (!account->login || !account->token)
                return error_set(e, -EINVAL, "jimv of version 0.8 needs a login and its password");
        body = json_pack("{s:s, s:s}", "login_name", account->login, "password", account->token);
        if (!body)
                return error_set(e, -EINVAL, "the login or its password is not UTF-8");
        without_session.session = NULL;
        r = jimv_request(&without_session, METHOD_POST, "api/user/_sign_in", body, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

/* "sid=VALUE; Expires=…", of which the first part is what every request carries. Even refusals set it: only that of a
 * yes counts. */
static int read_session(const struct reply *rp, char **ret, struct error *e)
{
        static const char name[] = "sid=";
        size_t n = rp->set_cookie ? strcspn(rp->set_cookie, "; \t") : 0;
        char *session;

        if (n <= strlen(name) || n > SESSION_MAX || !text_starts(rp->set_cookie, name))
                return error_set(e, -EBADMSG, "the provider took the login, and opened no session (no cookie \"sid\")");
        session = strndup(rp->set_cookie, n);
        if (!session)
                return error_oom(e);
        *ret = session;
        return 0;
}

static int logged_in(const struct account_config *account, struct reply *rp, char **ret_session, struct error *e)
{
        _cleanup_jimv_answer_ struct jimv_answer answer = { 0 };
        int r;

        r = jimv_read(account, rp, true, &answer, e);
        if (r < 0)
                return r;
        if (answer.class == OUTCOME_ACCEPTED)
                return read_session(rp, ret_session, e);
        if (answer.code == JIMV_NOT_FOUND)
                return error_wrap(e, -EACCES, "the provider does not know this login");
        r = jimv_answer_check(&answer, rp);
        return r == -EKEYEXPIRED ? -EBADMSG : r;
}

/* Did the request hold a password of the spec? */
static bool is_secret(const struct order *order)
{
        const struct machine_set *set = order->resource && order->type == TYPE_MACHINE ? order->resource->machine_set
                                                                                       : NULL;

        return order->password || (set && (set->password_env || set->password_file));
}

/* A yes means that the order was sent on to a host, and tells no id. */
static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_jimv_answer_ struct jimv_answer answer = { 0 };

        if (jimv_read(account, rp, is_secret(order), &answer, &outcome.why) == 0) {
                outcome.class = answer.class;
                outcome.said_no = answer.said_no && answer.class == OUTCOME_UNKNOWN;
        }
        if (outcome.class == OUTCOME_THROTTLED)
                outcome.wait = usec_min(rp->retry_after, USEC_PER_HOUR);
        *ret = outcome;
}

const struct provider jimv_provider = {
        .type = "jimv",
        .machines = machines,
        .making = making,
        .auth = AUTH_LOGIN,
        .auth_option = JIMV_OPTION,
        .auth_value = JIMV_WORD_08,
        .options = options,
        .most_in_flight = IN_FLIGHT_MAX,
        /* A row is there before the answer to its create; what is done later goes through messages, which may be
         * lost. */
        .timing = {
                .acting = 45 * USEC_PER_SEC,
                .lag = 5 * USEC_PER_SEC,
                .margin = 5 * USEC_PER_SEC,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .log_in = log_in,
        .logged_in = logged_in,
        .look = jimv_look,
        .saw = jimv_saw,
        .seen = jimv_seen,
        .quote = jimv_quote,
        .act = jimv_act,
        .acted = acted,
};
