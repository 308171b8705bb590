/* SPDX-License-Identifier: MIT */
#include "reconcile/rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reconcile/base/array.h"
#include "reconcile/base/cleanup.h"
#include "reconcile/base/text.h"

#define PORT_MAX 65535
#define ITEM_MAX 64 /* characters of one port, range or address */
#define BLANKS " \t\r\n"

/* From one number to another: of ports; or of an address and the length of its prefix. */
struct span {
        uint32_t from, to;
};

struct spans {
        struct span *items;
        size_t n, allocated;
};

static void spans_done(struct spans *s)
{
        free(s->items);
}

static int compare_spans(const void *left, const void *right)
{
        const struct span *a = left, *b = right;

        if (a->from != b->from)
                return a->from < b->from ? -1 : 1;
        return (a->to > b->to) - (a->to < b->to);
}

/* Calls `read` with each item between commas, without the blanks around it. */
static int read_items(const char *text, struct spans *spans,
                      int (*read)(const char *item, struct span *ret, struct error *e), struct error *e)
{
        while (*text) {
                size_t n = strcspn(text, ","), length;
                char item[ITEM_MAX];
                struct span *span = ARRAY_ADD(spans->items, spans->n, spans->allocated);
                int r;

                if (!span)
                        return error_oom(e);
                text += strspn(text, BLANKS);
                n = strcspn(text, ",");
                for (length = n; length > 0 && strchr(BLANKS, text[length - 1]);)
                        length--;
                if (length >= sizeof(item))
                        return error_set(e, -EINVAL, "an item of the list is too long");
                (void)snprintf(item, sizeof(item), "%.*s", (int)length, text);
                r = read(item, span, e);
                if (r < 0)
                        return r;
                text += n + (text[n] == ',');
        }
        if (spans->n > 1)
                qsort(spans->items, spans->n, sizeof(*spans->items), compare_spans);
        return 0;
}

static int read_port(const char *text, uint32_t *ret)
{
        int64_t number;

        if (text_to_int64(text, &number) < 0 || number < 0 || number > PORT_MAX)
                return -EINVAL;
        *ret = (uint32_t)number;
        return 0;
}

static int read_ports(const char *item, struct span *ret, struct error *e)
{
        char from[ITEM_MAX];
        size_t n = strcspn(item, "-:");

        (void)snprintf(from, sizeof(from), "%.*s", (int)n, item);
        if (read_port(from, &ret->from) < 0 || read_port(item[n] ? item + n + 1 : from, &ret->to) < 0)
                return error_set(e, -EINVAL, "\"%s\" is no port or range of ports; write 0 to %d, like 80 or 8000-8010",
                                 item, PORT_MAX);
        if (ret->to < ret->from)
                return error_set(e, -EINVAL, "the range %s ends before it begins; write %" PRIu32 "-%" PRIu32, item,
                                 ret->to, ret->from);
        return 0;
}

int rule_ports(const char *ports, struct buf *b, struct error *e)
{
        _cleanup_(spans_done) struct spans spans = { 0 };
        size_t start = b->len;
        int r;

        r = read_items(ports, &spans, read_ports, e);
        for (size_t i = 0, next; r == 0 && i < spans.n; i = next) {
                struct span span = spans.items[i];

                for (next = i + 1; next < spans.n && spans.items[next].from <= span.to + 1; next++)
                        if (spans.items[next].to > span.to)
                                span.to = spans.items[next].to;
                buf_addf(b, "%s%" PRIu32, b->len > start ? "," : "", span.from);
                if (span.to > span.from)
                        buf_addf(b, "-%" PRIu32, span.to);
        }
        return r < 0 ? r : b->failed;
}

static uint32_t mask_of(uint32_t length)
{
        return length ? UINT32_MAX << (32 - length) : 0;
}

static void print_address(const struct span *span, char text[static ITEM_MAX])
{
        struct in_addr address = { .s_addr = htonl(span->from) };
        char dotted[INET_ADDRSTRLEN] = "";

        (void)inet_ntop(AF_INET, &address, dotted, sizeof(dotted));
        if (span->to == 32)
                (void)snprintf(text, ITEM_MAX, "%s", dotted);
        else
                (void)snprintf(text, ITEM_MAX, "%s/%" PRIu32, dotted, span->to);
}

static int read_address(const char *item, struct span *ret, struct error *e)
{
        char address[ITEM_MAX], whole[ITEM_MAX];
        size_t n = strcspn(item, "/");
        struct in_addr parsed;
        int64_t length = 32;

        (void)snprintf(address, sizeof(address), "%.*s", (int)n, item);
        if (inet_pton(AF_INET, address, &parsed) != 1 ||
            (item[n] && (text_to_int64(item + n + 1, &length) < 0 || length < 0 || length > 32)))
                return error_set(e, -EINVAL, "\"%s\" is no IPv4 address or CIDR; write one like 10.1.2.3 or 10.0.0.0/8",
                                 item);
        *ret = (struct span){ ntohl(parsed.s_addr), (uint32_t)length };
        if (!(ret->from & ~mask_of(ret->to)))
                return 0;
        print_address(&(const struct span){ ret->from & mask_of(ret->to), ret->to }, whole);
        return error_set(e, -EINVAL, "%s has bits set beyond its prefix; write %s, or the address alone", item, whole);
}

int rule_addresses(const char *addresses, struct buf *b, struct error *e)
{
        _cleanup_(spans_done) struct spans spans = { 0 };
        size_t start = b->len;
        int r;

        r = read_items(addresses, &spans, read_address, e);
        for (size_t i = 0; r == 0 && i < spans.n; i++) {
                char text[ITEM_MAX];

                if (i > 0 && compare_spans(&spans.items[i - 1], &spans.items[i]) == 0)
                        continue;
                print_address(&spans.items[i], text);
                buf_addf(b, "%s%s", b->len > start ? "," : "", text);
        }
        return r < 0 ? r : b->failed;
}

/* The word of the list that a text is in any case; NULL: none. */
static const char *find_word(const char *const *words, const char *text)
{
        for (; *words; words++)
                if (text && strcasecmp(*words, text) == 0)
                        return *words;
        return NULL;
}

static int add_addresses(const char *word, const char *addresses, struct buf *b, struct error *e)
{
        if (!addresses || !*addresses)
                return 0;
        buf_addf(b, " %s ", word);
        return rule_addresses(addresses, b, e);
}

int rule_text(const struct rule *rule, struct buf *b, struct error *e)
{
        static const char *const directions[] = { "in", "out", NULL }, *const protocols[] = { "tcp", "udp", "icmp",
                                                                                              NULL };
        const char *direction = find_word(directions, rule->direction);
        const char *protocol = find_word(protocols, rule->protocol);
        bool any = !rule->protocol || !*rule->protocol;
        int r = 0;

        if (!direction || (!protocol && !any))
                return error_set(e, -EINVAL, "the rule has a %s that is none", direction ? "protocol" : "direction");
        buf_addf(b, "%s %s", direction, protocol ? protocol : "any");
        if (rule->ports && *rule->ports) {
                buf_addc(b, ' ');
                r = rule_ports(rule->ports, b, e);
        }
        if (r == 0)
                r = add_addresses("from", rule->from, b, e);
        if (r == 0)
                r = add_addresses("to", rule->to, b, e);
        return r < 0 ? r : b->failed;
}

int rule_split(char *text, struct rule *ret)
{
        struct rule rule = { .ports = "", .from = "", .to = "" };
        char *rest = text, *word;

        rule.direction = strsep(&rest, " ");
        rule.protocol = strsep(&rest, " ");
        if (!rule.protocol)
                return -EINVAL;
        while ((word = strsep(&rest, " "))) {
                if (text_equal(word, "from") && rest)
                        rule.from = strsep(&rest, " ");
                else if (text_equal(word, "to") && rest)
                        rule.to = strsep(&rest, " ");
                else if (!*rule.ports)
                        rule.ports = word;
                else
                        return -EINVAL;
        }
        if (text_equal(rule.protocol, "any"))
                rule.protocol = "";
        *ret = rule;
        return 0;
}
