/* SPDX-License-Identifier: MIT */
#include "providers/jimv/message.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/jimv/jimv.h"
#include "reconcile/base/text.h"

#define UUID_LENGTH 36
#define BLANKS " \t\r\n"

#define CODE_THAT_QUOTES 41203 /* its words repeat a value that was sent */

/* The vendor's codes, whose first three digits are the status that they come with. */
static const struct {
        int64_t code;
        enum outcome_class class;
        const char *words;
} meanings[] = {
        { 40101, OUTCOME_AUTH, "the provider does not take this login and password" },
        { JIMV_NOT_FOUND, OUTCOME_REFUSED, "the provider has no such thing" },
        { 40450, OUTCOME_REFUSED, "the provider has no such template: write the number of one of its OS templates" },
        { 40901, OUTCOME_REFUSED, "the provider has one like it already, and takes no second" },
        { 41201, OUTCOME_REFUSED, "the provider misses a parameter: is options.api right for it?" },
        { 41202, OUTCOME_REFUSED, "the provider wants a parameter of another type: is options.api right for it?" },
        { CODE_THAT_QUOTES, OUTCOME_REFUSED, "a value or an id is out of the provider's bounds" },
        { 41209, OUTCOME_REFUSED, "an id or a number is not written as the provider takes it" },
        { 41255, OUTCOME_REFUSED, "the size of the disk is out of the provider's bounds: write another" },
        { 41256, OUTCOME_REFUSED, "the disk is attached: it has to be detached first" },
        { 41257, OUTCOME_REFUSED, "a disk can only grow: write more than it has" },
        { 41258, OUTCOME_REFUSED, "the disk is in use: it has to be idle first" },
        { 41259, OUTCOME_REFUSED, "the guest is not ready for that: wait until it is" },
        { 41260, OUTCOME_REFUSED, "the disk is on another host than the guest, and cannot be attached to it" },
        { 41261, OUTCOME_REFUSED, "the guest is not shut off: it has to be stopped first" },
        { 50350, OUTCOME_CAPACITY, "the provider has no free IP address left: give it more, or delete guests" },
        { 50351, OUTCOME_CAPACITY, "none of the provider's hosts is alive: start one" },
};

enum jimv_era jimv_era(const struct pairs *options)
{
        return text_equal(provider_option_value(&jimv_provider, options, JIMV_OPTION), JIMV_WORD_08) ? JIMV_08
                                                                                                     : JIMV_2017;
}

int jimv_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                 struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = api_request(account, method, path, body, &rq, e);
        if (r == 0 && account->session)
                r = request_add_header(&rq, "Cookie", account->session, e);
        if (r < 0)
                return r;
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

bool jimv_uuid_valid(const char *id)
{
        return strlen(id) == UUID_LENGTH && strspn(id, "0123456789abcdefABCDEF-") == UUID_LENGTH;
}

void jimv_answer_done(struct jimv_answer *a)
{
        a->doc = json_doc_free(a->doc);
}

/* Is the reply a redirect to this page of the vendor's? */
static bool is_sent_to(const struct reply *rp, const char *page)
{
        const char *location = rp->status >= 300 && rp->status < 400 ? rp->location : NULL;
        size_t n = location ? strcspn(location, "?#") : 0, n_page = strlen(page);

        return n >= n_page && strncmp(location + n - n_page, page, n_page) == 0;
}

/* Where people log in is where a request without a session is sent to. */
static enum outcome_class read_redirect(const struct account_config *account, struct error *e)
{
        if (jimv_era(account->options) == JIMV_08) {
                error_set(e, -EKEYEXPIRED, "the session is over: the provider asks to log in");
                return OUTCOME_SESSION;
        }
        error_set(
                e, -EACCES,
                "the provider asks to log in, which only those of version 0.8 do: write options: {api: \"" JIMV_WORD_08
                "\"}, and login and password in auth");
        return OUTCOME_AUTH;
}

/* Does the server not know what it was asked for? A thing that is not there has a code of its own. */
static bool is_lost(int64_t status)
{
        return status == 404 || status == 405;
}

/* Pages of HTML are for people, or from something in between: the status is all that they say. */
static enum outcome_class read_status(const struct account_config *account, const struct reply *rp, struct error *e)
{
        struct outcome outcome;

        if (!outcome_from_status(rp, &outcome)) {
                error_set(e, -EBADMSG, "the provider's reply %s",
                          rp->body_len ? "is not the JSON that it should be" : "is empty");
                return OUTCOME_UNKNOWN;
        }
        if (is_sent_to(rp, "/config/create"))
                error_set(e, -EBADMSG, "the provider is not set up yet: open its pages and do that first");
        else if (is_lost(rp->status))
                error_set(e, -EBADMSG,
                          "the provider answered with HTTP status %d: it does not know the way; are the endpoint and "
                          "options.api (now \"%s\") right?",
                          rp->status, jimv_era(account->options) == JIMV_08 ? JIMV_WORD_08 : JIMV_WORD_2017);
        else if (rp->status == 500)
                error_set(
                        e, -EBADMSG,
                        "the provider failed (HTTP status 500): too many requests at once make it do so, and in 0.8 a "
                        "guest whose host is gone");
        else
                error_set(e, -EBADMSG, "%s", outcome.why.text);
        return outcome.class;
}

static const char *words_of(const struct json_node *state, char text[static API_WORDS_MAX])
{
        const struct json_node *words = json_node_member(json_node_member(state, "sub"), "zh-cn");

        return api_words(words ? words : json_node_member(state, "zh-cn"), text);
}

/* What a code stands for; one that is not documented proves nothing. */
static enum outcome_class read_code(const struct reply *rp, const struct json_node *state, bool secret, int64_t code,
                                    struct error *e)
{
        const char *meaning = code ? "the provider answered with a code that it does not document"
                                   : "the provider said no, and gives no code";
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        bool quotes = true;
        char text[API_WORDS_MAX];

        (void)outcome_from_status(rp, &outcome);
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code) {
                        outcome.class = meanings[i].class;
                        meaning = meanings[i].words;
                        quotes = code == CODE_THAT_QUOTES;
                }
        error_set(e, -EBADMSG, "%s (HTTP status %d, code %" PRId64 ", \"%s\")", meaning, rp->status, code,
                  secret && quotes ? "words that may repeat the password" : words_of(state, text));
        return outcome.class;
}

static enum outcome_class read_state(const struct account_config *account, const struct reply *rp, bool secret,
                                     const struct json_node *json, struct jimv_answer *ret, struct error *e)
{
        const struct json_node *state = json_node_member(json, "state");
        int64_t status, code = 0;
        int r;

        if (json_node_read_int64(json_node_member(state, "code"), &status) < 0) {
                error_set(e, -EBADMSG, "the provider's reply (HTTP status %d) has no code of its state", rp->status);
                return OUTCOME_UNKNOWN;
        }
        r = json_node_read_int64(json_node_member(json_node_member(state, "sub"), "code"), &code);
        if (status != rp->status || (r < 0 && r != -ENOENT) || (r == 0 && code / 100 != status)) {
                error_set(e, -EBADMSG,
                          "the provider's reply contradicts itself: its HTTP status is %d, its code %" PRId64
                          ", and the code within that %" PRId64 " (0: none)",
                          rp->status, status, code);
                return OUTCOME_UNKNOWN;
        }
        if (status == 200 && r < 0)
                return OUTCOME_ACCEPTED;
        if (r < 0 && is_lost(status))
                return read_status(account, rp, e);
        ret->code = code;
        ret->said_no = status >= 400;
        return read_code(rp, state, secret, code, e);
}

/* All that is read of any reply. */
static const char *const names[] = {
        /* of the envelope */
        "state",
        "code",
        "sub",
        "zh-cn",
        "data",
        "paging",
        "total",
        "offset",
        /* of guests and disks */
        "id",
        "uuid",
        "name",
        "label",
        "remark",
        "create_time",
        "status",
        "progress",
        "cpu",
        "memory",
        "bandwidth",
        "os_template_id",
        "os_template_image_id",
        "ip",
        "node_id",
        "guest_uuid",
        "sequence",
        "size",
        NULL,
};

int jimv_read(const struct account_config *account, struct reply *rp, bool secret, struct jimv_answer *ret,
              struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        struct jimv_answer answer = { .class = OUTCOME_UNKNOWN };
        struct error why = { "" };
        int r = 0;

        if (is_sent_to(rp, "/login")) {
                answer.class = read_redirect(account, e);
        } else if (rp->body[strspn(rp->body, BLANKS)] != '{') {
                answer.class = read_status(account, rp, e);
        } else {
                r = json_read(rp->body, rp->body_len, names, false, &doc, &why);
                explicit_bzero(rp->body, rp->body_len);
                if (r == 0)
                        answer.class = read_state(account, rp, secret, json_root(doc), &answer, e);
                else if (r != -ENOMEM)
                        error_set(e, -EBADMSG, "the provider's reply (HTTP status %d) is cut off or damaged: %s",
                                  rp->status, why.text);
        }
        if (r == -ENOMEM)
                return error_oom(e);
        answer.doc = STEAL(doc);
        *ret = answer;
        return 0;
}

int jimv_answer_check(const struct jimv_answer *a, const struct reply *rp)
{
        switch (a->class) {
        case OUTCOME_ACCEPTED:
                return 0;
        case OUTCOME_AUTH:
                return -EACCES;
        case OUTCOME_SESSION:
                return -EKEYEXPIRED;
        default: /* the vendor has errors of its own when it has much to do */
                return rp->status == 429 || rp->status >= 500 ? -EAGAIN : -EBADMSG;
        }
}
