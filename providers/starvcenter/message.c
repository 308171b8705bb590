/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/base64.h"
#include "reconcile/base/text.h"

#define REQUEST_MAX ((size_t)1 << 20)
#define QUOTE_MAX 120  /* characters of an unreadable reply that its error shows */
#define REASON_MAX 300 /* characters of the vendor's reason */

int message_put_text(json_t *params, const char *key, const char *value, struct error *e)
{
        return json_object_set_new(params, key, json_string(value)) < 0
                       ? error_set(e, -EINVAL, "\"%s\" is not UTF-8", key)
                       : 0;
}

int message_put_number(json_t *params, const char *key, int64_t value, struct error *e)
{
        char text[24];

        (void)snprintf(text, sizeof(text), "%" PRId64, value);
        return message_put_text(params, key, text, e);
}

static int form_body(const json_t *params, struct request *rq, struct error *e)
{
        _cleanup_free_ char *json = json_to_text(params, JSON_COMPACT);
        _cleanup_buf_ struct buf base64 = BUF_INIT(REQUEST_MAX);
        _cleanup_buf_ struct buf body = BUF_INIT(3 * REQUEST_MAX);
        int r;

        if (!json)
                return error_oom(e);
        base64_encode(&base64, json, strlen(json));
        explicit_bzero(json, strlen(json)); /* a password or a key may be in it */
        buf_adds(&body, "KEY_PARAM=");
        wire_percent_encode(&body, buf_text(&base64), base64.len);
        if (base64.len)
                explicit_bzero(base64.data, base64.len);
        r = base64.failed < 0 ? base64.failed : body.failed;
        if (r < 0)
                return error_set(e, r, "the request's parameters are too large");
        rq->body_len = body.len;
        rq->body = buf_steal(&body);
        return request_add_header(rq, "Content-Type", "application/x-www-form-urlencoded", e);
}

int message_request(const struct account_config *account, enum method method, const char *path, const json_t *params,
                    struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { .method = method, .timeout = account->timeout };
        int r;

        if (asprintf(&rq.url, "%s/%s", account->endpoint, path) < 0) {
                rq.url = NULL;
                return error_oom(e);
        }
        if (account->token) {
                r = request_add_header(&rq, "KEY_TOKEN", account->token, e);
                if (r < 0)
                        return r;
        }
        if (params) {
                r = form_body(params, &rq, e);
                if (r < 0)
                        return r;
        }
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

bool message_id_valid(const char *id)
{
        size_t n = strlen(id);

        if (n == 0 || n >= OUTCOME_ID_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)id[i] < 0x20 || id[i] == 0x7f)
                        return false;
        return true;
}

int message_id_request(const struct account_config *account, enum method method, const char *before, const char *id,
                       struct request *ret, struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(1024);

        /* A path of dots would name something else. */
        if (!message_id_valid(id) || text_equal(id, ".") || text_equal(id, ".."))
                return error_set(e, -EINVAL, "the id cannot stand in a request");
        buf_adds(&path, before);
        wire_percent_encode(&path, id, strlen(id));
        if (path.failed < 0)
                return error_oom(e);
        return message_request(account, method, buf_text(&path), NULL, ret, e);
}

static int unreadable(struct error *e, const char *start, const char *why)
{
        _cleanup_buf_ struct buf quote = BUF_INIT(4096);

        text_escape(&quote, start, QUOTE_MAX);
        if (quote.len == 0)
                return error_set(e, -EBADMSG, "the provider's reply is empty");
        return error_set(e, -EBADMSG, "the provider's reply is not JSON in Base64 (%s); it begins with: %s", why,
                         buf_text(&quote));
}

static int unwrap(struct reply *rp, const char *const *names, struct json_doc **ret, struct error *e)
{
        char start[4 * QUOTE_MAX] = "";
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        struct error why = { "" };
        size_t n;
        int r;

        /* Decoding spends the body, so what an error may have to quote is kept. */
        memcpy(start, rp->body, rp->body_len < sizeof(start) ? rp->body_len : sizeof(start) - 1);
        r = base64_decode_in_place(rp->body, rp->body_len, &n, &why);
        if (r < 0)
                return unreadable(e, start, why.text);
        r = json_read(rp->body, n, names, false, &doc, &why);
        explicit_bzero(rp->body, rp->body_len);
        if (r == -ENOMEM)
                return error_oom(e);
        if (r < 0)
                return unreadable(e, start, why.text);
        if (!json_node_is_object(json_root(doc)))
                return unreadable(e, start, "not an object");
        *ret = STEAL(doc);
        return 0;
}

/* The vendor's words into the error. */
static void reason(const struct json_node *reply, const char *what, struct error *e)
{
        _cleanup_buf_ struct buf words = BUF_INIT(4096);
        char scratch[32];
        const char *text;

        if (json_node_read_text(json_node_member(reply, "resultinfo"), scratch, &text) < 0) {
                error_set(e, -EBADMSG, "%s, and gives no reason", what);
                return;
        }
        text_escape(&words, text, REASON_MAX);
        error_set(e, -EBADMSG, "%s: %s", what, buf_text(&words));
}

int message_open(struct reply *rp, const char *const *names, struct json_doc **ret, enum message_result *ret_result,
                 struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        const struct json_node *reply;
        enum message_result result;
        char scratch[32];
        const char *code;
        int r;

        r = unwrap(rp, names, &doc, e);
        if (r < 0)
                return r;
        reply = json_root(doc);
        if (json_node_read_text(json_node_member(reply, "result"), scratch, &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no result code");
        if (text_equal(code, "0")) {
                result = RESULT_DONE;
        } else if (text_equal(code, "1")) {
                result = RESULT_FAILED;
                reason(reply, "the provider said no", e);
        } else if (text_equal(code, "1003")) {
                result = RESULT_TOKEN;
                reason(reply, "the provider does not take the token", e);
        } else {
                reason(reply, "the provider answered with a result code that it does not document", e);
                return -EBADMSG;
        }
        *ret = STEAL(doc);
        *ret_result = result;
        return 0;
}

int message_count_rows(const struct json_node *reply, size_t *ret, struct error *e)
{
        const struct json_node *data = json_node_member(reply, "data");

        if (!data || json_node_is_null(data) || (json_node_is_string(data) && !*json_node_string(data)))
                *ret = 0;
        else if (json_node_is_array(data))
                *ret = json_node_count(data);
        else if (json_node_is_object(data))
                *ret = 1;
        else
                return error_set(e, -EBADMSG, "the data of the provider's reply is neither a list nor an object");
        return 0;
}

const struct json_node *message_first_row(const struct json_node *reply)
{
        const struct json_node *data = json_node_member(reply, "data");

        return json_node_is_array(data) ? json_node_first(data) : data;
}
