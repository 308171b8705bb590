/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"
#include "tests/specs/load.h"

#define TEXT_MAX ((size_t)64 << 20)

/* A file in memory, with a name that specs are read by. */
static int spec_file(const uint8_t *data, size_t size, char name[static 32])
{
        int fd = memfd_create("spec", MFD_CLOEXEC);

        must(fd >= 0);
        must(write(fd, data, size) == (ssize_t)size);
        (void)snprintf(name, 32, "/proc/self/fd/%d", fd);
        return fd;
}

/* Messages are clean, in order, and at a place in the file. */
static void check_diagnostics(const struct diagnostics *d, size_t size)
{
        const struct position *before = NULL;

        for (size_t i = 0; i < d->n; i++) {
                _cleanup_buf_ struct buf line = BUF_INIT(TEXT_MAX);
                const struct position *p = &d->items[i].position;

                must(diagnostic_text(&line, &d->items[i]) == 0);
                must(*d->items[i].message && fuzz_is_showable(buf_text(&line)));
                must(p->line <= size + 1 && p->column <= size + 1);
                must(!before || before->line <= p->line);
                before = p;
        }
}

static void check_estate(const struct estate *estate)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);

        dump_estate(&text, estate);
        must(text.failed == 0 && text_is_utf8(buf_text(&text), text.len));
        must(*estate->name && *estate->digest);
}

/* The input is a spec file. An estate is there exactly when no error is told. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_close_ int fd = -1;
        char name[32];
        const char *paths[] = { name };
        int r;

        fd = spec_file(data, size, name);
        r = specs_load(&options, paths, 1, &estate, &d);
        must(r == (d.errors > 0 ? -EINVAL : 0));
        must((estate != NULL) == (r == 0));
        check_diagnostics(&d, size);
        if (estate)
                check_estate(estate);
        return 0;
}
