/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From YAML files to an estate of typed resources.
 *
 * The rule: all mistakes of all files are told in one run, each at the line where it stands and with what to write
 * instead; and an estate exists only when there is none. Hostile input costs little: files, depth and nodes are bounded
 * while reading, before anything is built.
 */

#include "reconcile/kinds.h"
#include "reconcile/provider.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diagnostic {
        enum severity severity;
        struct position position; /* line 0: of the file as a whole */
        char *message;            /* "what is wrong; what to write instead" */
};

/* In the order of file, line, column. */
struct diagnostics {
        struct diagnostic *items;
        size_t n, allocated;
        size_t errors;
        struct strpool *strings; /* of the positions' file names */
};

void diagnostics_done(struct diagnostics *d);
#define _cleanup_diagnostics_ _cleanup_(diagnostics_done)

/* "FILE:LINE:COL: error: message", escaped for a terminal. */
int diagnostic_text(struct buf *b, const struct diagnostic *d);

struct specs_options {
        /* The codec of a Provider's `type`; NULL: this version has none. */
        const struct provider *(*provider_find)(const char *type);
        const char *const *provider_types; /* that have a codec, ending with NULL */
};

/* Reads `paths` (n of them; files, folders, "-") in order. 0: `ret` is the estate, `d` may hold warnings; -EINVAL: `d`
 * holds at least one error; -ENOMEM. */
int specs_load(const struct specs_options *options, const char *const *paths, size_t n, struct estate **ret,
               struct diagnostics *d);

/* The path of a file that a spec names: as it is when absolute, else beside the spec file in which `field`
 * ("spec.passwordFile") stands. The estate keeps what was written, because a token's file may be looked for elsewhere
 * ($CREDENTIALS_DIRECTORY): whoever opens a file asks here first. 0 or -ENOMEM; the caller frees `ret`. */
int specs_file_path(const struct resource *r, const char *field, const char *value, char **ret);
