/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/endpoint.h"

#define EXAMPLE "write it like https://host.example:8443/path"
#define HOST_MAX 255

static bool is_ipv4_loopback(struct in_addr address)
{
        return ntohl(address.s_addr) >> 24 == 127;
}

static bool is_ipv4_link_local(struct in_addr address)
{
        return ntohl(address.s_addr) >> 16 == 0xA9FE;
}

static int refuse_link_local(struct error *e)
{
        return error_set(
                e, -EINVAL,
                "is a link-local address, where machines keep their own secrets; write the provider's address");
}

static int check_ipv4(struct in_addr address, struct endpoint *ret, struct error *e)
{
        if (is_ipv4_link_local(address))
                return refuse_link_local(e);

        ret->loopback = is_ipv4_loopback(address);
        return 0;
}

/* An address in brackets. One that stands for an IPv4 address is held to its rules. */
static int check_ipv6(const char *host, struct endpoint *ret, struct error *e)
{
        struct in6_addr address;
        struct in_addr inner;

        if (strchr(host, '%'))
                return refuse_link_local(e);
        if (inet_pton(AF_INET6, host, &address) != 1)
                return error_set(e, -EINVAL, "has brackets around what is no IPv6 address; " EXAMPLE);
        if (IN6_IS_ADDR_LINKLOCAL(&address))
                return refuse_link_local(e);
        if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
                memcpy(&inner, address.s6_addr + 12, sizeof(inner));
                ret->loopback = IN6_IS_ADDR_LOOPBACK(&address);
                return ret->loopback ? 0 : check_ipv4(inner, ret, e);
        }

        ret->loopback = IN6_IS_ADDR_LOOPBACK(&address);
        return 0;
}

/* Resolvers read 2852039166 and 0xa9fe.1 as addresses too, which nobody writes but to hide one. */
static int check_name(const char *host, struct endpoint *ret, struct error *e)
{
        struct in_addr address;

        if (inet_pton(AF_INET, host, &address) == 1)
                return check_ipv4(address, ret, e);
        if (inet_aton(host, &address))
                return error_set(e, -EINVAL,
                                 "has an address that is not written as four numbers; write it like 192.0.2.7");
        if (host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")])
                return error_set(e, -EINVAL, "has a host with characters that no host has; " EXAMPLE);

        ret->loopback = strcasecmp(host, "localhost") == 0;
        return 0;
}

static int check_port(const char *port, struct error *e)
{
        int64_t number;

        if (text_to_int64(port, &number) < 0 || number < 1 || number > 65535)
                return error_set(e, -EINVAL, "has a port that is not of 1 to 65535; " EXAMPLE);

        return 0;
}

/* "host", "host:port", "[address]:port". */
static int check_authority(char *authority, struct endpoint *ret, struct error *e)
{
        bool bracketed = *authority == '[';
        char *end = bracketed ? strchr(authority, ']') : strchr(authority, ':');
        char *host = authority + bracketed;
        int r = 0;

        if (bracketed && !end)
                return error_set(e, -EINVAL, "has a '[' without its ']'; " EXAMPLE);
        if (bracketed) {
                *end++ = '\0';
                if (*end != '\0' && *end != ':')
                        return error_set(e, -EINVAL, "has something behind the ']' that is no port; " EXAMPLE);
        }

        if (end && *end == ':') {
                *end = '\0';
                r = check_port(end + 1, e);
        }
        if (r < 0)
                return r;
        if (!*host || strlen(host) > HOST_MAX)
                return error_set(e, -EINVAL, "has no host, or one that is too long; " EXAMPLE);

        return bracketed ? check_ipv6(host, ret, e) : check_name(host, ret, e);
}

int endpoint_parse(const char *url, struct endpoint *ret, struct error *e)
{
        struct endpoint endpoint = { .encrypted = text_starts(url, "https://") };
        const char *rest = url + (endpoint.encrypted ? strlen("https://") : strlen("http://"));
        _cleanup_free_ char *authority = NULL;
        int r;

        if (!endpoint.encrypted && !text_starts(url, "http://"))
                return error_set(e, -EINVAL, "is no URL that begins with https:// or http://; " EXAMPLE);
        for (const char *s = url; *s; s++)
                if (*s <= 0x20 || *s >= 0x7F)
                        return error_set(e, -EINVAL, "has a character that no URL has; " EXAMPLE);

        authority = strndup(rest, strcspn(rest, "/?#\\"));
        if (!authority)
                return error_oom(e);
        if (strchr(authority, '@'))
                return error_set(e, -EINVAL,
                                 "has a user or a password in it; leave them out, secrets are never in a spec");
        if (strpbrk(rest, "?#\\"))
                return error_set(e, -EINVAL, "has a '?', a '#' or a '\\' in it; " EXAMPLE);

        r = check_authority(authority, &endpoint, e);
        if (r < 0)
                return r;

        *ret = endpoint;
        return 0;
}
