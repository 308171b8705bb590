/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "tests/support/raw_server.h"

#define REQUEST_MAX (16u << 20)

struct raw_server {
        raw_server_fn fn;
        void *userdata;
        int listener;
        int stop; /* an eventfd, readable once the server is to end */
        uint16_t port;
        bool running;
        pthread_t thread;
        atomic_uint connections, requests;
        char *request;
};

/* Readable before the server is to end? */
static bool wait_readable(struct raw_server *server, int fd)
{
        struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = server->stop, .events = POLLIN } };

        while (poll(fds, 2, -1) < 0)
                ;
        return fds[1].revents == 0;
}

static void *serve(void *userdata)
{
        struct raw_server *server = userdata;
        sigset_t set;

        /* The server may write to a peer that has gone; the client may not, so only this thread is spared. */
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGPIPE);
        (void)pthread_sigmask(SIG_BLOCK, &set, NULL);

        while (wait_readable(server, server->listener)) {
                _cleanup_close_ int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

                if (fd < 0)
                        continue;
                server->connections++;
                server->fn(server, fd, server->userdata);
        }

        return NULL;
}

struct raw_server *raw_server_new(raw_server_fn fn, void *userdata)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        _cleanup_(raw_server_free_p) struct raw_server *server = NULL;
        socklen_t size = sizeof(address);

        server = calloc(1, sizeof(*server));
        if (!server)
                return NULL;
        server->fn = fn;
        server->userdata = userdata;
        server->request = calloc(1, REQUEST_MAX + 1);
        server->stop = eventfd(0, EFD_CLOEXEC);
        server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (!server->request || bind(server->listener, (struct sockaddr *)&address, size) < 0 ||
            listen(server->listener, 64) < 0 || getsockname(server->listener, (struct sockaddr *)&address, &size) < 0)
                return NULL;
        server->port = ntohs(address.sin_port);
        server->running = pthread_create(&server->thread, NULL, serve, server) == 0;

        return server->running ? STEAL(server) : NULL;
}

struct raw_server *raw_server_free(struct raw_server *server)
{
        if (!server)
                return NULL;

        if (server->running) {
                (void)eventfd_write(server->stop, 1);
                pthread_join(server->thread, NULL);
        }
        close(server->listener);
        close(server->stop);
        free(server->request);
        free(server);
        return NULL;
}

uint16_t raw_server_port(const struct raw_server *server)
{
        return server->port;
}

unsigned raw_server_connections(const struct raw_server *server)
{
        return server->connections;
}

unsigned raw_server_requests(const struct raw_server *server)
{
        return server->requests;
}

const char *raw_server_last_request(const struct raw_server *server)
{
        return server->request;
}

/* Length of the whole request, once its headers are here; 0 before. */
static size_t request_length(const char *request)
{
        const char *end = strstr(request, "\r\n\r\n"), *length;

        if (!end)
                return 0;

        length = strcasestr(request, "\r\nContent-Length:");
        return (size_t)(end - request) + 4 +
               (length && length < end ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0);
}

size_t raw_read_request(struct raw_server *server, int fd)
{
        size_t got = 0, want = 0;
        ssize_t n;

        while (want == 0 || got < want) {
                if (!wait_readable(server, fd))
                        return 0;
                n = recv(fd, server->request + got, REQUEST_MAX - got, 0);
                if (n <= 0)
                        return 0;
                got += (size_t)n;
                server->request[got] = '\0';
                want = request_length(server->request);
        }

        server->requests++;
        return got;
}

int raw_write(int fd, const void *bytes, size_t n)
{
        const char *p = bytes;
        ssize_t sent;

        for (; n > 0; p += sent, n -= (size_t)sent) {
                sent = send(fd, p, n, MSG_NOSIGNAL);
                if (sent <= 0)
                        return -1;
        }

        return 0;
}

int raw_writes(int fd, const char *text)
{
        return raw_write(fd, text, strlen(text));
}

void raw_hold(struct raw_server *server, int fd)
{
        char bytes[4096];

        while (wait_readable(server, fd))
                if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
                        return;
}

void raw_reset_on_close(int fd)
{
        const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}
