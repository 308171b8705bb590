/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Numbers that are left out, so that a run is replayed without some of what happened in it. As text: "1,4-7,20-".
 *
 * The rule: what is not named happens. From OMISSIONS_MAX on only the rest as a whole can be left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/buf.h"

#define OMISSIONS_MAX 4096

struct omissions {
        uint64_t bits[OMISSIONS_MAX / 64];
        bool ends; /* from `from` on all are left out */
        size_t from;
};

bool omissions_have(const struct omissions *o, size_t number);
void omissions_set(struct omissions *o, size_t first, size_t n, bool omitted);
size_t omissions_count(const struct omissions *o, size_t among); /* of the numbers below `among` */
int omissions_parse(const char *text, struct omissions *ret);    /* -EINVAL */
void omissions_print(const struct omissions *o, size_t among, struct buf *b);
