/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of StarVCenter share: replies out of texts and files, and the codec against the simulator in memory.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/base64.h"
#include "tests/support/files.h"

#define GOLDEN "providers/starvcenter/golden/"
#define FOLDER TESTS_DIR "/" GOLDEN
#define ENDPOINT "http://star.test:18081/starvcenter/services/cloudresource"

static const struct provider *const codec = &starvcenter_provider;
static const struct simulator *const simulator = &starvcenter_simulator;

static const struct account_config account = { .endpoint = ENDPOINT,
                                               .token = "secret-1",
                                               .timeout = 30 * USEC_PER_SEC };

/* A whole file, with a NUL behind it. */
static inline char *read_file(const char *path, size_t *ret_n)
{
        FILE *f = fopen(path, "re");
        char *text;
        long n;

        if (!f)
                fail_msg("%s is not there", path);
        assert_int_equal(fseek(f, 0, SEEK_END), 0);
        n = ftell(f);
        rewind(f);
        text = calloc(1, (size_t)n + 1);
        assert_non_null(text);
        assert_int_equal(fread(text, 1, (size_t)n, f), n);
        (void)fclose(f);
        *ret_n = (size_t)n;
        return text;
}

/* A reply with a copy of the bytes, in memory of exactly their size, so that reading past them is found. */
static inline struct reply reply_of(int status, const char *bytes, size_t n)
{
        struct reply rp = { .end = REPLY_COMPLETE, .status = status, .body_len = n };

        rp.body = malloc(n + 1);
        assert_non_null(rp.body);
        memcpy(rp.body, bytes, n);
        rp.body[n] = '\0';
        return rp;
}

static inline struct reply reply_of_json(const char *json)
{
        struct buf base64 = BUF_INIT((size_t)64 << 20);
        struct reply rp;

        assert_int_equal(base64_encode(&base64, json, strlen(json)), 0);
        rp = reply_of(200, base64.data, base64.len);
        buf_done(&base64);
        return rp;
}

#define TEXT_MAX ((size_t)1 << 20)

/* A reply of the golden files in the ways that its Base64 may come. */
enum wrapping { WRAP_PLAIN, WRAP_LINES, WRAP_UNPADDED, WRAPPINGS };

static inline struct reply wrapped(const char *json, size_t n, enum wrapping how)
{
        struct buf base64 = BUF_INIT(TEXT_MAX), lines = BUF_INIT(TEXT_MAX);
        struct reply rp;

        assert_int_equal(base64_encode(&base64, json, n), 0);
        for (size_t i = 0; i < base64.len; i++) {
                if (how == WRAP_UNPADDED && base64.data[i] == '=')
                        break;
                buf_addc(&lines, base64.data[i]);
                if (how == WRAP_LINES && i % 76 == 75)
                        buf_adds(&lines, "\r\n");
        }
        if (how == WRAP_LINES)
                buf_adds(&lines, "\n");
        assert_int_equal(lines.failed, 0);
        rp = reply_of(200, buf_text(&lines), lines.len);
        buf_done(&base64);
        buf_done(&lines);
        return rp;
}

static inline const char *errno_name(int r)
{
        return r == -EBADMSG  ? "-EBADMSG"
               : r == -EACCES ? "-EACCES"
               : r == -EAGAIN ? "-EAGAIN"
               : r == -ESTALE ? "-ESTALE"
                              : "?";
}

/* The form's field, decoded from the request itself. */
static inline void print_params(struct buf *b, const struct request *rq)
{
        char *field = strdup(rq->body + strlen("KEY_PARAM="));
        size_t n;

        assert_non_null(field);
        assert_int_equal(wire_percent_decode(field, true), 0);
        assert_int_equal(base64_decode_in_place(field, strlen(field), &n, NULL), 0);
        buf_addf(b, "\n%s\n\n%s\n", rq->body, field);
        free(field);
}

static inline void check_request(const char *name, struct request *rq)
{
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[4096];

        (void)snprintf(path, sizeof(path), GOLDEN "requests/%s.txt", name);
        buf_addf(&b, "%s %s\n", method_name(rq->method), rq->url);
        for (size_t i = 0; i < rq->n_headers; i++)
                buf_addf(&b, "%s: %s\n", rq->headers[i].name, rq->headers[i].value);
        if (rq->body) {
                assert_int_equal(rq->body_len, strlen(rq->body));
                print_params(&b, rq);
        }
        assert_same_as_file(buf_text(&b), path);
        assert_int_equal(rq->timeout, account.timeout);
        buf_done(&b);
        request_done(rq);
}
