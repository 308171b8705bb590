/* SPDX-License-Identifier: MIT */
#include "reconcile/rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define PORT_MAX 65535
#define LENGTH_MAX 32
#define ITEM_MAX 64  /* a port range, or a network, with its end; longer ones are neither */
#define QUOTE_MAX 60 /* characters of what is wrong that its error shows */

const char *const rule_direction_words[] = { [DIRECTION_IN] = "in", [DIRECTION_OUT] = "out", NULL };
const char *const rule_protocol_words[] = { [RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp", NULL };

/* In texts of rules, where somebody may have made one for all of them. */
static const char *const protocol_texts[] = {
        [RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp", [RULE_ANY] = "any", NULL
};

void rule_done(struct rule *rule)
{
        free(rule->ports);
        free(rule->from.items);
        free(rule->to.items);
        *rule = (struct rule){ 0 };
}

/* The next item of a list with commas, without the blanks around it. Returns where the rest begins; NULL: that was the last. */
static const char *next_item(const char *list, char item[static ITEM_MAX])
{
        size_t n = strcspn(list, ","), from = strspn(list, " "), end = n;

        from = from < n ? from : n;
        while (end > from && list[end - 1] == ' ')
                end--;
        (void)snprintf(item, ITEM_MAX, "%.*s", (int)(end - from < ITEM_MAX ? end - from : ITEM_MAX - 1), list + from);
        return list[n] ? list + n + 1 : NULL;
}

/* "\"x\" WHAT", with the item escaped. */
static int wrong(const char *item, const char *what, struct error *e)
{
        _cleanup_buf_ struct buf shown = BUF_INIT(1024);

        (void)text_escape(&shown, item, QUOTE_MAX);
        return error_set(e, -EINVAL, "\"%s\" %s", buf_text(&shown), what);
}

static int parse_port(const char *text, uint16_t *ret)
{
        int64_t number;

        if (text_to_int64(text, &number) < 0 || number < 1 || number > PORT_MAX)
                return -EINVAL;
        *ret = (uint16_t)number;
        return 0;
}

static int add_range(struct rule *rule, char *item, struct error *e)
{
        size_t n = strcspn(item, "-:");
        char *end = item[n] ? item + n + 1 : item;
        struct port_range range, *place;
        char between = item[n];
        int r;

        item[n] = '\0';
        r = parse_port(item, &range.first);
        if (r == 0)
                r = parse_port(end, &range.last);
        item[n] = between;
        if (r < 0)
                return wrong(item, "is no port or range of ports; write 1 to 65535, like 80 or 8000-8010", e);
        if (range.first > range.last)
                return error_set(e, -EINVAL, "the range %s ends before it begins; write %u-%u", item, range.last,
                                 range.first);
        place = ARRAY_ADD(rule->ports, rule->n_ports, rule->allocated_ports);
        if (!place)
                return error_oom(e);
        *place = range;
        return 0;
}

int rule_add_ports(struct rule *rule, const char *text, struct error *e)
{
        char item[ITEM_MAX];
        int r = 0;

        while (text && r == 0) {
                text = next_item(text, item);
                r = add_range(rule, item, e);
        }
        return r;
}

static uint32_t mask_of(unsigned length)
{
        return length ? UINT32_MAX << (LENGTH_MAX - length) : 0;
}

static void print_network(const struct network *network, bool plain, struct buf *b)
{
        const struct in_addr address = { .s_addr = htonl(network->address) };
        char text[INET_ADDRSTRLEN];

        (void)buf_adds(b, inet_ntop(AF_INET, &address, text, sizeof(text)));
        if (!plain || network->length < LENGTH_MAX)
                (void)buf_addf(b, "/%u", network->length);
}

static int has_host_bits(const char *item, const struct network *network, struct error *e)
{
        _cleanup_buf_ struct buf right = BUF_INIT(ITEM_MAX);

        print_network(network, true, &right);
        return error_set(e, -EINVAL, "\"%s\" has bits set behind its first %u; write %s, or leave the /%u out", item,
                         network->length, buf_text(&right), network->length);
}

static int parse_network(char *item, bool exact, struct network *ret, struct error *e)
{
        static const char what[] = "is no IPv4 address or network; write one like 10.1.2.3 or 10.0.0.0/8";
        char *slash = strchr(item, '/');
        struct in_addr address;
        int64_t length = LENGTH_MAX;
        bool valid;

        if (slash)
                *slash = '\0';
        valid = inet_pton(AF_INET, item, &address) == 1;
        if (slash)
                *slash = '/';
        if (!valid || (slash && (text_to_int64(slash + 1, &length) < 0 || length < 0 || length > LENGTH_MAX)))
                return wrong(item, what, e);
        ret->length = (unsigned)length;
        ret->address = ntohl(address.s_addr) & mask_of(ret->length);
        return exact && ret->address != ntohl(address.s_addr) ? has_host_bits(item, ret, e) : 0;
}

int rule_add_networks(struct networks *networks, const char *text, bool exact, struct error *e)
{
        while (text) {
                struct network network, *place;
                char item[ITEM_MAX];
                int r;

                text = next_item(text, item);
                r = parse_network(item, exact, &network, e);
                if (r < 0)
                        return r;
                place = ARRAY_ADD(networks->items, networks->n, networks->allocated);
                if (!place)
                        return error_oom(e);
                *place = network;
        }
        return 0;
}

static int compare_ranges(const void *left, const void *right)
{
        const struct port_range *a = left, *b = right;

        return a->first != b->first ? a->first - b->first : a->last - b->last;
}

/* Ranges that overlap or touch become one. */
static void merge_ports(struct rule *rule)
{
        size_t n = 0;

        qsort(rule->ports, rule->n_ports, sizeof(*rule->ports), compare_ranges);
        for (size_t i = 0; i < rule->n_ports; i++) {
                const struct port_range range = rule->ports[i];

                if (n > 0 && range.first <= rule->ports[n - 1].last + 1) {
                        if (range.last > rule->ports[n - 1].last)
                                rule->ports[n - 1].last = range.last;
                } else {
                        rule->ports[n++] = range;
                }
        }
        rule->n_ports = n;
}

static int compare_networks(const void *left, const void *right)
{
        const struct network *a = left, *b = right;

        if (a->address != b->address)
                return a->address < b->address ? -1 : 1;
        return (a->length > b->length) - (a->length < b->length);
}

static void sort_networks(struct networks *networks)
{
        size_t n = 0;

        if (networks->n > 1)
                qsort(networks->items, networks->n, sizeof(*networks->items), compare_networks);
        for (size_t i = 0; i < networks->n; i++)
                if (n == 0 || compare_networks(&networks->items[n - 1], &networks->items[i]) != 0)
                        networks->items[n++] = networks->items[i];
        networks->n = n;
}

static bool is_everywhere(const struct networks *networks)
{
        return networks->n == 1 && networks->items[0].length == 0;
}

/* Where it comes from, of what comes in; the other side is said only where it bounds something. */
static int finish_sides(struct rule *rule, struct error *e)
{
        struct networks *own = rule->direction == DIRECTION_IN ? &rule->from : &rule->to;
        struct networks *other = rule->direction == DIRECTION_IN ? &rule->to : &rule->from;

        if (own->n == 0 && rule_add_networks(own, "0.0.0.0/0", true, e) < 0)
                return error_oom(e);
        sort_networks(own);
        sort_networks(other);
        if (is_everywhere(other))
                other->n = 0;
        return 0;
}

int rule_finish(struct rule *rule, struct error *e)
{
        int r = 0;

        if (rule->protocol == RULE_ICMP && rule->n_ports > 0)
                return error_set(e, -EINVAL, "icmp has no ports");
        if ((rule->protocol == RULE_TCP || rule->protocol == RULE_UDP) && rule->n_ports == 0)
                r = rule_add_ports(rule, "1-65535", e);
        if (r < 0)
                return r;
        if (rule->n_ports > 1)
                merge_ports(rule);
        return finish_sides(rule, e);
}

int rule_print_ports(const struct rule *rule, char hyphen, struct buf *b)
{
        for (size_t i = 0; i < rule->n_ports; i++) {
                const struct port_range *range = &rule->ports[i];

                (void)buf_addf(b, "%s%u", i > 0 ? "," : "", range->first);
                if (range->last > range->first)
                        (void)buf_addf(b, "%c%u", hyphen, range->last);
        }
        return b->failed;
}

int networks_print(const struct networks *networks, bool plain, struct buf *b)
{
        for (size_t i = 0; i < networks->n; i++) {
                (void)buf_adds(b, i > 0 ? "," : "");
                print_network(&networks->items[i], plain, b);
        }
        return b->failed;
}

int rule_print(const struct rule *rule, struct buf *b)
{
        (void)buf_addf(b, "%s %s", rule_direction_words[rule->direction], protocol_texts[rule->protocol]);
        if (rule->n_ports > 0) {
                (void)buf_addc(b, ' ');
                (void)rule_print_ports(rule, '-', b);
        }
        if (rule->from.n > 0) {
                (void)buf_adds(b, " from ");
                (void)networks_print(&rule->from, false, b);
        }
        if (rule->to.n > 0) {
                (void)buf_adds(b, " to ");
                (void)networks_print(&rule->to, false, b);
        }
        return b->failed;
}

int rule_word(const char *const *words, const char *text)
{
        for (int i = 0; words[i]; i++)
                if (strcasecmp(words[i], text) == 0)
                        return i;
        return -EINVAL;
}

/* The next word; NULL: there is none. Ends it in place. */
static char *next_word(char **rest)
{
        char *word = *rest;

        if (!word || !*word)
                return NULL;
        *rest = strchr(word, ' ');
        if (*rest)
                *(*rest)++ = '\0';
        return word;
}

static int parse_words(char *rest, struct rule *rule)
{
        const char *direction = next_word(&rest), *protocol = next_word(&rest), *word;
        int d = direction ? rule_word(rule_direction_words, direction) : -EINVAL;
        int p = protocol ? rule_word(protocol_texts, protocol) : -EINVAL;
        int r = d < 0 || p < 0 ? -EINVAL : 0;

        if (r < 0)
                return r;
        rule->direction = (enum rule_direction)d;
        rule->protocol = (enum rule_protocol)p;
        while (r == 0 && (word = next_word(&rest))) {
                bool from = text_equal(word, "from");
                const char *list = from || text_equal(word, "to") ? next_word(&rest) : NULL;

                if (list)
                        r = rule_add_networks(from ? &rule->from : &rule->to, list, true, NULL);
                else
                        r = rule_add_ports(rule, word, NULL);
        }
        return r;
}

int rule_parse(const char *text, struct rule *ret)
{
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_rule_ struct rule rule = { 0 };
        int r;

        if (!copy)
                return -ENOMEM;
        r = parse_words(copy, &rule);
        if (r == 0)
                r = rule_finish(&rule, NULL);
        if (r < 0)
                return r;
        *ret = rule;
        rule = (struct rule){ 0 };
        return 0;
}
