/* SPDX-License-Identifier: MIT */
#include "providers/jimv/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/jimv.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define SESSION_MAX 256

static const struct {
        int64_t code;
        const char *words;
} meanings[] = {
        { JIMV_BAD_LOGIN, "login and password are not taken" },
        { JIMV_NOT_THERE, "there is no such thing" },
        { JIMV_NO_TEMPLATE, "there is no such template" },
        { JIMV_DUPLICATE, "there is one of that name already" },
        { JIMV_MISSING, "the provider misses a parameter" },
        { JIMV_WRONG_TYPE, "a parameter is not of the type that the provider takes" },
        { JIMV_MALFORMED, "a parameter is out of its range" },
        { JIMV_MALFORMED_TOO, "a parameter is malformed" },
        { JIMV_DISK_SIZE, "the provider makes no disk of that size" },
        { JIMV_DISK_ATTACHED, "the disk is attached to a guest" },
        { JIMV_DISK_NOT_LARGER, "a disk can only grow" },
        { JIMV_DISK_BUSY, "the disk is in use" },
        { JIMV_GUEST_NOT_READY, "the guest is not ready for it: it may be later" },
        { JIMV_OTHER_HOST, "the disk is on another host than the guest" },
        { JIMV_NOT_SHUT_OFF, "the guest must be shut off for it" },
        { JIMV_NO_ADDRESS, "the provider has no free address: its administrator has to add some" },
        { JIMV_NO_HOST, "none of the provider's hosts is alive" },
};

bool jimv_is_0_8(const struct account_config *account)
{
        return text_equal(provider_option_value(&jimv_provider, account->options, "api"), "0.8");
}

int jimv_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                 struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_free_ char *cookie = NULL;
        int r;

        r = api_request(account, method, path, body, &rq, e);
        if (r == 0 && account->session) {
                if (asprintf(&cookie, "sid=%s", account->session) < 0) {
                        cookie = NULL;
                        return error_oom(e);
                }
                r = request_add_header(&rq, "Cookie", cookie, e);
                explicit_bzero(cookie, strlen(cookie));
        }
        if (r < 0)
                return r;
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

static const char *meaning(int64_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code)
                        return meanings[i].words;
        return "the provider said no with a code that it does not document";
}

/* A redirect to the login means that nothing was done: the session is over. One to anywhere else is followed no more than that. */
static int redirected(const struct reply *rp, struct error *e)
{
        const char *path = rp->location ? strstr(rp->location, "://") : NULL;

        path = path ? strchr(path + 3, '/') : rp->location;
        if (path && text_starts(path, "/login"))
                return error_set(e, -EKEYEXPIRED, "the session is over");
        if (path && text_starts(path, "/config"))
                return error_set(e, -EBADMSG, "the provider was never set up: it asks for its configuration");
        return error_set(e, -EBADMSG, "the provider answered with HTTP status %d, a redirect, which is not followed",
                         rp->status);
}

/* The finer code where there is one, else the status that the state repeats. */
static int read_code(const json_t *reply, int64_t *ret)
{
        const json_t *state = json_object_get(reply, "state"), *sub = json_object_get(state, "sub");
        int64_t code;

        if (json_read_int64(json_object_get(sub, "code"), &code) < 0 &&
            json_read_int64(json_object_get(state, "code"), &code) < 0)
                return -EBADMSG;
        *ret = code;
        return 0;
}

int jimv_open(const struct account_config *account, const struct reply *rp, json_t **ret, int64_t *ret_code,
              struct error *e)
{
        _cleanup_json_ json_t *reply = NULL;
        char words[API_WORDS_MAX];
        int64_t code = 0;
        int r;

        (void)account;
        if (rp->status >= 300 && rp->status < 400)
                return redirected(rp, e);
        r = api_open(rp, false, &reply, e);
        if (r < 0)
                return r == -EBADMSG ? error_wrap(e, r, "HTTP status %d", rp->status) : r;
        if (read_code(reply, &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no state");
        *ret_code = code;
        if (code != JIMV_DONE || rp->status != JIMV_DONE) {
                const json_t *sub = json_object_get(json_object_get(reply, "state"), "sub");

                error_set(e, -EBADMSG, "%s (HTTP status %d, code %" PRId64 ", \"%s\")", meaning(code), rp->status, code,
                          api_words(json_object_get(sub, "zh-cn"), words));
                *ret = STEAL(reply);
                return 1;
        }
        *ret = STEAL(reply);
        return 0;
}

int jimv_log_in(const struct account_config *account, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (!jimv_is_0_8(account))
                return 1;
        body = json_pack("{s:s, s:s}", "login_name", account->login ? account->login : "", "password",
                         account->token ? account->token : "");
        if (!body)
                return error_set(e, -EINVAL, "login and password must be UTF-8");
        r = jimv_request(account, METHOD_POST, "api/user/_sign_in", body, ret, e);
        if (r == 0)
                ret->read = true; /* it opens a session and changes nothing else */
        return r;
}

static int take_cookie(const struct reply *rp, char **ret_session, struct error *e)
{
        const char *cookie = rp->set_cookie ? strstr(rp->set_cookie, "sid=") : NULL;
        size_t n = cookie ? strcspn(cookie + 4, "; ") : 0;

        if (n == 0 || n > SESSION_MAX)
                return error_set(e, -EBADMSG, "the provider took the login and opened no session");
        *ret_session = strndup(cookie + 4, n);
        return *ret_session ? 0 : error_oom(e);
}

int jimv_logged_in(const struct account_config *account, struct reply *rp, char **ret_session, struct error *e)
{
        _cleanup_json_ json_t *reply = NULL;
        int64_t code = 0;
        int r;

        r = jimv_open(account, rp, &reply, &code, e);
        if (r == 0)
                return take_cookie(rp, ret_session, e);
        if (r == 1 && (code == JIMV_BAD_LOGIN || code == JIMV_NOT_THERE))
                return error_set(e, -EACCES, "the provider does not take login and password");
        return r == -ENOMEM ? r : -EBADMSG;
}
