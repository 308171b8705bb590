/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/base64.h"
#include "reconcile/base/text.h"

#define REPLY_MAX ((size_t)1 << 30)
#define LINE 76 /* characters of a line of Base64, where it comes in lines */

/* What follows the base path, of a URL with or without a host in front; NULL: it is not under it. */
static const char *path_under_base(const char *url)
{
        const char *path = strstr(url, "://");

        path = path ? strchr(path + 3, '/') : url;
        if (!path || !text_starts(path, SIM_BASE_PATH "/"))
                return NULL;
        return path + strlen(SIM_BASE_PATH "/");
}

/* Does the path fit the route? Where that ends with '*', `*ret_id` is what stands in its place. */
static bool route_fits(const struct sim_route *route, const char *path, const char **ret_id)
{
        size_t n = strlen(route->path) - 1;

        *ret_id = NULL;
        if (route->path[n] != '*')
                return text_equal(route->path, path);
        if (strncmp(route->path, path, n) != 0 || path[n] == '\0' || strchr(path + n, '/'))
                return false;
        *ret_id = path + n;
        return true;
}

static const struct sim_route *find_route(const struct sim_route *routes, const struct request *rq, const char **ret_id)
{
        const char *path = path_under_base(rq->url);
        const struct sim_route *route = routes;

        *ret_id = NULL;
        while (route->path && !(path && route->method == rq->method && route_fits(route, path, ret_id)))
                route++;
        return route;
}

/* The form's one field, taken apart in the caller's copy of the body. NULL: it is not there or cannot be read. */
static json_t *read_params(char *body)
{
        char *field = strstr(body, "KEY_PARAM=");
        json_t *params;
        size_t n;

        if (!field || (field != body && field[-1] != '&'))
                return NULL;
        field += strlen("KEY_PARAM=");
        field[strcspn(field, "&")] = '\0';
        if (wire_percent_decode(field, true) < 0 || base64_decode_in_place(field, strlen(field), &n, NULL) < 0 ||
            json_parse(field, n, &params, NULL) < 0)
                return NULL;
        if (!json_is_object(params)) {
                json_decref(params);
                return NULL;
        }
        return params;
}

int sim_call_open(struct sim_call *c, const struct sim_route *routes, const struct request *rq)
{
        _cleanup_free_ char *body = rq->body ? strndup(rq->body, rq->body_len) : NULL;
        const char *id;

        c->out = BUF_INIT(REPLY_MAX);
        if (rq->body && !body)
                return -ENOMEM;
        c->route = find_route(routes, rq, &id);
        if (id) {
                c->id = strdup(id);
                if (!c->id)
                        return -ENOMEM;
                if (wire_percent_decode(c->id, false) < 0)
                        *c->id = '\0';
        }
        if (body)
                c->params = read_params(body);
        return 0;
}

void sim_call_done(struct sim_call *c)
{
        free(c->id);
        json_decref(c->params);
        buf_done(&c->out);
}

static int reply_fill(struct reply *ret, int status, const char *content_type, struct buf *body)
{
        struct reply rp _cleanup_reply_ = { .end = REPLY_COMPLETE, .status = status, .body_len = body->len };

        rp.content_type = strdup(content_type);
        rp.body = buf_steal(body);
        if (!rp.content_type || !rp.body)
                return -ENOMEM;
        *ret = rp;
        rp = (struct reply){};
        return 0;
}

/* As a mail would carry it: in lines, and without the padding. */
static void break_lines(const struct buf *base64, struct buf *out)
{
        size_t n = base64->len;

        while (n > 0 && base64->data[n - 1] == '=')
                n--;
        for (size_t i = 0; i < n; i += LINE) {
                buf_add(out, base64->data + i, n - i < LINE ? n - i : LINE);
                buf_adds(out, "\r\n");
        }
}

int sim_call_reply(struct sim_call *c, struct reply *ret)
{
        _cleanup_buf_ struct buf base64 = BUF_INIT(2 * REPLY_MAX), lines = BUF_INIT(3 * REPLY_MAX);

        base64_encode(&base64, c->out.data, c->out.len);
        if (c->s->quirks)
                break_lines(&base64, &lines);
        if (c->out.failed < 0 || base64.failed < 0 || lines.failed < 0)
                return -ENOMEM;
        return reply_fill(ret, 200, "text/plain;charset=UTF-8", c->s->quirks ? &lines : &base64);
}

int sim_not_found(struct reply *ret)
{
        _cleanup_buf_ struct buf page = BUF_INIT(256);

        buf_adds(&page, "<html><body><h1>404 Not Found</h1></body></html>\n");
        return reply_fill(ret, 404, "text/html", &page);
}

int sim_say(struct sim_call *c, json_t *reply)
{
        _cleanup_json_ json_t *owned = reply;
        _cleanup_free_ char *text = json_to_text(owned, JSON_COMPACT);

        return text ? buf_adds(&c->out, text) : -ENOMEM;
}

json_t *sim_code(const struct simulation *s, int code)
{
        return s->quirks ? json_integer(code) : json_sprintf("%d", code);
}

json_t *sim_task(struct simulation *s)
{
        return json_sprintf("task-%" PRIu64, s->next_task++);
}

int sim_say_no(struct sim_call *c, const char *why)
{
        return sim_say(c, json_pack("{s:o, s:s}", "result", sim_code(c->s, 1), "resultinfo", why));
}

int sim_say_bad_token(struct sim_call *c)
{
        return sim_say(c, json_pack("{s:o, s:s}", "result", sim_code(c->s, 1003), "resultinfo",
                                    "the tenant's token is not valid"));
}
