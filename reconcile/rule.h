/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rules of security groups, as one text for all who write the same rule: "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7/32".
 *
 * The rule: two rules are the same when they let the same through as they are written. Ports are sorted and those that touch are one range; networks are
 * sorted and stand there once, and are not put together. What is not said is said: all ports are 1-65535, everywhere is 0.0.0.0/0.
 */

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"
#include "reconcile/kinds.h"

/* The longest text of a rule, with its end. */
#define RULE_TEXT_MAX 1024

extern const char *const rule_direction_words[]; /* as in specs; end with NULL */
extern const char *const rule_protocol_words[];
int rule_word(const char *const *words,
              const char *text); /* its number, whatever its case; -EINVAL: there is no such word */

struct port_range {
        uint16_t first, last;
};

/* An IPv4 network; of one machine, when `length` is 32. */
struct network {
        uint32_t address; /* in the machine's byte order; no bit set behind the first `length` */
        unsigned length;
};

struct networks {
        struct network *items;
        size_t n, allocated;
};

struct rule {
        enum rule_direction direction;
        enum rule_protocol protocol;
        struct port_range *ports;
        size_t n_ports, allocated_ports;
        struct networks from,
                to; /* of a rule for what comes in `to` is empty, unless somebody wrote it elsewhere; and the other way round */
};

void rule_done(struct rule *rule);
#define _cleanup_rule_ _cleanup_(rule_done)

/* Adds ports to those of a rule: "80,443,8000-8010", or "8000:8010" as some vendor writes. 0; -EINVAL: what is wrong; -ENOMEM. */
int rule_add_ports(struct rule *rule, const char *text, struct error *e);

/* Adds networks: "10.0.0.0/8,192.0.2.7". 0; -EINVAL: what is wrong, also where bits are set that a network has not when it is `exact`;
 * -ENOMEM. */
int rule_add_networks(struct networks *networks, const char *text, bool exact, struct error *e);

/* Brings a rule to which all was added into its normal form. 0; -EINVAL: ICMP has no ports. */
int rule_finish(struct rule *rule, struct error *e);

/* The text of a finished rule, and its parts. 0 or what buf_addf() returns. `hyphen` stands between the ends of a range. */
int rule_print(const struct rule *rule, struct buf *b);
int rule_print_ports(const struct rule *rule, char hyphen, struct buf *b);
/* Networks of one machine are plain addresses when `plain`, and end with /32 else. */
int networks_print(const struct networks *networks, bool plain, struct buf *b);

/* Reads what rule_print() wrote. -EINVAL: it is no such text; -ENOMEM. */
int rule_parse(const char *text, struct rule *ret);
