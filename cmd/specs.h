/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading specs with the vendors that this program has.
 */

#include "cmd/options.h"
#include "specs/specs.h"

/* As specs_load(), for the paths of the options; the files that the specs name are paths from here on that can be
 * opened. */
int specs_read(const struct options *o, struct estate **ret, struct diagnostics *d);

/* The same in two steps: the paths as they are written, and the paths that can be opened. */
int specs_read_as_written(const struct options *o, struct estate **ret, struct diagnostics *d);
int specs_locate_files(struct estate *estate); /* 0 or -ENOMEM */

/* What is wrong with the specs, on standard error. */
void specs_tell(const struct diagnostics *d);

/* The codec of a Provider's `type`; NULL: this program has none. */
const struct provider *specs_codec(const char *type);
