/* SPDX-License-Identifier: MIT */
#include "reconcile/io/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "reconcile/base/text.h"

#define BACKLOG 1024
#define UNIX "unix:"

union address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
};

static int parse_path(const char *path, union address *ret, socklen_t *ret_size, struct error *e)
{
        union address a = { .un.sun_family = AF_UNIX };
        size_t n = strlen(path);

        if (n == 0)
                return error_set(e, -EINVAL, "\"" UNIX "\" lacks its path: write it as " UNIX "/run/muster/agent.sock");
        if (n >= sizeof(a.un.sun_path))
                return error_set(e, -EINVAL, "the path of a socket has at most %zu bytes, this one has %zu: %s",
                                 sizeof(a.un.sun_path) - 1, n, path);

        memcpy(a.un.sun_path, path, n);
        *ret = a;
        *ret_size = sizeof(a.un);
        return 0;
}

static int parse_numbers(const char *text, union address *ret, socklen_t *ret_size, struct error *e)
{
        const char *colon = strrchr(text, ':');
        _cleanup_free_ char *host = NULL;
        union address a = {};
        int64_t port;
        size_t n;

        if (!colon || text_to_int64(colon + 1, &port) < 0 || port < 0 || port > UINT16_MAX)
                return error_set(e, -EINVAL, "\"%s\": write it as 127.0.0.1:8080, [::1]:8080 or " UNIX "PATH", text);

        n = (size_t)(colon - text);
        host = n > 2 && text[0] == '[' && text[n - 1] == ']' ? strndup(text + 1, n - 2) : strndup(text, n);
        if (!host)
                return error_oom(e);

        if (text[0] == '[' && inet_pton(AF_INET6, host, &a.in6.sin6_addr) == 1) {
                a.in6.sin6_family = AF_INET6;
                a.in6.sin6_port = htons((uint16_t)port);
                *ret_size = sizeof(a.in6);
        } else if (text[0] != '[' && inet_pton(AF_INET, host, &a.in.sin_addr) == 1) {
                a.in.sin_family = AF_INET;
                a.in.sin_port = htons((uint16_t)port);
                *ret_size = sizeof(a.in);
        } else
                return error_set(e, -EINVAL, "\"%s\": the address must be a number, as in 127.0.0.1 or [::1]", text);

        *ret = a;
        return 0;
}

static int parse(const char *text, union address *ret, socklen_t *ret_size, struct error *e)
{
        return text_starts(text, UNIX) ? parse_path(text + strlen(UNIX), ret, ret_size, e)
                                       : parse_numbers(text, ret, ret_size, e);
}

static bool is_local(const union address *a)
{
        const uint8_t *bytes = a->in6.sin6_addr.s6_addr;

        if (a->any.sa_family == AF_UNIX)
                return true;
        if (a->any.sa_family == AF_INET)
                return ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;

        return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) && bytes[12] == IN_LOOPBACKNET);
}

int listener_check(const char *address, bool *ret_local, struct error *e)
{
        union address a;
        socklen_t size;
        int r;

        r = parse(address, &a, &size, e);
        if (r < 0)
                return r;

        *ret_local = is_local(&a);
        return 0;
}

/* Whoever listens takes the connection, or has a queue that is full. */
static int make_room(const union address *a, socklen_t size, struct error *e)
{
        _cleanup_close_ int fd = -1;
        const char *path = a->un.sun_path;
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : error_errno(e, "%s cannot be reached", path);
        if (!S_ISSOCK(st.st_mode))
                return error_set(e, -EEXIST, "%s is there, and is no socket: it is left alone", path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return error_errno(e, "cannot make a socket");
        if (connect(fd, &a->any, size) >= 0 || errno == EAGAIN || errno == EINPROGRESS)
                return error_set(e, -EADDRINUSE, "another process listens on %s", path);
        if (errno != ECONNREFUSED)
                return error_errno(e, "it cannot be told whether somebody listens on %s", path);

        return unlink(path) < 0 && errno != ENOENT
                       ? error_errno(e, "the socket %s, on which nobody listens, cannot be removed", path)
                       : 0;
}

/* The mode is that of the descriptor when the file is made: it is never open to others, not for a moment. */
static int bind_path(struct listener *l, const union address *a, socklen_t size, struct error *e)
{
        const char *path = a->un.sun_path;
        struct stat st;
        int r;

        r = make_room(a, size, e);
        if (r < 0)
                return r;

        if (fchmod(l->fd, 0600) < 0 || bind(l->fd, &a->any, size) < 0 || lstat(path, &st) < 0)
                return error_errno(e, "cannot listen on " UNIX "%s", path);
        l->device = st.st_dev;
        l->inode = st.st_ino;
        l->path = strdup(path);
        if (!l->path) {
                (void)unlink(path);
                return error_oom(e);
        }

        return 0;
}

static int bind_numbers(struct listener *l, const char *text, const union address *a, socklen_t size, struct error *e)
{
        const int one = 1;

        if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 || bind(l->fd, &a->any, size) < 0)
                return error_errno(e, "cannot listen on %s", text);

        return 0;
}

static uint16_t port_of(const union address *a)
{
        if (a->any.sa_family == AF_UNIX)
                return 0;

        return ntohs(a->any.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

int listener_open(const char *address, struct listener *ret, struct error *e)
{
        _cleanup_(listener_done) struct listener l = LISTENER_NONE;
        union address a;
        socklen_t size;
        int r;

        r = parse(address, &a, &size, e);
        if (r < 0)
                return r;

        l.fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l.fd < 0)
                return error_errno(e, "cannot listen on %s", address);
        r = a.any.sa_family == AF_UNIX ? bind_path(&l, &a, size, e) : bind_numbers(&l, address, &a, size, e);
        if (r < 0)
                return r;

        size = sizeof(a);
        if (listen(l.fd, BACKLOG) < 0 || getsockname(l.fd, &a.any, &size) < 0)
                return error_errno(e, "cannot listen on %s", address);
        l.port = port_of(&a);

        *ret = l;
        l = LISTENER_NONE;
        return 0;
}

void listener_done(struct listener *l)
{
        struct stat st;

        if (l->path && lstat(l->path, &st) >= 0 && st.st_dev == l->device && st.st_ino == l->inode)
                (void)unlink(l->path);
        free(l->path);
        if (l->fd >= 0)
                (void)close(l->fd);
        *l = LISTENER_NONE;
}
