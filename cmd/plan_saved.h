/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan that `plan --out` saved: what a person has approved.
 *
 * The rule: what it does not hold is not approved. Its file is the plan as JSON and nothing else.
 */

#include "reconcile/base/json.h"
#include "reconcile/plan.h"

struct saved_plan;

int saved_plan_write(const char *path, const struct plan *p, struct error *e);

/* -EBADMSG: that is no plan, or a damaged one. */
int saved_plan_read(const char *path, struct saved_plan **ret, struct error *e);
int saved_plan_parse(const json_t *json, struct saved_plan **ret, struct error *e);
struct saved_plan *saved_plan_free(struct saved_plan *s);
DEFINE_CLEANUP(struct saved_plan *, saved_plan_free)

/* -EINVAL: it was made of other specs. */
int saved_plan_check_specs(const struct saved_plan *s, const char *digest, struct error *e);

/* Is an equal action in it? */
bool saved_plan_holds(const struct saved_plan *s, const struct plan *p, const struct action *a);

/* May the action be carried out? Yes when it is in the plan, or is the second half of a replacement that is. */
bool saved_plan_approves(const struct saved_plan *s, const struct plan *p, const struct action *a);

/* Names the actions of `p` that are not in it, a line each, up to a bound. Returns how many there are. */
size_t saved_plan_tell_new(const struct saved_plan *s, const struct plan *p);
