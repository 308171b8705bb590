/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/base64.h"
#include "reconcile/base/text.h"

#define REPLY_MAX ((size_t)1 << 30)
#define LINE 76 /* characters of a line of Base64, where it comes in lines */

/* The form's one field, taken apart in the caller's copy of the body. 0, with NULL where there is no such field; -EBADMSG: it
 * cannot be read; -ENOMEM. */
static int read_params(char *body, json_t **ret)
{
        char *field = strstr(body, "KEY_PARAM=");
        _cleanup_json_ json_t *params = NULL;
        size_t n;
        int r;

        if (!field || (field != body && field[-1] != '&'))
                return 0;
        field += strlen("KEY_PARAM=");
        field[strcspn(field, "&")] = '\0';
        if (wire_percent_decode(field, true) < 0 || base64_decode_in_place(field, strlen(field), &n, NULL) < 0)
                return -EBADMSG;
        r = json_parse(field, n, &params, NULL);
        if (r < 0)
                return r;
        if (!json_is_object(params))
                return -EBADMSG;
        *ret = STEAL(params);
        return 0;
}

int sim_hear(struct plain_call *c, const struct plain_route *routes)
{
        _cleanup_free_ char *body = strndup(c->rq->body ? c->rq->body : "", c->rq->body_len);
        int r;

        if (!body)
                return -ENOMEM;
        r = plain_call_open(c, SIM_BASE_PATH, routes);
        if (r < 0)
                return r;
        json_decref(c->body);
        c->body = NULL;
        r = read_params(body, &c->body);
        c->bad_body = r == -EBADMSG;
        return r == -ENOMEM ? r : 0;
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

int sim_reply(struct plain_call *c, struct reply *ret)
{
        _cleanup_buf_ struct buf base64 = BUF_INIT(2 * REPLY_MAX), lines = BUF_INIT(3 * REPLY_MAX);
        struct buf *wrapped = c->s->quirks ? &lines : &base64;

        if (c->type != PLAIN_HTML) {
                base64_encode(&base64, c->out.data, c->out.len);
                if (c->s->quirks)
                        break_lines(&base64, &lines);
                if (c->out.failed < 0 || base64.failed < 0 || lines.failed < 0)
                        return -ENOMEM;
                buf_reset(&c->out);
                buf_add(&c->out, wrapped->data, wrapped->len);
                c->type = PLAIN_TEXT;
                c->status = 200;
        }
        return plain_call_reply(c, ret);
}

const json_t *sim_param(const struct plain_call *c, const char *key)
{
        return json_member(c->body, key);
}

const char *sim_text(const struct plain_call *c, const char *key)
{
        const char *text = json_string_value(sim_param(c, key));

        return text ? text : "";
}

bool sim_number(const struct plain_call *c, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        return json_read_int64(sim_param(c, key), ret) == 0 && *ret >= min && *ret <= max;
}

int sim_say(struct plain_call *c, json_t *reply)
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

int sim_say_no(struct plain_call *c, const char *format, ...)
{
        _cleanup_free_ char *why = NULL;
        va_list arguments;

        va_start(arguments, format);
        why = text_vformat(format, arguments);
        va_end(arguments);
        if (!why)
                return -ENOMEM;
        return sim_say(c, json_pack("{s:o, s:s}", "result", sim_code(c->s, 1), "resultinfo", why));
}

int sim_say_bad_token(struct plain_call *c)
{
        return sim_say(c, json_pack("{s:o, s:s}", "result", sim_code(c->s, 1003), "resultinfo",
                                    "the tenant's token is not valid"));
}

int sim_done(struct plain_call *c)
{
        return sim_say(c, json_pack("{s:o, s:s*}", "result", sim_code(c->s, 0), "data", c->s->quirks ? NULL : ""));
}

int sim_say_made(struct plain_call *c, const char *key, const struct sim_item *i)
{
        return sim_say(c, json_pack(c->s->quirks ? "{s:o, s:[{s:s}]}" : "{s:o, s:{s:s}}", "result", sim_code(c->s, 0),
                                    "data", key, i->record.id));
}

int sim_say_numbers(struct plain_call *c, json_t *numbers)
{
        _cleanup_json_ json_t *owned = numbers;
        json_t *value;
        const char *key;

        if (!owned)
                return -ENOMEM;
        json_object_foreach(owned, key, value)
        {
                json_t *text = c->s->quirks ? json_sprintf("%lld", (long long)json_integer_value(value))
                                            : json_incref(value);

                if (json_object_set_new(owned, key, text) < 0)
                        return -ENOMEM;
        }
        return sim_say(
                c, json_pack(c->s->quirks ? "{s:o, s:[O]}" : "{s:o, s:O}", "result", sim_code(c->s, 0), "data", owned));
}

int sim_say_row(struct plain_call *c, struct sim_item *i)
{
        const char *row = sim_item_row(c->s, i);

        if (!row)
                return -ENOMEM;
        return buf_addf(&c->out, c->s->quirks ? "{\"result\":0,\"data\":%s}" : "{\"result\":\"0\",\"data\":%s}", row);
}

int sim_begin(struct plain_call *c, struct sim_item *i, enum sim_work work, int64_t wanted)
{
        sim_work_begin(c->s, i, work, c->now, wanted);
        return sim_say(c, json_pack("{s:o, s:o}", "result", sim_code(c->s, 0), "startid", sim_task(c->s)));
}

struct sim_item *sim_named(struct plain_call *c, enum sim_kind_name kind, const char *id, int *ret)
{
        struct sim_item *i = sim_item_find(c->s, kind, id);

        if (!i)
                *ret = sim_say_no(c, "the %s does not exist", sim_kind(kind)->noun);
        return i;
}

struct sim_item *sim_changeable(struct plain_call *c, enum sim_kind_name kind, const char *id, int *ret)
{
        struct sim_item *i = sim_named(c, kind, id, ret);

        if (!i || i->work == WORK_NONE)
                return i;
        *ret = sim_say_no(c, "the %s is locked by other work", sim_kind(kind)->noun);
        return NULL;
}
