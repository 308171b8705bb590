/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/text.h"

#define TEXT_MAX 4096
#define PORT_MAX 65535
#define PREFIX_MAX 32

/* Each part of the list, taken apart in a copy, is of the form. */
static bool are(const char *text, bool (*is)(char *part))
{
        _cleanup_free_ char *copy = strlen(text) < TEXT_MAX ? strdup(text) : NULL;
        char *rest = copy;

        for (char *part; (part = strsep(&rest, ","));)
                if (!is(part))
                        return false;
        return copy;
}

bool sim_is_address(const char *text)
{
        struct in_addr address;

        return inet_pton(AF_INET, text, &address) == 1;
}

static bool is_network(char *part)
{
        char *slash = strchr(part, '/');
        int64_t prefix;

        if (!slash)
                return sim_is_address(part);
        *slash = '\0';
        return sim_is_address(part) && text_to_int64(slash + 1, &prefix) == 0 && prefix >= 0 && prefix <= PREFIX_MAX;
}

static bool is_port(const char *text, int64_t *ret)
{
        return text_to_int64(text, ret) == 0 && *ret >= 1 && *ret <= PORT_MAX;
}

static bool are_ports(char *part)
{
        char *colon = strchr(part, ':');
        int64_t first, last;

        if (!colon)
                return is_port(part, &first);
        *colon = '\0';
        return is_port(part, &first) && is_port(colon + 1, &last) && first <= last;
}

bool sim_is_port(const char *text)
{
        int64_t port;

        return is_port(text, &port);
}

bool sim_are_addresses(const char *text)
{
        return are(text, is_network);
}

bool sim_are_ports(const char *text)
{
        return are(text, are_ports);
}

/* The parts of the list from behind, each as `print` says it. */
static char *turn(const char *text, void (*print)(struct buf *b, const char *part))
{
        _cleanup_free_ char *copy = strdup(text);
        _cleanup_buf_ struct buf b = BUF_INIT(2 * TEXT_MAX);

        if (!copy)
                return NULL;
        buf_adds(&b, "");
        while (*copy) {
                char *comma = strrchr(copy, ',');

                print(&b, comma ? comma + 1 : copy);
                if (!comma)
                        break;
                buf_addc(&b, ',');
                *comma = '\0';
        }
        return buf_steal(&b);
}

static void print_network(struct buf *b, const char *part)
{
        buf_addf(b, strchr(part, '/') ? "%s" : "%s/32", part);
}

/* The first port of a range apart from the others. */
static void print_ports(struct buf *b, const char *part)
{
        const char *colon = strchr(part, ':');
        int64_t first = strtol(part, NULL, 10), last = colon ? strtol(colon + 1, NULL, 10) : first;

        if (last - first < 2)
                buf_addf(b, last > first ? "%" PRId64 ",%" PRId64 : "%" PRId64, first, last);
        else
                buf_addf(b, "%" PRId64 ",%" PRId64 ":%" PRId64, first, first + 1, last);
}

char *sim_odd_addresses(const char *text)
{
        return turn(text, print_network);
}

char *sim_odd_ports(const char *text)
{
        return turn(text, print_ports);
}
