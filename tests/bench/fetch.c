/* SPDX-License-Identifier: MIT */

/*
 * What libcurl alone needs to fetch the pages that `muster plan` fetches: the same requests, as many at once, and nothing done
 * with the replies. The baseline of the benchmark.
 *
 *      bench-fetch CONCURRENCY [HEADER…] < REQUESTS
 *
 * Each line of REQUESTS is a URL, or a URL, a tab and the form that is posted to it.
 */

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/cleanup.h"

#define CONCURRENCY_MAX 64

struct page {
        char *url;
        const char *form; /* NULL: it is got */
};

struct fetch {
        CURLM *multi;
        struct curl_slist *headers;
        struct page *pages;
        size_t n_pages, allocated_pages, asked, answered;
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
        const struct page *page = &f->pages[f->asked++];

        return curl_easy_setopt(easy, CURLOPT_URL, page->url) == CURLE_OK &&
               (!page->form || curl_easy_setopt(easy, CURLOPT_POSTFIELDS, page->form) == CURLE_OK) &&
               curl_multi_add_handle(f->multi, easy) == CURLM_OK;
}

static bool start(struct fetch *f, CURL *easy)
{
        return easy && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK &&
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
                if (f->asked < f->n_pages && !ask(f, easy))
                        f->failed = true;
        }
}

static void run(struct fetch *f)
{
        int running;

        while (f->answered < f->n_pages && !f->failed) {
                if (curl_multi_perform(f->multi, &running) != CURLM_OK)
                        f->failed = true;
                take_ended(f);
                if (f->answered < f->n_pages && curl_multi_poll(f->multi, NULL, 0, 1000, NULL) != CURLM_OK)
                        f->failed = true;
        }
}

static bool read_pages(struct fetch *f)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t n;

        while ((n = getline(&line, &allocated, stdin)) > 0) {
                struct page *page = ARRAY_ADD(f->pages, f->n_pages, f->allocated_pages);
                char *tab;

                if (!page)
                        return false;
                line[strcspn(line, "\n")] = '\0';
                *page = (struct page){ .url = strdup(line) };
                tab = page->url ? strchr(page->url, '\t') : NULL;
                if (!page->url)
                        return false;
                if (tab) {
                        *tab = '\0';
                        page->form = tab + 1;
                }
        }
        return f->n_pages > 0;
}

int main(int argc, char **argv)
{
        CURL *easy[CONCURRENCY_MAX] = { NULL };
        struct fetch f = { 0 };
        size_t concurrency;

        if (argc < 2 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return 64;
        concurrency = strtoul(argv[1], NULL, 10);
        for (int i = 2; i < argc; i++)
                f.headers = curl_slist_append(f.headers, argv[i]);
        f.multi = curl_multi_init();
        if (!f.multi || concurrency > CONCURRENCY_MAX || !read_pages(&f))
                return 1;

        for (size_t i = 0; i < concurrency && i < f.n_pages; i++)
                f.failed |= !start(&f, easy[i] = curl_easy_init());
        run(&f);
        printf("%zu pages, %zu bytes%s\n", f.answered, f.bytes, f.failed ? ", FAILED" : "");

        for (size_t i = 0; i < concurrency; i++)
                curl_easy_cleanup(easy[i]);
        for (size_t i = 0; i < f.n_pages; i++)
                free(f.pages[i].url);
        free(f.pages);
        curl_multi_cleanup(f.multi);
        curl_slist_free_all(f.headers);
        curl_global_cleanup();
        return f.failed ? 1 : 0;
}
