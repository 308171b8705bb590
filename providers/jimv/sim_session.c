/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * Era 0.8's sessions. Every reply sets the cookie, one that sends a stranger to the login as well: a cookie means nothing
 * until somebody has signed in with it.
 */

#define LOGIN_NAME "admin"
#define SID_LENGTH 36
#define SESSIONS_MAX 1000

static struct session **place_of(struct simulation *s, const char *sid)
{
        struct session **place = &s->sessions;

        while (*place && !text_equal((*place)->sid, sid))
                place = &(*place)->next;
        return place;
}

static void session_remove(struct simulation *s, struct session **place)
{
        struct session *gone = *place;

        if (!gone)
                return;
        *place = gone->next;
        s->n_sessions--;
        free(gone);
}

int jimv_sim_session_add(struct simulation *s, const char *sid)
{
        struct session *added = calloc(1, sizeof(*added)), **last = &s->sessions;

        if (!added)
                return -ENOMEM;
        (void)snprintf(added->sid, sizeof(added->sid), "%s", sid);
        session_remove(s, place_of(s, sid));
        while (*last)
                last = &(*last)->next;
        *last = added;
        if (++s->n_sessions > SESSIONS_MAX)
                session_remove(s, &s->sessions);
        return 0;
}

void jimv_sim_sessions_done(struct simulation *s)
{
        while (s->sessions)
                session_remove(s, &s->sessions);
}

bool jimv_sim_session_is_open(const struct call *c)
{
        return *c->sid && *place_of(c->s, c->sid);
}

static void need_sid(struct call *c)
{
        if (!*c->sid)
                jimv_sim_code(c->s, SID_LENGTH, c->sid);
}

/* The vendor's ends in a week; the simulation's calendar is not that of clients, which would throw it away. */
char *jimv_sim_cookie(struct call *c)
{
        char *cookie;

        need_sid(c);
        return asprintf(&cookie, "sid=%s; Expires=Fri, 31-Dec-2049 23:59:59 GMT; HttpOnly; Path=/", c->sid) < 0
                       ? NULL
                       : cookie;
}

int jimv_sim_serve_sign_in(struct call *c)
{
        static const struct rule rules[] = { { "login_name", CHECK_TEXT, false }, { "password", CHECK_TEXT, false } };
        const char *name, *password;
        int r = 0;

        if (!jimv_sim_check_body(c, rules, ARRAY_SIZE(rules), &r))
                return r;
        name = jimv_sim_body_text(c, "login_name");
        password = jimv_sim_body_text(c, "password");
        if (!text_equal(name, LOGIN_NAME))
                return jimv_sim_no(c, 40401, "login_name");
        if (c->how == PRETEND_BAD_TOKEN || (c->s->password && !text_equal(password, c->s->password)))
                return jimv_sim_no(c, 40101, NULL);

        need_sid(c);
        r = jimv_sim_session_add(c->s, c->sid);
        return r < 0 ? r : jimv_sim_ok(c);
}

int jimv_sim_serve_sign_out(struct call *c)
{
        session_remove(c->s, place_of(c->s, c->sid));
        return jimv_sim_ok(c);
}

/* What a client finds that follows the redirect. */
int jimv_sim_serve_login(struct call *c)
{
        c->status = 200;
        c->is_page = true;
        return buf_adds(&c->out,
                        "<!DOCTYPE html>\n<html><head><title>JimV</title></head><body><form></form></body></html>\n");
}
