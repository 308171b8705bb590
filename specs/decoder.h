/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What decode.c (documents, members, defaults) and values.c (one reader for each type of field) share.
 *
 * The rule: the functions return 0 or -ENOMEM. A mistake in the document is told through decoder_mistake() and is no
 * failure, so that reading goes on; the value is then left zero.
 */

#include "specs/decode.h"

struct decoder {
        struct estate *estate;
        struct diagnostics *diagnostics;
        const char *file;
        struct draft *draft;
};

#define API_VERSION "muster/v1"

/* What every document has, and its metadata. The offsets are of structs that only the decoder knows. */
extern const struct field document_fields[], metadata_fields[];

/* A table, and the struct that its offsets are of. */
struct part {
        const struct field *fields;
        void *base;
};

/* Tells that "PATH message" at the node, and remembers the path as faulty. */
int decoder_mistake(struct decoder *dec, const struct node *node, const char *path, const char *format, ...)
        _printf_(4, 5);

/* "spec.auth" and "tokenEnv" make "spec.auth.tokenEnv"; "spec.hold" and 3 make "spec.hold[3]". In the estate's
 * pool; NULL: out of memory. */
const char *decoder_path(struct decoder *dec, const char *around, const char *name);
const char *decoder_path_of_item(struct decoder *dec, const char *around, size_t i);

/* Keeps where the value of a path stands. */
int decoder_record(struct decoder *dec, const char *path, const struct node *node);

/* Reads a mapping's members into the parts, and gives defaults to what it does not have. */
int decode_members(struct decoder *dec, const char *path, const struct node *node, const struct part *parts,
                   size_t n_parts);

/* Reads one value of a field to where it belongs. A node without a place (line 0) is a default. */
int decode_value(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                 void *value);
