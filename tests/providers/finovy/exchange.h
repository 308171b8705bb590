/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of Finovy's codec share: the codec, an account, and answers to what it asks.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/finovy/finovy.h"
#include "reconcile/base/text.h"
#include "tests/support/reply_text.h"

#define GOLDEN "providers/finovy/golden/"
#define TEXT_MAX ((size_t)1 << 20)
#define ENDPOINT "https://finovy.test"
#define TOKEN "token-canary"

static const struct provider *const codec = &finovy_provider;

static const struct account_config account = { .endpoint = ENDPOINT, .token = TOKEN, .timeout = 30 * USEC_PER_SEC };

/* A reply with this status and `n` bytes of a body. */
static inline struct reply reply_with(int status, const char *body, size_t n)
{
        struct buf b = BUF_INIT(n + 64);
        struct reply rp;

        buf_addf(&b, "HTTP/1.1 %d -\n\n", status);
        assert_int_equal(buf_add(&b, body, n), 0);
        rp = reply_of_text(b.data, b.len);
        buf_done(&b);
        return rp;
}

static inline struct reply reply_with_text(int status, const char *body)
{
        return reply_with(status, body, strlen(body));
}

static inline const char *errno_name(int r)
{
        return r == -EBADMSG  ? "-EBADMSG"
               : r == -EACCES ? "-EACCES"
               : r == -EAGAIN ? "-EAGAIN"
               : r == -ESTALE ? "-ESTALE"
                              : "?";
}

/* What is asked for when everything is looked at, in this order. */
enum question { QUESTION_PAGE, QUESTION_HOURLY, QUESTION_PERIOD, QUESTION_IMAGES, QUESTIONS };

static const struct scope everything = { .type = SCOPE_ACCOUNT,
                                         .types = 1u << TYPE_MACHINE | 1u << TYPE_OFFER | 1u << TYPE_IMAGE };

static struct billing_spec for_days = { .mode = BILLING_PERIOD, .unit = BILLING_DAY, .number = 3 };
static struct machine_set rent_spec = { .template = { .name = "p1" }, .image = "4005", .billing = &for_days };
static _unused_ struct resource rent = { .kind = &kind_machine_set, .name = "rent", .machine_set = &rent_spec };
