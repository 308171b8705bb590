/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"

/*
 * Sessions, where a vendor has them: opened once for everything in flight, before a look. A session that is over is opened anew; when
 * that does not last until something was read, the account is unreadable.
 */

/* How often in a row a session is opened without anything being read through it. */
#define LOGINS_MAX 2

bool login_is_needed(const struct account *a)
{
        return a->codec->log_in && !a->session;
}

void login_forget(struct account *a)
{
        text_wipe(&a->session);
        a->config.session = NULL;
}

void login_begin(struct account *a)
{
        a->step = STEP_LOGGING_IN;
        a->login_sent = false;
}

static int send_login(struct account *a, usec_t now, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        if (a->logins >= LOGINS_MAX)
                return error_set(e, -EPROTO, "the session is over as soon as it is opened");
        r = a->codec->log_in(&a->config, &rq, e);
        if (r != 0)
                return r;
        a->logins++;
        a->login_sent = true;
        r = account_send(a, now, &rq, (struct flight){ .login = true }, e);
        if (rq.body)
                explicit_bzero(rq.body, rq.body_len);
        return r;
}

void login_step(struct account *a, usec_t now)
{
        struct error e = { 0 };
        int r;

        if (a->login_sent || !account_may_send(a, now))
                return;
        r = send_login(a, now, &e);
        if (r > 0)
                account_look(a, now); /* this account needs none */
        else if (r < 0)
                account_was_unreadable(a, r, &e, now);
}

void login_reply(struct account *a, struct reply *rp, usec_t now)
{
        struct error e = { 0 };
        int r;

        if (rp->end == REPLY_COMPLETE)
                r = a->codec->logged_in(&a->config, rp, &a->session, &e);
        else
                r = error_set(&e, -EIO, "%s", rp->why ? rp->why : "the connection was lost");
        if (a->step != STEP_LOGGING_IN)
                return; /* nobody waits for it any more */
        if (r < 0) {
                account_was_unreadable(a, r, &e, now);
                return;
        }
        a->config.session = a->session;
        account_look(a, now);
}
