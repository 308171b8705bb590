/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * Era 0.8's sessions. Every reply sets the cookie, one that sends a stranger to the login as well: a cookie means
 * nothing until somebody has signed in with it.
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

/* What the request's cookie says, where it is letters and digits and no longer than it may be; "": nothing. */
static void read_sid(const struct plain_call *c, char ret[static SID_SIZE])
{
        const char *cookie = request_header(c->rq, "Cookie");

        *ret = '\0';
        for (; cookie && *cookie; cookie += strcspn(cookie, ";")) {
                size_t n;

                cookie += strspn(cookie, "; ");
                if (!text_starts(cookie, "sid="))
                        continue;
                cookie += strlen("sid=");
                for (n = 0; isalnum((unsigned char)cookie[n]); n++)
                        ;
                if (n < SID_SIZE && (cookie[n] == ';' || cookie[n] == '\0'))
                        (void)snprintf(ret, SID_SIZE, "%.*s", (int)n, cookie);
        }
}

/* The vendor's cookie ends in a week; the simulation's calendar is not that of clients, which would throw it away. */
int jimv_sim_set_cookie(struct plain_call *c)
{
        char sid[SID_SIZE];

        read_sid(c, sid);
        if (!*sid)
                jimv_sim_code(c->s, SID_LENGTH, sid);
        return asprintf(&c->set_cookie, "sid=%s; Expires=Fri, 31-Dec-2049 23:59:59 GMT; HttpOnly; Path=/", sid) < 0
                       ? -ENOMEM
                       : 0;
}

/* That of the cookie that the reply sets. */
static void take_sid(const struct plain_call *c, char ret[static SID_SIZE])
{
        const char *sid = c->set_cookie + strlen("sid=");

        (void)snprintf(ret, SID_SIZE, "%.*s", (int)strcspn(sid, ";"), sid);
}

bool jimv_sim_session_is_open(const struct plain_call *c)
{
        char sid[SID_SIZE];

        take_sid(c, sid);
        return *place_of(c->s, sid);
}

int jimv_sim_serve_sign_in(struct plain_call *c)
{
        static const struct rule rules[] = { { "login_name", CHECK_TEXT, false }, { "password", CHECK_TEXT, false } };
        const char *name, *password;
        char sid[SID_SIZE];
        int r = 0;

        if (!c->body && c->s->quirks)
                return jimv_sim_page(c, 500);
        if (!jimv_sim_check_body(c, rules, ARRAY_SIZE(rules), &r))
                return r;
        name = plain_call_text(c, "login_name");
        password = plain_call_text(c, "password");
        if (!text_equal(name, LOGIN_NAME))
                return jimv_sim_no(c, 40401, "login_name");
        if (c->how == PRETEND_BAD_TOKEN || (c->s->password && !text_equal(password, c->s->password)))
                return jimv_sim_no(c, 40101, NULL);

        take_sid(c, sid);
        r = jimv_sim_session_add(c->s, sid);
        return r < 0 ? r : jimv_sim_ok(c);
}

int jimv_sim_serve_sign_out(struct plain_call *c)
{
        char sid[SID_SIZE];

        take_sid(c, sid);
        session_remove(c->s, place_of(c->s, sid));
        return jimv_sim_ok(c);
}

/* What a client finds that follows the redirect. */
int jimv_sim_serve_login(struct plain_call *c)
{
        c->status = 200;
        c->type = PLAIN_HTML;
        return buf_adds(&c->out,
                        "<!DOCTYPE html>\n<html><head><title>JimV</title></head><body><form></form></body></html>\n");
}
