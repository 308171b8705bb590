/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/base64.h"
#include "tests/fuzz/fuzz.h"

/* What was encoded is decoded to the same bytes. */
static void check_there_and_back(const uint8_t *data, size_t size)
{
        _cleanup_buf_ struct buf encoded = BUF_INIT(size * 2 + 8);
        size_t n;

        must(base64_encode(&encoded, data, size) == 0);
        must(encoded.len == (size + 2) / 3 * 4);
        if (size == 0)
                return;

        must(base64_decode_in_place(encoded.data, encoded.len, &n, NULL) == 0);
        must(n == size && memcmp(encoded.data, data, n) == 0);
}

/* The bytes as somebody else's Base64. */
static void check_decoder(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        struct error e = { "" };
        size_t n;
        int r;

        r = base64_decode_in_place(text, size, &n, &e);
        if (r < 0) {
                must(r == -EINVAL);
                must(*e.text && fuzz_is_showable(e.text));
                return;
        }

        must(n <= size / 4 * 3 + 2);
        must(text[n] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check_there_and_back(data, size);
        check_decoder(data, size);
        return 0;
}
