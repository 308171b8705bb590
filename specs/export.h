/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a provider has, as specs: a MachineSet for each set that muster owns there, and one for each group of machines
 * of others that are alike, with an `adopt` that would take them.
 *
 * The rule: pure. Nothing is guessed that the vendor does not tell: it is FIXME. No set is made of machines that
 * failed, because adopting them would mean replacing them.
 */

#include "reconcile/ledger.h"
#include "reconcile/observation.h"

struct export_input {
        const struct estate *estate;     /* the specs as they are; the Provider among them */
        const struct resource *provider; /* whose machines these are */
        const struct provider *codec;
        const struct ledger *ledger;
        const struct observation *machines; /* complete */
};

/* Adds the documents, each with "---" in front. 0; -ENOMEM or -ENOBUFS with words. */
int export_machine_sets(const struct export_input *in, struct buf *b, struct error *e);
