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

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/base64.h"

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
