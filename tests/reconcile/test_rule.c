/* SPDX-License-Identifier: MIT */

/*
 * Rules of security groups: one text, however somebody wrote them.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/rule.h"
#include "tests/support/random.h"

#define TEXT_MAX ((size_t)1 << 16)

/* A rule as somebody wrote it; NULL: not at all. */
struct written {
        enum rule_direction direction;
        enum rule_protocol protocol;
        const char *ports, *from, *to;
};

static int read_rule(const struct written *w, bool exact, struct rule *rule, struct error *e)
{
        int r = 0;

        *rule = (struct rule){ .direction = w->direction, .protocol = w->protocol };
        if (w->ports)
                r = rule_add_ports(rule, w->ports, e);
        if (r == 0 && w->from)
                r = rule_add_networks(&rule->from, w->from, exact, e);
        if (r == 0 && w->to)
                r = rule_add_networks(&rule->to, w->to, exact, e);
        return r < 0 ? r : rule_finish(rule, e);
}

static void check_text(const struct written *w, const char *expected)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX), again = BUF_INIT(TEXT_MAX);
        _cleanup_rule_ struct rule rule = { 0 }, parsed = { 0 };
        struct error e = { "" };

        if (read_rule(w, false, &rule, &e) < 0)
                fail_msg("%s: %s", expected, e.text);
        assert_int_equal(rule_print(&rule, &text), 0);
        assert_string_equal(buf_text(&text), expected);
        assert_int_equal(rule_parse(buf_text(&text), &parsed), 0);
        assert_int_equal(rule_print(&parsed, &again), 0);
        assert_string_equal(buf_text(&again), expected);
}

static void test_one_text(_unused_ void **state)
{
        static const struct {
                struct written written;
                const char *text;
        } cases[] = {
                { { DIRECTION_IN, RULE_TCP, "80,443,8000-8010", "10.0.0.0/8,192.0.2.7" },
                  "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7/32" },
                { { DIRECTION_IN, RULE_TCP, "8000:8010,443,80", "192.0.2.7/32,10.0.0.0/8" },
                  "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7/32" },
                { { DIRECTION_IN, RULE_TCP, " 80 , 81-82 ", " 10.0.0.1 " }, "in tcp 80-82 from 10.0.0.1/32" },
                { { DIRECTION_IN, RULE_TCP, "80,81-82", "10.0.0.1" }, "in tcp 80-82 from 10.0.0.1/32" },
                { { DIRECTION_IN, RULE_TCP, "80-82", "10.0.0.1,10.0.0.1/32" }, "in tcp 80-82 from 10.0.0.1/32" },
                { { DIRECTION_IN, RULE_TCP, "1-10,5-20,21,23", "0.0.0.0/0" }, "in tcp 1-21,23 from 0.0.0.0/0" },
                { { DIRECTION_IN, RULE_TCP, "1-65535,7", NULL }, "in tcp 1-65535 from 0.0.0.0/0" },
                { { DIRECTION_IN, RULE_TCP, NULL, NULL }, "in tcp 1-65535 from 0.0.0.0/0" },
                { { DIRECTION_IN, RULE_TCP, "65535,65534", NULL }, "in tcp 65534-65535 from 0.0.0.0/0" },
                { { DIRECTION_OUT, RULE_UDP, "53", NULL, "192.0.2.53" }, "out udp 53 to 192.0.2.53/32" },
                { { DIRECTION_OUT, RULE_UDP, "53", "0.0.0.0/0", "192.0.2.53" }, "out udp 53 to 192.0.2.53/32" },
                { { DIRECTION_OUT, RULE_UDP, "53", "10.0.0.0/8", "192.0.2.53" },
                  "out udp 53 from 10.0.0.0/8 to 192.0.2.53/32" },
                { { DIRECTION_IN, RULE_ICMP, NULL, "10.0.0.0/8", "0.0.0.0/0" }, "in icmp from 10.0.0.0/8" },
                { { DIRECTION_IN, RULE_ICMP, NULL, "10.1.2.3/8, 10.9.9.9/8", NULL }, "in icmp from 10.0.0.0/8" },
                { { DIRECTION_IN, RULE_ANY, NULL, NULL }, "in any from 0.0.0.0/0" },
                { { DIRECTION_IN, RULE_ANY, "80", NULL }, "in any 80 from 0.0.0.0/0" },
                /* Networks are not put together. */
                { { DIRECTION_IN, RULE_ICMP, NULL, "10.128.0.0/9,10.0.0.0/9,10.0.0.0/8" },
                  "in icmp from 10.0.0.0/8,10.0.0.0/9,10.128.0.0/9" },
                /* Addresses are numbers and not words. */
                { { DIRECTION_IN, RULE_ICMP, NULL, "100.0.0.1,9.0.0.1,200.0.0.1" },
                  "in icmp from 9.0.0.1/32,100.0.0.1/32,200.0.0.1/32" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check_text(&cases[i].written, cases[i].text);
}

static void check_wrong(const struct written *w, const char *words)
{
        _cleanup_rule_ struct rule rule = { 0 };
        struct error e = { "" };

        assert_int_equal(read_rule(w, true, &rule, &e), -EINVAL);
        assert_string_equal(e.text, words);
}

#define NO_PORT " is no port or range of ports; write 1 to 65535, like 80 or 8000-8010"
#define NO_NETWORK " is no IPv4 address or network; write one like 10.1.2.3 or 10.0.0.0/8"

static void test_wrong(_unused_ void **state)
{
        static const char *const ports[] = { "",     "0",  "65536", "80-",   "-80",      "80,",    ",80",    "80,,81",
                                             "http", "08", "+80",   "80 81", "80-81-82", "80--81", "1-70000" };
        static const char *const networks[] = { "",
                                                "10",
                                                "10.0.0",
                                                "10.0.0.256",
                                                "10.0.0.0/33",
                                                "10.0.0.0/",
                                                "10.0.0.0/-1",
                                                "10.0.0.0/8/8",
                                                "::1",
                                                "2001:db8::/32",
                                                "10.0.0.010",
                                                "10.0.0.0/255.0.0.0",
                                                "web",
                                                "10.0.0.1,,10.0.0.2",
                                                "10.0.0.0/08" };

        for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
                _cleanup_rule_ struct rule rule = { 0 };
                struct error e = { "" };

                if (rule_add_ports(&rule, ports[i], &e) != -EINVAL)
                        fail_msg("\"%s\" was taken for ports", ports[i]);
                assert_non_null(strstr(e.text, NO_PORT));
        }
        for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
                _cleanup_rule_ struct rule rule = { 0 };
                struct error e = { "" };

                if (rule_add_networks(&rule.from, networks[i], true, &e) != -EINVAL)
                        fail_msg("\"%s\" was taken for networks", networks[i]);
                assert_non_null(strstr(e.text, NO_NETWORK));
        }
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "80,99999" }, "\"99999\"" NO_PORT);
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "80", "10.0.0.0/8,here" }, "\"here\"" NO_NETWORK);
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "\033[2J" }, "\"\\x1b[2J\"" NO_PORT);
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "80,90-80" },
                    "the range 90-80 ends before it begins; write 80-90");
        check_wrong(&(struct written){ DIRECTION_IN, RULE_ICMP, "80" }, "icmp has no ports");
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "80", "10.1.2.3/8" },
                    "\"10.1.2.3/8\" has bits set behind its first 8; write 10.0.0.0/8, or leave the /8 out");
        check_wrong(&(struct written){ DIRECTION_IN, RULE_TCP, "80", "10.1.2.3/0" },
                    "\"10.1.2.3/0\" has bits set behind its first 0; write 0.0.0.0/0, or leave the /0 out");
}

static void test_no_texts_of_rules(_unused_ void **state)
{
        static const char *const texts[] = {
                "",
                "in",
                "in tcp from",
                "tcp in 80",
                "in sctp 80",
                "in tcp 80 from ",
                "in tcp 80 of 10.0.0.0/8",
                "in icmp 80 from 10.0.0.0/8",
                "in tcp 80 from 10.1.0.0/8",
                "in tcp  80",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_rule_ struct rule rule = { 0 };

                if (rule_parse(texts[i], &rule) != -EINVAL)
                        fail_msg("\"%s\" was taken for a rule", texts[i]);
        }
}

static void test_wire(_unused_ void **state)
{
        _cleanup_buf_ struct buf ports = BUF_INIT(TEXT_MAX), networks = BUF_INIT(TEXT_MAX);
        _cleanup_rule_ struct rule rule = { 0 };

        assert_int_equal(rule_parse("in tcp 80-83,85 from 10.0.0.0/8,192.0.2.7/32", &rule), 0);
        assert_int_equal(rule_print_ports(&rule, ':', &ports), 0);
        assert_int_equal(networks_print(&rule.from, true, &networks), 0);
        assert_string_equal(buf_text(&ports), "80:83,85");
        assert_string_equal(buf_text(&networks), "10.0.0.0/8,192.0.2.7");
}

/* What a rule lets through, told without its normal form: bits of ports, and the networks one by one. */
struct meaning {
        uint8_t ports[65536 / 8];
        char networks[8][32];
        size_t n_networks;
};

static void add_port(struct meaning *m, unsigned port)
{
        m->ports[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool means_network(const struct meaning *m, const char *network)
{
        for (size_t i = 0; i < m->n_networks; i++)
                if (text_equal(m->networks[i], network))
                        return true;
        return false;
}

/* Writes the same ports in some way: one by one or in ranges that overlap, in any order. */
static void write_ports(struct random *random, const struct meaning *m, struct buf *b)
{
        unsigned first[64], last[64];
        size_t n = 0;

        for (unsigned port = 1; port <= 40; port++) {
                if (!(m->ports[port / 8] >> port % 8 & 1))
                        continue;
                first[n] = last[n] = port;
                while (last[n] < 40 && m->ports[(last[n] + 1) / 8] >> (last[n] + 1) % 8 & 1 &&
                       random_chance(random, 600))
                        last[n]++;
                n++;
        }
        for (size_t i = n; i > 1; i--) {
                size_t k = random_below(random, i);
                unsigned swap_first = first[i - 1], swap_last = last[i - 1];

                first[i - 1] = first[k];
                last[i - 1] = last[k];
                first[k] = swap_first;
                last[k] = swap_last;
        }
        for (size_t i = 0; i < n; i++) {
                (void)buf_addf(b, "%s%u", i ? random_chance(random, 300) ? " , " : "," : "", first[i]);
                if (last[i] > first[i] || random_chance(random, 200))
                        (void)buf_addf(b, "%c%u", random_chance(random, 500) ? ':' : '-', last[i]);
        }
}

static void write_networks(struct random *random, const struct meaning *m, struct buf *b)
{
        size_t from = random_below(random, m->n_networks);

        for (size_t i = 0; i < m->n_networks; i++) {
                char text[32];
                char *slash;

                (void)snprintf(text, sizeof(text), "%s", m->networks[(from + i) % m->n_networks]);
                slash = strchr(text, '/');
                if (text_equal(slash, "/32") && random_chance(random, 500))
                        *slash = '\0';
                (void)buf_addf(b, "%s%s", i ? "," : "", text);
                if (random_chance(random, 300))
                        (void)buf_addf(b, ",%s", text);
        }
}

static void write_key(struct random *random, const struct meaning *m, struct buf *key)
{
        _cleanup_buf_ struct buf ports = BUF_INIT(TEXT_MAX), networks = BUF_INIT(TEXT_MAX);
        _cleanup_rule_ struct rule rule = { 0 };
        struct error e = { "" };

        write_ports(random, m, &ports);
        write_networks(random, m, &networks);
        if (read_rule(&(struct written){ DIRECTION_IN, RULE_TCP, buf_text(&ports), buf_text(&networks) }, true, &rule,
                      &e) < 0)
                fail_msg("%s from %s: %s", buf_text(&ports), buf_text(&networks), e.text);
        assert_int_equal(rule_print(&rule, key), 0);
}

static void choose_meaning(struct random *random, struct meaning *m)
{
        size_t n = random_between(random, 1, ARRAY_SIZE(m->networks));

        *m = (struct meaning){ 0 };
        for (unsigned port = 1; port <= 40; port++)
                if (random_chance(random, 400))
                        add_port(m, port);
        add_port(m, (unsigned)random_between(random, 1, 40));
        for (size_t i = 0; i < n; i++) {
                char network[32];
                unsigned third = (unsigned)random_below(random, 4);

                if (random_chance(random, 500))
                        (void)snprintf(network, sizeof(network), "10.0.%u.0/24", third);
                else
                        (void)snprintf(network, sizeof(network), "10.0.%u.7/32", third);
                if (!means_network(m, network))
                        (void)snprintf(m->networks[m->n_networks++], sizeof(network), "%s", network);
        }
}

static bool is_same_meaning(const struct meaning *a, const struct meaning *b)
{
        for (size_t i = 0; i < a->n_networks; i++)
                if (!means_network(b, a->networks[i]))
                        return false;
        return a->n_networks == b->n_networks && memcmp(a->ports, b->ports, sizeof(a->ports)) == 0;
}

/* The same rule written in two ways is one text; two that let other things through are two. */
static void test_any_writing(_unused_ void **state)
{
        struct random random = { 1 };

        for (int i = 0; i < 2000; i++) {
                _cleanup_buf_ struct buf one = BUF_INIT(TEXT_MAX), two = BUF_INIT(TEXT_MAX), three = BUF_INIT(TEXT_MAX);
                struct meaning m, other;

                choose_meaning(&random, &m);
                choose_meaning(&random, &other);
                write_key(&random, &m, &one);
                write_key(&random, &m, &two);
                write_key(&random, &other, &three);
                assert_string_equal(buf_text(&one), buf_text(&two));
                assert_int_equal(text_equal(buf_text(&one), buf_text(&three)), is_same_meaning(&m, &other));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_text),          cmocka_unit_test(test_wrong),
                cmocka_unit_test(test_no_texts_of_rules), cmocka_unit_test(test_wire),
                cmocka_unit_test(test_any_writing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
