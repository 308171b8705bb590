/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "specs/endpoint.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *url = fuzz_text(data, size);
        struct endpoint endpoint;
        struct error e = { "" };
        int r;

        r = endpoint_parse(url, &endpoint, &e);
        if (r < 0) {
                must(r == -EINVAL);
                must(*e.text && fuzz_is_showable(e.text));
                return 0;
        }

        must(endpoint.encrypted == text_starts(url, "https://"));
        must(fuzz_is_showable(url) && !strpbrk(url, " ?#\\"));
        return 0;
}
