/* SPDX-License-Identifier: MIT */

/*
 * What libcurl alone needs to fetch the pages that `muster plan` fetches: the same requests, as many at once, and nothing done
 * with the replies. The baseline of the benchmark.
 *
 *      bench-fetch ENDPOINT TOKEN PAGES CONCURRENCY
 */

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/base64.h"
#include "reconcile/base/buf.h"
#include "reconcile/base/wire.h"

#define CONCURRENCY_MAX 64
#define BODY_MAX 1024

struct fetch {
        CURLM *multi;
        char *url;
        struct curl_slist *headers;
        long pages, asked, answered;
        size_t bytes;
        bool failed;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
        struct fetch *f = userdata;

        (void)bytes;
        f->bytes += size * n;
        return size * n;
}

/* Asks for the next page. */
static bool ask(struct fetch *f, CURL *easy)
{
        _cleanup_buf_ struct buf base64 = BUF_INIT(BODY_MAX), body = BUF_INIT(BODY_MAX);
        char json[128];

        snprintf(json, sizeof(json), "{\"page.startnum\":\"%ld\",\"page.everypagenum\":\"30\"}", ++f->asked);
        base64_encode(&base64, json, strlen(json));
        buf_adds(&body, "KEY_PARAM=");
        wire_percent_encode(&body, buf_text(&base64), base64.len);
        return body.failed == 0 && curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, buf_text(&body)) == CURLE_OK &&
               curl_multi_add_handle(f->multi, easy) == CURLM_OK;
}

static bool start(struct fetch *f, CURL *easy)
{
        return easy && curl_easy_setopt(easy, CURLOPT_URL, f->url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEDATA, f) == CURLE_OK && ask(f, easy);
}

/* Takes the transfers that ended, and gives each handle its next page. */
static void take_ended(struct fetch *f)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(f->multi, &left))) {
                CURL *easy = message->easy_handle;
                long status = 0;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
                f->failed |= message->data.result != CURLE_OK || status != 200;
                f->answered++;
                curl_multi_remove_handle(f->multi, easy);
                if (f->asked < f->pages && !ask(f, easy))
                        f->failed = true;
        }
}

static void run(struct fetch *f)
{
        int running;

        while (f->answered < f->pages && !f->failed) {
                if (curl_multi_perform(f->multi, &running) != CURLM_OK)
                        f->failed = true;
                take_ended(f);
                if (f->answered < f->pages && curl_multi_poll(f->multi, NULL, 0, 1000, NULL) != CURLM_OK)
                        f->failed = true;
        }
}

int main(int argc, char **argv)
{
        CURL *easy[CONCURRENCY_MAX] = { NULL };
        struct fetch f = { 0 };
        char token[256];
        long concurrency;

        if (argc != 5 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return 64;
        f.pages = atol(argv[3]);
        concurrency = atol(argv[4]);
        snprintf(token, sizeof(token), "KEY_TOKEN: %s", argv[2]);
        f.headers = curl_slist_append(NULL, token);
        f.multi = curl_multi_init();
        if (asprintf(&f.url, "%s/cloudvm/search", argv[1]) < 0 || !f.headers || !f.multi ||
            concurrency > CONCURRENCY_MAX)
                return 1;

        for (long i = 0; i < concurrency && i < f.pages; i++)
                f.failed |= !start(&f, easy[i] = curl_easy_init());
        run(&f);
        printf("%ld pages, %zu bytes%s\n", f.answered, f.bytes, f.failed ? ", FAILED" : "");

        for (long i = 0; i < concurrency; i++)
                curl_easy_cleanup(easy[i]);
        curl_multi_cleanup(f.multi);
        curl_slist_free_all(f.headers);
        free(f.url);
        curl_global_cleanup();
        return f.failed ? 1 : 0;
}
