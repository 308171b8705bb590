/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/http_client.h"

#define PATIENCE (60 * USEC_PER_SEC)

static void on_done(void *userdata, uint64_t id, struct reply *rp)
{
        struct client *client = userdata;

        assert_false(client->sending);
        assert_in_range(id, 0, CLIENT_REPLIES - 1);
        assert_non_null(rp->body);
        assert_int_equal(rp->body[rp->body_len], '\0');
        assert_int_equal(rp->end == REPLY_COMPLETE, rp->why == NULL);

        client->calls[id]++;
        reply_done(&client->replies[id]);
        client->replies[id] = *rp;
        *rp = (struct reply){}; /* taken */

        if (client->waiting > 0 && --client->waiting == 0)
                loop_exit(client->loop, 0);
}

static int on_impatient(_unused_ void *userdata)
{
        return -ETIME;
}

struct client *client_new(const struct http_options *options)
{
        static const struct http_options plain = { .connections = 4, .max_body = 1 << 20 };
        struct client *client = calloc(1, sizeof(*client));
        struct error e = {};

        assert_non_null(client);
        assert_int_equal(loop_new(&client->loop, &e), 0);
        assert_int_equal(loop_timer_new(client->loop, on_impatient, client, &client->patience, &e), 0);
        assert_int_equal(http_new(client->loop, options ? options : &plain, on_done, client, &client->http, &e), 0);

        return client;
}

struct client *client_free(struct client *client)
{
        if (!client)
                return NULL;

        http_free(client->http);
        loop_timer_free(client->patience);
        loop_free(client->loop);
        for (size_t i = 0; i < CLIENT_REPLIES; i++)
                reply_done(&client->replies[i]);
        free(client);
        return NULL;
}

struct request client_request(enum method method, int port, const char *path)
{
        struct request rq = { .method = method, .timeout = 20 * USEC_PER_SEC };

        if (port < 0)
                rq.url = strdup(path);
        else
                assert_true(asprintf(&rq.url, "http://127.0.0.1:%d%s", port, path) > 0);

        return rq;
}

void client_send(struct client *client, uint64_t id, const struct request *rq)
{
        struct error e = {};
        int r;

        client->sending = true;
        r = http_send(client->http, id, rq, &e);
        client->sending = false;
        if (r < 0)
                fail_msg("%s", e.text);
}

void client_wait(struct client *client, unsigned n)
{
        struct error e = {};

        client->waiting = n;
        assert_int_equal(loop_timer_set(client->patience, loop_now(client->loop) + PATIENCE), 0);
        if (loop_run(client->loop, &e) < 0)
                fail_msg("%s", e.text);
}

const struct reply *client_ask(struct client *client, uint64_t id, const struct request *rq)
{
        client_send(client, id, rq);
        client_wait(client, 1);
        assert_int_equal(client->calls[id], 1);
        return &client->replies[id];
}

const struct reply *client_get(struct client *client, uint64_t id, int port, const char *path)
{
        _cleanup_request_ struct request rq = client_request(METHOD_GET, port, path);

        rq.read = true;
        return client_ask(client, id, &rq);
}
