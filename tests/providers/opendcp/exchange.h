/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of OpenDCP share: the codec, an account, and answers to what it asks.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/opendcp/opendcp.h"
#include "reconcile/base/text.h"
#include "tests/support/reply_text.h"

#define GOLDEN "providers/opendcp/golden/"
#define TEXT_MAX ((size_t)1 << 20)
#define GIBIBYTE ((int64_t)1 << 30)
#define ENDPOINT "http://dcp.test:8080"

static const struct provider *const codec = &opendcp_provider;

static const struct account_config account = { .endpoint = ENDPOINT, .timeout = 30 * USEC_PER_SEC };

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

/* Whose machines are made of MachineTemplate/small, which is cluster 5. */
static struct machine_template small_spec = { .description = "",
                                              .cloud = "aliyun",
                                              .account = "AK1",
                                              .instance_type = "1Core-1GB",
                                              .cpu = 1,
                                              .memory = GIBIBYTE,
                                              .image = "img",
                                              .region = "cn-beijing",
                                              .zone = "cn-beijing-c",
                                              .system_disk = "cloud_efficiency",
                                              .key_name = "",
                                              .post_script = "" };
static struct resource small = { .kind = &kind_machine_template, .name = "small", .machine_template = &small_spec };
static struct machine_set web_spec = { .template = { .name = "small", .resource = &small, .by_ref = true } };
static _unused_ struct resource web = { .kind = &kind_machine_set, .name = "web", .machine_set = &web_spec };

static const struct pair documented_pair[] = { { "routes", "documented" } };
static const struct pairs documented = { (struct pair *)documented_pair, 1 };
