/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rules of security groups in normal form: one text for every way in which the same rule can be written, so that specs and listings are
 * compared by it.
 *
 * The rule: a rule is told by all that it says. Ports are sorted and merged, addresses sorted and written as CIDRs, "/32" left out; rules are
 * not merged with each other, nor are CIDRs.
 */

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"

/* A rule as specs and vendors write it: words in any case, ports like "80,443,8000-8010" or with ':', addresses with commas between.
 * Texts may be NULL or "": any. */
struct rule {
        const char *direction; /* "in" or "out" */
        const char *protocol;  /* "tcp", "udp", "icmp" */
        const char *ports;
        const char *from, *to;
};

#define RULE_TEXT_MAX ((size_t)1 << 16)

/* "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7", at the end of `b`. -EINVAL with words: it is none; or what `b` fails with. */
int rule_text(const struct rule *rule, struct buf *b, struct error *e);

/* Ports and addresses by themselves, for who wants to say which of them is wrong. */
int rule_ports(const char *ports, struct buf *b, struct error *e);
int rule_addresses(const char *addresses, struct buf *b, struct error *e);

/* Takes such a text apart in place: what `ret` names lies in `text`, or is "". -EINVAL: it is none. */
int rule_split(char *text, struct rule *ret);
