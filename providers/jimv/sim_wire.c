/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

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

void jimv_sim_hear(struct plain_call *c)
{
        const char *type = request_header(c->rq, "Content-Type");

        if (!c->s->quirks || (type && text_starts(type, "application/json")))
                return;
        json_decref(c->body);
        c->body = NULL;
        c->bad_body = false;
}

int jimv_sim_reply(struct plain_call *c, struct reply *ret)
{
        if (c->s->quirks)
                c->type = PLAIN_HTML;
        return plain_call_reply(c, ret);
}

int jimv_sim_add_origin(const struct plain_call *c, struct buf *b)
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
static int say_state(struct plain_call *c, int status, json_t *sub)
{
        size_t i = state_of(status);
        _cleanup_json_ json_t *owned = sub, *state = NULL;
        _cleanup_free_ char *text = NULL;

        state = json_pack("{s:o, s:s, s:s, s:O*}", "code", json_sprintf("%d", status), "zh-cn", states[i].chinese,
                          "en-us", states[i].words, "sub", owned);
        text = json_to_text(state, 0);
        if (!text)
                return -ENOMEM;
        c->status = status;
        c->type = PLAIN_JSON;
        buf_reset(&c->out);
        return buf_addf(&c->out, "{\"state\": %s", text);
}

int jimv_sim_ok_begin(struct plain_call *c)
{
        return say_state(c, 200, NULL) < 0 ? -ENOMEM : buf_adds(&c->out, ", \"data\": ");
}

int jimv_sim_ok(struct plain_call *c)
{
        return say_state(c, 200, NULL) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
}

int jimv_sim_no_begin(struct plain_call *c, int code, const char *about)
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

int jimv_sim_no(struct plain_call *c, int code, const char *about)
{
        return jimv_sim_no_begin(c, code, about) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
}

int jimv_sim_page(struct plain_call *c, int status)
{
        const char *words = states[state_of(status)].words;

        if (!c->s->quirks)
                return say_state(c, status, NULL) < 0 ? -ENOMEM : buf_addc(&c->out, '}');
        return plain_call_page(c, status, words);
}

int jimv_sim_redirect(struct plain_call *c, const char *path)
{
        _cleanup_buf_ struct buf location = BUF_INIT(4096);

        jimv_sim_add_origin(c, &location);
        buf_adds(&location, path);
        c->location = buf_steal(&location);
        if (!c->location)
                return -ENOMEM;
        c->status = 302;
        c->type = PLAIN_HTML;
        buf_reset(&c->out);
        return buf_addf(&c->out, "<title>Redirecting...</title>\n<a href=\"%s\">%s</a>\n", c->location, c->location);
}
