/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of JimV's codec share: its accounts of both eras, and what is read, as text.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/jimv/jimv.h"
#include "reconcile/base/text.h"

#define GIB ((int64_t)1 << 30)
#define PASSWORD "correct-horse-battery"
#define GUEST "01ee4d15-7165-4859-b8d4-d2c3c0ea22c3"
#define DISK "ef2d7a88-e72f-4225-9d24-0d047c6afc5f"

static const struct provider *const codec = &jimv_provider;

static struct pair api_pairs[] = { { "api", "2017" }, { "api", "0.8" } };
static const struct pairs options_2017 = { &api_pairs[0], 1 }, options_08 = { &api_pairs[1], 1 };

static const struct account_config account_2017 = { .endpoint = "https://kvm.test",
                                                    .options = &options_2017,
                                                    .timeout = 30 * USEC_PER_SEC };
static const struct account_config account_08 = { .endpoint = "https://kvm.test",
                                                  .options = &options_08,
                                                  .login = "admin",
                                                  .token = PASSWORD,
                                                  .session = "sid=SESSION",
                                                  .timeout = 30 * USEC_PER_SEC };

static const struct scope all_disks = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_DISK };
static const struct scope everything = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_MACHINE | 1u << TYPE_DISK };
