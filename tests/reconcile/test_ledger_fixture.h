/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of the ledger share: a folder of their own, gone after each test, and openings that must succeed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reconcile/io/db.h"
#include "reconcile/ledger.h"

#define NOW ((usec_t)100 * USEC_PER_HOUR)
#define WALL ((int64_t)1800000000)

struct fixture {
        char folder[64];
        char path[96];
};

static inline int fixture_setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        strcpy(f->folder, "/tmp/test-ledger-XXXXXX");
        if (!mkdtemp(f->folder))
                return -1;

        snprintf(f->path, sizeof(f->path), "%s/muster.db", f->folder);
        return 0;
}

static inline int fixture_remove(const char *path, _unused_ const struct stat *st, _unused_ int type,
                                 _unused_ struct FTW *ftw)
{
        return remove(path);
}

static inline int fixture_teardown(void **state)
{
        struct fixture *f = *state;
        int r = nftw(f->folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);

        free(f);
        return r;
}

#define ledger_test(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static inline struct ledger *must_open(const struct fixture *f, enum ledger_mode mode)
{
        struct ledger *l = NULL;
        struct error e = {};

        if (ledger_open(f->path, mode, "prod", &l, &e) < 0)
                fail_msg("%s", e.text);

        return l;
}

static inline void must_commit(struct ledger *l)
{
        struct error e = {};

        if (ledger_commit(l, &e) < 0)
                fail_msg("%s", e.text);
}

/* Does something to the file that the ledger itself never does. */
static inline void tamper(const struct fixture *f, const char *sql)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        if (db_open(f->path, DB_WRITE, &db, &e) < 0 || db_exec(db, sql, &e) < 0)
                fail_msg("%s", e.text);
}

/* Makes a file somebody else's. Only root can: the test is skipped for others. */
static inline void give_away(const char *path)
{
        if (geteuid() != 0)
                skip();

        assert_int_equal(chown(path, 65534, getegid()), 0);
}

/* How a child ended. */
static inline int wait_for(pid_t pid)
{
        int status = 0;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
