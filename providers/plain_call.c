/* SPDX-License-Identifier: MIT */
#include "providers/plain_call.h"

#include <errno.h>
#include <string.h>

#include "reconcile/base/text.h"

#define REPLY_MAX ((size_t)1 << 30)
#define SEGMENTS_MAX 8

static const char *const content_types[] = {
        [PLAIN_JSON] = "application/json;charset=UTF-8",
        [PLAIN_HTML] = "text/html; charset=utf-8",
        [PLAIN_TEXT] = "text/plain;charset=UTF-8",
};

/* Does the path, of `n` segments, fit the pattern? */
static bool fits(struct plain_call *c, const char *pattern, char *const *segments, size_t n)
{
        size_t captures = 0, i = 0;

        memset(c->captures, 0, sizeof(c->captures));
        for (; *pattern; i++) {
                size_t length = strcspn(pattern, "/");

                if (i == n || !*segments[i])
                        return false;
                if (length == 1 && *pattern == '*')
                        c->captures[captures++] = segments[i];
                else if (strlen(segments[i]) != length || memcmp(segments[i], pattern, length) != 0)
                        return false;
                pattern += length;
                pattern += *pattern == '/';
        }
        return i == n;
}

static void find_route(struct plain_call *c, const struct plain_route *routes)
{
        char *segments[SEGMENTS_MAX], *rest = c->path;
        size_t n = 0;

        for (char *segment; (segment = strsep(&rest, "/")); n++) {
                if (n == SEGMENTS_MAX || wire_percent_decode(segment, false) < 0)
                        return;
                segments[n] = segment;
        }
        for (const struct plain_route *r = routes; r->path && !c->route; r++) {
                if (!fits(c, r->path, segments, n))
                        continue;
                c->known_path = true;
                c->route = r->method == c->rq->method ? r : NULL;
        }
}

/* A parameter that is not well-formed is none. */
static void read_query(struct plain_call *c)
{
        char *rest = c->query;

        for (char *key; c->n_parameters < PLAIN_PARAMETERS_MAX && (key = strsep(&rest, "&"));) {
                char *value = strchr(key, '=');

                if (!value)
                        continue;
                *value++ = '\0';
                if (wire_percent_decode(value, true) == 0 && text_is_utf8(value, strlen(value)))
                        c->parameters[c->n_parameters++] = (struct plain_parameter){ key, value };
        }
}

/* Path and query, without scheme and host and what all paths begin with. */
static int copy_url(struct plain_call *c, const char *base)
{
        const char *path = strstr(c->rq->url, "://"), *query;

        path = path ? strchr(path + 3, '/') : c->rq->url;
        path = path && text_starts(path, base) && path[strlen(base)] == '/' ? path + strlen(base) : "";
        path += *path == '/';
        query = path + strcspn(path, "?");
        c->path = strndup(path, (size_t)(query - path));
        c->query = strdup(*query ? query + 1 : "");
        return c->path && c->query ? 0 : -ENOMEM;
}

int plain_call_open(struct plain_call *c, const char *base, const struct plain_route *routes)
{
        int r;

        c->out = BUF_INIT(REPLY_MAX);
        r = copy_url(c, base);
        if (r < 0)
                return r;
        find_route(c, routes);
        read_query(c);
        if (c->rq->body_len == 0)
                return 0;
        r = json_parse(c->rq->body, c->rq->body_len, &c->body, NULL);
        c->bad_body = r == -EBADMSG;
        return r == -ENOMEM ? r : 0;
}

void plain_call_done(struct plain_call *c)
{
        free(c->path);
        free(c->query);
        free(c->location);
        free(c->set_cookie);
        json_decref(c->body);
        buf_done(&c->out);
}

int plain_call_reply(struct plain_call *c, struct reply *ret)
{
        struct reply rp _cleanup_reply_ = { .end = REPLY_COMPLETE, .status = c->status, .body_len = c->out.len };

        rp.content_type = strdup(content_types[c->type]);
        rp.body = buf_steal(&c->out);
        if (!rp.content_type || !rp.body)
                return -ENOMEM;
        rp.location = STEAL(c->location);
        rp.set_cookie = STEAL(c->set_cookie);
        *ret = rp;
        rp = (struct reply){ 0 };
        return 0;
}

const char *plain_call_parameter(const struct plain_call *c, const char *key, const char *fallback)
{
        for (size_t i = 0; i < c->n_parameters; i++)
                if (text_equal(c->parameters[i].key, key))
                        return c->parameters[i].value;
        return fallback;
}

bool plain_call_number(const struct plain_call *c, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        const char *text = plain_call_parameter(c, key, NULL);

        return text && text_to_int64(text, ret) == 0 && *ret >= min && *ret <= max;
}

const char *plain_call_text(const struct plain_call *c, const char *key)
{
        const char *text = json_string_value(json_object_get(c->body, key));

        return text ? text : "";
}

int plain_call_say(struct plain_call *c, int status, json_t *value)
{
        _cleanup_json_ json_t *owned = value;
        _cleanup_free_ char *text = json_to_text(owned, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

        if (!text)
                return -ENOMEM;
        c->status = status;
        buf_reset(&c->out);
        return buf_adds(&c->out, text);
}

int plain_call_page(struct plain_call *c, int status, const char *title)
{
        c->status = status;
        c->type = PLAIN_HTML;
        buf_reset(&c->out);
        return buf_addf(&c->out, "<!DOCTYPE html>\n<title>%s</title>\n<h1>%d %s</h1>\n", title, status, title);
}
