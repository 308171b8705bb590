/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Points at which tests have the process killed: before and after everything that lasts. They stand where input and output are done,
 * never in the engine, and are in builds with MUSTER_FAILPOINTS only. Their names are literals, so that tests/e2e/test_kills.py finds
 * all of them and fails for one that it never passes.
 *
 *      MUSTER_FAILPOINT=before-sending:2       SIGKILL when FAILPOINT("before", "sending") is passed the second time
 *      MUSTER_FAILPOINT_LOG=FILE               the name of every point that is passed, a line each
 */

#ifdef MUSTER_FAILPOINTS
void failpoint_pass(const char *when, const char *what);
#define FAILPOINT(when, what) failpoint_pass(when, what)
#else
#define FAILPOINT(when, what) ((void)0)
#endif
