/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files that hold kinds' tables share: how a row is written.
 *
 * The rule: a row names the member whose value it describes, so that name, type and place cannot drift apart.
 */

#include "reconcile/kinds.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define TIB (INT64_C(1) << 40)
#define MSEC ((int64_t)USEC_PER_MSEC)
#define SEC ((int64_t)USEC_PER_SEC)
#define HOUR ((int64_t)USEC_PER_HOUR)
#define DAY ((int64_t)USEC_PER_DAY)

/* An IPv4 address. */
#define OCTET_PATTERN "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define ADDRESS_PATTERN "^(" OCTET_PATTERN "\\.){3}" OCTET_PATTERN "$"

#define FIELD(text, kind_of_value, structure, member) \
        .name = text, .type = kind_of_value, .offset = offsetof(struct structure, member)
