/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/wire.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define UNRESERVED LETTERS_AND_DIGITS "-._~"                  /* RFC 3986 */
#define TOKEN_CHARACTERS LETTERS_AND_DIGITS "!#$%&'*+-.^_`|~" /* RFC 9110 */

static const char *const method_names[] = {
        [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
        [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
};

const char *method_name(enum method m)
{
        return method_names[m];
}

int method_parse(const char *name, enum method *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(method_names); i++)
                if (text_equal(method_names[i], name)) {
                        *ret = (enum method)i;
                        return 0;
                }

        return -EINVAL;
}

void request_done(struct request *rq)
{
        if (!rq)
                return;

        for (size_t i = 0; i < rq->n_headers; i++) {
                free(rq->headers[i].name);
                free(rq->headers[i].value);
        }
        free(rq->headers);
        free(rq->url);
        free(rq->body);
        *rq = (struct request){};
}

static bool is_token(const char *s)
{
        return *s && s[strspn(s, TOKEN_CHARACTERS)] == '\0';
}

static bool has_control(const char *s)
{
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7F)
                        return true;

        return false;
}

/* The value may be a secret, so an error names the header only. */
int request_add_header(struct request *rq, const char *name, const char *value, struct error *e)
{
        _cleanup_free_ char *own_name = NULL, *own_value = NULL;
        struct header *header;

        if (!is_token(name))
                return error_set(e, -EINVAL, "a header's name is empty or holds a character that may not be in it");
        if (has_control(value))
                return error_set(e, -EINVAL, "the value of header %s holds a control character", name);

        own_name = strdup(name);
        own_value = strdup(value);
        header = own_name && own_value ? ARRAY_ADD(rq->headers, rq->n_headers, rq->allocated_headers) : NULL;
        if (!header)
                return error_oom(e);

        *header = (struct header){ .name = STEAL(own_name), .value = STEAL(own_value) };
        return 0;
}

const char *request_header(const struct request *rq, const char *name)
{
        for (size_t i = 0; i < rq->n_headers; i++)
                if (strcasecmp(rq->headers[i].name, name) == 0)
                        return rq->headers[i].value;

        return NULL;
}

void reply_done(struct reply *rp)
{
        if (!rp)
                return;

        free(rp->body);
        free(rp->content_type);
        free(rp->location);
        free(rp->set_cookie);
        free(rp->why);
        *rp = (struct reply){};
}

int wire_percent_encode(struct buf *b, const char *s, size_t n)
{
        static const char hexadecimal[] = "0123456789ABCDEF";
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                unsigned char c = (unsigned char)s[i];

                if (c != '\0' && strchr(UNRESERVED, c))
                        r = buf_addc(b, s[i]);
                else
                        r = buf_add(b, (char[]){ '%', hexadecimal[c >> 4], hexadecimal[c & 15] }, 3);
        }

        return r;
}

/* 0 to 15, or -1. */
static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;

        return -1;
}

/* Checks the whole string before it is touched. %00 is refused: the result is a string, and would end there. */
static bool is_percent_encoded(const char *s)
{
        for (; *s; s++)
                if (*s == '%' && (hex_value(s[1]) < 0 || hex_value(s[2]) < 0 || (s[1] == '0' && s[2] == '0')))
                        return false;

        return true;
}

int wire_percent_decode(char *s, bool form)
{
        char *out = s;

        if (!is_percent_encoded(s))
                return -EINVAL;

        for (; *s; s++) {
                if (*s == '%') {
                        *(unsigned char *)out++ = (unsigned char)((unsigned)hex_value(s[1]) << 4 |
                                                                  (unsigned)hex_value(s[2]));
                        s += 2;
                } else {
                        *out++ = (char)(form && *s == '+' ? ' ' : *s);
                }
        }
        *out = '\0';

        return 0;
}
