/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A database of which one call fails. Programs that use it are named in tests/CMakeLists.txt, which has the linker put it in the place of
 * reconcile/io/db.c for what is outside of that.
 */

#include <stdbool.h>
#include <stdint.h>

enum db_trouble {
        DB_NO_TROUBLE,
        DB_FAILS,   /* a call says that the disk is broken, and did nothing */
        DB_UNSURE,  /* likewise, but a commit has come about all the same */
        DB_DAMAGED, /* a text of a row is missing */
};

/* From here on, until db_trouble_end(), the call after `left` others fails. */
void db_trouble_begin(enum db_trouble trouble, uint64_t left);
/* Did it come to that? */
bool db_trouble_end(void);
