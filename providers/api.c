/* SPDX-License-Identifier: MIT */
#include "providers/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"

#define QUOTE_MAX 120 /* characters of an unreadable reply that its error shows */
#define WORDS_SHOWN 120
#define BLANKS " \t\r\n"

static int add_body(struct request *rq, const json_t *body, struct error *e)
{
        rq->body = json_to_text(body, JSON_COMPACT);
        if (!rq->body)
                return error_oom(e);
        rq->body_len = strlen(rq->body);
        if (rq->body_len > API_MAX)
                return error_set(e, -EINVAL, "the request is too large");
        return request_add_header(rq, "Content-Type", "application/json", e);
}

int api_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { .method = method, .timeout = account->timeout };
        int r;

        if (asprintf(&rq.url, "%s/%s", account->endpoint, path) < 0) {
                rq.url = NULL;
                return error_oom(e);
        }
        if (body) {
                r = add_body(&rq, body, e);
                if (r < 0)
                        return r;
        }
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

bool api_id_valid(const char *id)
{
        size_t n = strlen(id);

        if (n == 0 || n >= OUTCOME_ID_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)id[i] < 0x20 || id[i] == 0x7f)
                        return false;
        return true;
}

int api_add_id(struct buf *path, const char *id, struct error *e)
{
        /* A path of dots would name something else than the thing. */
        if (!api_id_valid(id) || text_equal(id, ".") || text_equal(id, ".."))
                return error_set(e, -EINVAL, "the id cannot stand in a request");
        return wire_percent_encode(path, id, strlen(id)) < 0 ? error_oom(e) : 0;
}

/* How the reply begins is told where that is no JSON, as of a page for people. In JSON there may be secrets. */
static int unreadable(struct error *e, const char *body, const char *why)
{
        _cleanup_buf_ struct buf quote = BUF_INIT(4096);
        const char *start = body + strspn(body, BLANKS);

        if (*start == '{' || *start == '[')
                return error_set(e, -EBADMSG, "the provider's reply is not the JSON that it should be (%s)", why);
        text_escape(&quote, body, QUOTE_MAX);
        if (quote.len == 0)
                return error_set(e, -EBADMSG, "the provider's reply is empty");
        return error_set(e, -EBADMSG, "the provider's reply is not the JSON that it should be (%s); it begins with: %s",
                         why, buf_text(&quote));
}

int api_open(struct reply *rp, const char *const *names, bool first, struct json_doc **ret, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        struct error why = { "" };
        int r;

        r = json_read(rp->body, rp->body_len, names, first, &doc, &why);
        if (r == -ENOMEM)
                (void)error_oom(e);
        else if (r < 0)
                r = unreadable(e, rp->body, why.text);
        else if (!json_node_is_object(json_root(doc)))
                r = unreadable(e, rp->body, "not an object");
        explicit_bzero(rp->body, rp->body_len);
        if (r < 0)
                return r;
        *ret = STEAL(doc);
        return 0;
}

const char *api_words(const struct json_node *value, char text[static API_WORDS_MAX])
{
        _cleanup_buf_ struct buf words = BUF_INIT(API_WORDS_MAX - 1);
        char scratch[32];
        const char *said;

        if (json_node_read_text(value, scratch, &said) < 0)
                said = "no reason";
        if (text_escape(&words, said, WORDS_SHOWN) < 0)
                (void)snprintf(text, API_WORDS_MAX, "words that are too long");
        else
                (void)snprintf(text, API_WORDS_MAX, "%s", buf_text(&words));
        return text;
}

static int no_reading(const char *key, const char *what, struct error *e)
{
        return error_set(e, -EBADMSG, "\"%s\" of a %s in the provider's reply is not what it should be", key, what);
}

int api_read_text(struct observation *obs, const struct json_node *object, const char *key, const char *what,
                  const char **ret, struct error *e)
{
        const char *text = "";
        char scratch[32];
        int r;

        r = json_node_read_text(json_node_member(object, key), scratch, &text);
        if (r < 0 && r != -ENOENT)
                return no_reading(key, what, e);
        text = observation_string(obs, r < 0 ? "" : text);
        if (!text)
                return error_oom(e);
        *ret = text;
        return 0;
}

int api_read_id(struct observation *obs, const struct json_node *object, const char *key, const char *what,
                const char **ret, struct error *e)
{
        const char *id;
        int r;

        if (!json_node_is_object(object))
                return error_set(e, -EBADMSG, "a %s in the provider's reply is not an object", what);
        r = api_read_text(obs, object, key, what, &id, e);
        if (r < 0)
                return r;
        if (!api_id_valid(id))
                return error_set(e, -EBADMSG, "a %s in the provider's reply has no \"%s\" that could be one", what,
                                 key);
        *ret = id;
        return 0;
}

int api_read_number(const struct json_node *object, const char *key, const char *what, int64_t unit, int64_t max,
                    enum property property, struct values *values, struct error *e)
{
        int64_t number;
        int r;

        r = json_node_read_int64(json_node_member(object, key), &number);
        if (r == -ENOENT)
                return 0;
        if (r < 0 || number < 0 || number > max)
                return no_reading(key, what, e);
        values_set_number(values, property, number * unit);
        return 0;
}

int api_ask(struct request *rq, uint64_t tag, struct request_list *further, struct error *e)
{
        rq->read = true;
        rq->tag = tag;
        return request_list_add(further, rq, e);
}
