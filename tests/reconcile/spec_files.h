/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files of a test that begin with specs, and go on with situations: each one begins with a line "=== what is special about it", and ends with the
 * line that is given; what comes behind that is what the test expects, which it writes anew.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/specs/load.h"
#include "tests/support/files.h"

#define SPEC_FILE_MAX ((size_t)1 << 18)
#define SITUATION "\n=== "

/* The specs that are in the text, read as those of a file. */
static inline struct estate *load_specs(const char *yaml, size_t n)
{
        char path[] = "/tmp/muster-specs-XXXXXX.yaml";
        const char *paths[] = { path };
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct estate *estate = NULL;
        int fd = mkstemps(path, (int)strlen(".yaml"));

        assert_true(fd >= 0);
        assert_int_equal(write(fd, yaml, n), n);
        assert_int_equal(close(fd), 0);
        if (specs_load(&options, paths, 1, &estate, &d) < 0)
                fail_msg("line %u: %s", d.items[0].position.line, d.items[0].message);
        assert_int_equal(unlink(path), 0);
        return estate;
}

static inline const struct provider *codec_of(const struct estate *estate)
{
        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_provider)
                        return find_provider(estate->resources[i]->provider->type);
        return NULL;
}

/* The whole file anew, with what `what` adds after each situation. */
static inline void each_situation(const char *path, const char *ending, struct buf *b,
                                  void (*what)(const struct estate *estate, const char *lines, struct buf *b))
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_free_ char *text = test_file_read(path);
        char *there = strstr(text, SITUATION), *end, *next;

        if (!there)
                fail_msg("%s has no situation", path);
        estate = load_specs(text, (size_t)(there - text) + 1);
        (void)buf_add(b, text, (size_t)(there - text));
        for (; there; there = next) {
                _cleanup_free_ char *lines = NULL;

                next = strstr(there + 1, SITUATION);
                end = strstr(there, ending);
                if (!end || (next && end > next))
                        fail_msg("%s: there is no end of%.60s", path, there);
                lines = strndup(strchr(there + 1, '\n'), (size_t)(end - strchr(there + 1, '\n')));
                assert_non_null(lines);
                (void)buf_add(b, there, (size_t)(end - there) + strlen(ending));
                what(estate, lines, b);
        }
}
