/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/digest.h"
#include "reconcile/base/text.h"
#include "specs/check.h"
#include "specs/files.h"

/* Specs while they are read. */
struct loading {
        struct estate *estate;
        struct digest *digest;
        struct drafts drafts;
        struct diagnostics *diagnostics;
        struct buf bytes;
        bool partial; /* a file could not be read to its end */
        bool read_stdin;
};

static void loading_done(struct loading *l)
{
        l->estate = estate_free(l->estate);
        l->digest = digest_free(l->digest);
        drafts_done(&l->drafts);
        buf_done(&l->bytes);
}

/* A file's length in front of its bytes, so that no two rows of files give the same bytes. */
static int add_to_digest(struct digest *digest, const struct buf *bytes)
{
        unsigned char length[8];
        int r;

        for (size_t i = 0; i < sizeof(length); i++)
                length[i] = (unsigned char)((uint64_t)bytes->len >> (8 * (sizeof(length) - 1 - i)));

        r = digest_add(digest, length, sizeof(length));
        return r < 0 ? r : digest_add(digest, buf_text(bytes), bytes->len);
}

/* Decodes what was read. `ret_n` counts the documents. */
static int load_bytes(struct loading *l, const char *file, size_t *ret_n)
{
        _cleanup_(tree_free_p) struct tree *tree = NULL;
        const char *name = strpool_add(l->estate->strings, file);
        const struct node *document;
        int r;

        if (!name)
                return -ENOMEM;

        r = tree_new(name, buf_text(&l->bytes), l->bytes.len, l->diagnostics, &tree);
        if (r < 0)
                return r;

        while ((r = tree_next(tree, &document)) > 0) {
                (*ret_n)++;
                r = decode_document(l->estate, name, document, &l->drafts, l->diagnostics);
                if (r < 0)
                        return r;
        }

        return r;
}

static int load_file(struct loading *l, const struct source *source, size_t i, size_t *ret_n)
{
        int r = source_read(source, i, l->diagnostics, &l->bytes);

        if (r == 0)
                r = add_to_digest(l->digest, &l->bytes);
        if (r == 0)
                r = load_bytes(l, source->names.items[i], ret_n);
        if (r == -EINVAL) {
                l->partial = true;
                r = 0;
        }

        return r;
}

static int load_path(struct loading *l, const char *path)
{
        _cleanup_(source_free_p) struct source *source = NULL;
        const struct position whole = { .file = path };
        size_t errors = l->diagnostics->errors, n = 0;
        int r;

        if (text_equal(path, "-") && l->read_stdin)
                return diagnostics_error(l->diagnostics, &whole, "standard input is given twice; leave one out");

        l->read_stdin = l->read_stdin || text_equal(path, "-");
        r = source_open(path, l->diagnostics, &source);
        l->partial = l->partial || l->diagnostics->errors > errors;
        for (size_t i = 0; r == 0 && i < source->names.n; i++)
                r = load_file(l, source, i, &n);
        if (r < 0 || n > 0 || l->diagnostics->errors > errors)
                return r;

        return diagnostics_error(l->diagnostics, &whole,
                                 "holds no document; write at least one resource, or leave it out");
}

static void name_estate(struct estate *estate)
{
        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_policy) {
                        estate->policy = estate->resources[i];
                        estate->name = estate->policy->name;
                }
}

static int load(struct loading *l, const struct specs_options *options, const char *const *paths, size_t n)
{
        int r;

        r = estate_new(&l->estate);
        if (r == 0)
                r = digest_new(&l->digest);
        for (size_t i = 0; i < n && r == 0; i++)
                r = load_path(l, paths[i]);
        if (r == 0)
                r = digest_end(l->digest, l->estate->digest);
        if (r < 0)
                return r;

        estate_sort(l->estate);
        name_estate(l->estate);
        return check_estate(options, l->estate, &l->drafts, l->partial, l->diagnostics);
}

int specs_load(const struct specs_options *options, const char *const *paths, size_t n, struct estate **ret,
               struct diagnostics *d)
{
        _cleanup_(loading_done) struct loading l = { .diagnostics = d, .bytes = BUF_INIT(FILE_SIZE_MAX) };
        int r;

        r = load(&l, options, paths, n);
        if (r == 0)
                r = diagnostics_finish(d);
        if (r < 0)
                return r;
        if (d->errors > 0)
                return -EINVAL;

        *ret = STEAL(l.estate);
        return 0;
}

int specs_file_path(const struct resource *r, const char *field, const char *value, char **ret)
{
        const char *spec = resource_position(r, field)->file;
        const char *slash = strrchr(spec, '/');
        char *path;

        /* Standard input stands in the current folder. */
        if (*value == '/' || !slash)
                path = strdup(value);
        else if (asprintf(&path, "%.*s/%s", (int)(slash - spec), spec, value) < 0)
                path = NULL;
        if (!path)
                return -ENOMEM;

        *ret = path;
        return 0;
}
