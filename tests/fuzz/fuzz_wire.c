/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/wire.h"
#include "reconcile/io/http_outcome.h"
#include "tests/fuzz/fuzz.h"

static void check_percent(const char *s)
{
        size_t n = strlen(s);
        _cleanup_buf_ struct buf encoded = BUF_INIT(n * 3 + 1);

        must(wire_percent_encode(&encoded, s, n) == 0);
        for (size_t i = 0; i < encoded.len; i++)
                must(encoded.data[i] > ' ' && encoded.data[i] < 0x7F && !strchr("/?&=+#", encoded.data[i]));
        if (n == 0)
                return;

        must(wire_percent_decode(encoded.data, n % 2) == 0);
        must(text_equal(encoded.data, s));
}

static void check_decoder(const char *s, bool form)
{
        _cleanup_free_ char *copy = fuzz_text((const uint8_t *)s, strlen(s));
        int r;

        r = wire_percent_decode(copy, form);
        must(r == 0 || r == -EINVAL);
        if (r < 0)
                must(text_equal(copy, s));
        else
                must(strlen(copy) <= strlen(s));
}

/* A header that is taken is one line, and found again. */
static void check_header(const char *name, const char *value)
{
        _cleanup_request_ struct request rq = {};
        struct error e = { "" };
        enum method method;
        int r;

        r = request_add_header(&rq, name, value, &e);
        if (r < 0) {
                must(r == -EINVAL && rq.n_headers == 0);
                must(*e.text && fuzz_is_showable(e.text));
        } else {
                must(*name && !strpbrk(name, "\r\n: ") && !strpbrk(value, "\r\n"));
                must(text_equal(request_header(&rq, name), value));
        }

        if (method_parse(name, &method) == 0)
                must(text_equal(method_name(method), name));
}

static void check_peer(const char *url)
{
        _cleanup_free_ char *peer = http_peer_of(url);

        must(peer);
        must(!strchr(peer, '@'));
}

/* Two lines: a URL or a header's name, and the header's value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *rest = data;
        size_t n = size;
        _cleanup_free_ char *line = fuzz_take(&rest, &n, '\n', NULL);
        _cleanup_free_ char *value = fuzz_take(&rest, &n, '\0', NULL);

        check_percent(line);
        check_decoder(line, false);
        check_decoder(line, true);
        check_header(line, value);
        check_peer(line);
        return 0;
}
