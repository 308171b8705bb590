/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

#define REPLY_MAX ((size_t)4 << 30)

static const struct {
        int status;
        const char *words, *chinese;
} states[] = {
        { 200, "OK", "成功" },
        { 400, "Bad Request", "请求错误" },
        { 401, "Unauthorized", "未授权" },
        { 404, "Not found", "未找到" },
        { 405, "Method Not Allowed", "方法不允许" },
        { 409, "Conflict", "请求冲突" },
        { 412, "Precondition Failed", "先决条件失败" },
        { 500, "Internal Server Error", "服务器错误" },
        { 503, "Service Unavailable", "服务不可用" },
};

static const struct {
        int code;
        const char *chinese;
} codes[] = {
        { 40101, "鉴权失败" },     { 40401, "不存在" },       { 40450, "没有模板" },     { 40901, "已存在" },
        { 41201, "缺少参数" },     { 41202, "类型不符" },     { 41203, "超出范围" },     { 41209, "格式不符" },
        { 41255, "磁盘大小不符" }, { 41256, "磁盘使用中" },   { 41257, "磁盘须变大" },   { 41258, "磁盘不空闲" },
        { 41259, "虚拟机未就绪" }, { 41260, "不在同一主机" }, { 41261, "虚拟机未关闭" }, { 50350, "没有地址" },
        { 50351, "没有主机" },
};

/* Does the path, of `n` segments, fit the pattern? What stands in place of each "*" is a capture. */
static bool fits(struct call *c, const char *pattern, char *const *segments, size_t n)
{
        size_t i = 0;

        c->n_captures = 0;
        for (; *pattern; i++) {
                size_t length = strcspn(++pattern, "/");

                if (i == n)
                        return false;
                if (length == 1 && *pattern == '*') {
                        if (!*segments[i])
                                return false;
                        c->captures[c->n_captures++] = segments[i];
                } else if (strlen(segments[i]) != length || memcmp(segments[i], pattern, length) != 0) {
                        return false;
                }
                pattern += length;
        }
        return i == n;
}

#define SEGMENTS_MAX 8

static void find_route(struct call *c, const struct route *routes)
{
        char *segments[SEGMENTS_MAX], *rest = c->path;
        size_t n = 0;

        for (char *segment; (segment = strsep(&rest, "/")); n++) {
                if (n == SEGMENTS_MAX || wire_percent_decode(segment, false) < 0)
                        return;
                segments[n] = segment;
        }
        for (const struct route *r = routes; r->path; r++) {
                if (!fits(c, r->path, segments, n))
                        continue;
                c->known_path = true;
                if (r->method == c->rq->method) {
                        c->route = r;
                        return;
                }
        }
}

/* Copies path and query, without scheme and host, and without the first slash. */
static int copy_url(struct call *c)
{
        const char *path = strstr(c->rq->url, "://"), *query;

        path = path ? strchr(path + 3, '/') : c->rq->url;
        path = path && *path == '/' ? path + 1 : "";
        query = path + strcspn(path, "?");
        c->path = strndup(path, (size_t)(query - path));
        c->query = strdup(*query ? query + 1 : "");
        return c->path && c->query ? 0 : -ENOMEM;
}

/* With quirks, a body that is not said to be JSON is none at all. */
static int read_body(struct call *c)
{
        const char *type = request_header(c->rq, "Content-Type");
        int r;

        if (c->rq->body_len == 0 || (c->s->quirks && (!type || !text_starts(type, "application/json"))))
                return 0;
        r = json_parse(c->rq->body, c->rq->body_len, &c->body, NULL);
        c->bad_body = r == -EBADMSG;
        return r == -ENOMEM ? r : 0;
}

static void read_sid(struct call *c)
{
        const char *cookie = request_header(c->rq, "Cookie");

        for (; cookie && *cookie; cookie += strcspn(cookie, ";")) {
                cookie += strspn(cookie, "; ");
                if (text_starts(cookie, "sid=")) {
                        size_t n = strcspn(cookie + 4, ";");

                        if (n < sizeof(c->sid))
                                memcpy(c->sid, cookie + 4, n);
                }
        }
}

static void read_query(struct call *c)
{
        char *rest = c->query;

        for (char *key; c->n_parameters < PARAMETERS_MAX && (key = strsep(&rest, "&"));) {
                char *value = strchr(key, '=');

                if (!value)
                        continue;
                *value++ = '\0';
                if (wire_percent_decode(value, true) == 0 && text_is_utf8(value, strlen(value)))
                        c->parameters[c->n_parameters++] = (struct parameter){ key, value };
        }
}

int jimv_sim_call_open(struct call *c, const struct route *routes)
{
        int r;

        c->out = BUF_INIT(REPLY_MAX);
        r = copy_url(c);
        if (r < 0)
                return r;
        find_route(c, routes);
        read_query(c);
        if (c->s->era == ERA_0_8)
                read_sid(c);
        return read_body(c);
}

void jimv_sim_call_done(struct call *c)
{
        free(c->path);
        free(c->query);
        free(c->location);
        json_decref(c->body);
        buf_done(&c->out);
}

const char *jimv_sim_query(const struct call *c, const char *key, const char *fallback)
{
        for (size_t i = 0; i < c->n_parameters; i++)
                if (text_equal(c->parameters[i].key, key))
                        return c->parameters[i].value;
        return fallback;
}

int jimv_sim_add_origin(const struct call *c, struct buf *b)
{
        const char *host = request_header(c->rq, "Host"), *rest = strstr(c->rq->url, "://");

        if (host)
                return buf_addf(b, "http://%s", host);
        if (rest)
                return buf_add(b, c->rq->url, (size_t)(rest - c->rq->url) + 3 + strcspn(rest + 3, "/"));
        return buf_adds(b, "http://127.0.0.1");
}

static size_t state_of(int status)
{
        size_t i = 0;

        while (states[i].status != status)
                i++;
        return i;
}

/* `sub` is taken over; NULL: there is none, which is how success looks. */
static int say_state(struct call *c, int status, json_t *sub)
{
        size_t i = state_of(status);
        _cleanup_json_ json_t *owned = sub, *state = NULL;
        _cleanup_free_ char *text = NULL;

        state = json_pack("{s:o, s:s, s:s, s:O*}", "code", json_sprintf("%d", status), "zh-cn", states[i].chinese,
                          "en-us", states[i].words, "sub", owned);
        text = state ? json_dumps(state, 0) : NULL;
        if (!text)
                return -ENOMEM;
        c->status = status;
        c->is_page = false;
        buf_reset(&c->out);
        return buf_addf(&c->out, "{\"state\": %s", text);
}

int jimv_sim_ok_begin(struct call *c)
{
        return say_state(c, 200, NULL) < 0 ? -ENOMEM : buf_adds(&c->out, ", \"data\": ");
}

int jimv_sim_ok(struct call *c)
{
        return say_state(c, 200, NULL) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
}

int jimv_sim_no_begin(struct call *c, int code, const char *about)
{
        json_t *sub;
        size_t i = 0;

        while (codes[i].code != code)
                i++;
        sub = json_pack("{s:o, s:o}", "zh-cn",
                        json_sprintf("%s%s%s", codes[i].chinese, about ? ": " : "", about ? about : ""), "code",
                        json_sprintf("%d", code));
        return sub ? say_state(c, code / 100, sub) : -ENOMEM;
}

int jimv_sim_no(struct call *c, int code, const char *about)
{
        return jimv_sim_no_begin(c, code, about) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
}

int jimv_sim_page(struct call *c, int status)
{
        const char *words = states[state_of(status)].words;

        if (!c->s->quirks)
                return say_state(c, status, NULL) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
        c->status = status;
        c->is_page = true;
        buf_reset(&c->out);
        return buf_addf(
                &c->out,
                "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>%d %s</title>\n<h1>%s</h1>\n",
                status, words, words);
}

int jimv_sim_redirect(struct call *c, const char *path)
{
        _cleanup_buf_ struct buf location = BUF_INIT(4096);

        jimv_sim_add_origin(c, &location);
        buf_adds(&location, path);
        c->location = buf_steal(&location);
        if (!c->location)
                return -ENOMEM;
        c->status = 302;
        c->is_page = true;
        buf_reset(&c->out);
        return buf_addf(&c->out, "<title>Redirecting...</title>\n<a href=\"%s\">%s</a>\n", c->location, c->location);
}

int jimv_sim_call_reply(struct call *c, struct reply *ret)
{
        struct reply rp _cleanup_reply_ = { .end = REPLY_COMPLETE, .status = c->status, .body_len = c->out.len };

        rp.content_type = strdup(c->is_page || c->s->quirks ? "text/html; charset=utf-8" : "application/json");
        rp.body = buf_steal(&c->out);
        if (!rp.content_type || !rp.body)
                return -ENOMEM;
        if (c->s->era == ERA_0_8) {
                rp.set_cookie = jimv_sim_cookie(c);
                if (!rp.set_cookie)
                        return -ENOMEM;
        }
        rp.location = STEAL(c->location);
        *ret = rp;
        rp = (struct reply){};
        return 0;
}
