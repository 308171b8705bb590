/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where a server listens: "127.0.0.1:0", "[::1]:8080" or "unix:/run/muster/agent.sock".
 *
 * The rule: a socket in the file system is for its owner alone (0600), takes the place only of one that nobody listens on
 * any more, and is removed by who made it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reconcile/base/error.h"

struct listener {
        int fd;
        uint16_t port; /* 0: a socket in the file system */
        char *path;    /* its; NULL: none */
        dev_t device;  /* which file it is: another one at its place stays */
        ino_t inode;
};

#define LISTENER_NONE ((struct listener){ .fd = -1 })

/* -EINVAL: that is no address. `ret_local`: nothing but this machine reaches it. */
int listener_check(const char *address, bool *ret_local, struct error *e);

int listener_open(const char *address, struct listener *ret, struct error *e);
void listener_done(struct listener *l); /* closes it, and removes its file */
