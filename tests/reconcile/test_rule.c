/* SPDX-License-Identifier: MIT */

/*
 * Rules of security groups in normal form: one text for every way of writing the same, and no text for what is none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "reconcile/base/array.h"
#include "reconcile/base/cleanup.h"
#include "reconcile/base/text.h"
#include "reconcile/rule.h"
#include "tests/support/random.h"

static void same_rule_is_one_text(void **state)
{
        static const struct {
                struct rule rule;
                const char *text;
        } cases[] = {
                { { "in", "tcp", "80,443,8000-8010", "10.0.0.0/8,192.0.2.7", NULL },
                  "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7" },
                { { "IN", "TCP", " 8000:8010 ,443, 80", "192.0.2.7/32, 10.0.0.0/8", "" },
                  "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7" },
                { { "in", "tcp", "80,81-82", NULL, NULL }, "in tcp 80-82" },
                { { "in", "tcp", "80-82", NULL, NULL }, "in tcp 80-82" },
                { { "in", "tcp", "82,80-81,80,81", NULL, NULL }, "in tcp 80-82" },
                { { "in", "tcp", "1-10,3-5,12", NULL, NULL }, "in tcp 1-10,12" },
                { { "in", "tcp", "0,65535", NULL, NULL }, "in tcp 0,65535" },
                { { "in", "tcp", "", "10.1.2.3", NULL }, "in tcp from 10.1.2.3" },
                { { "in", "tcp", "", "10.1.2.3/32,10.1.2.3", NULL }, "in tcp from 10.1.2.3" },
                { { "out", "udp", "53", NULL, "192.0.2.53" }, "out udp 53 to 192.0.2.53" },
                { { "in", "icmp", NULL, NULL, NULL }, "in icmp" },
                { { "in", "", NULL, "0.0.0.0/0", NULL }, "in any from 0.0.0.0/0" },
                { { "in", "tcp", "80", "10.0.0.0/8,10.0.0.0/9", NULL }, "in tcp 80 from 10.0.0.0/8,10.0.0.0/9" },
                { { "in", "tcp", "80", "10.0.0.1", "10.0.0.2" }, "in tcp 80 from 10.0.0.1 to 10.0.0.2" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(RULE_TEXT_MAX);
                struct error e = { "" };

                if (rule_text(&cases[i].rule, &b, &e) < 0)
                        fail_msg("%s: %s", cases[i].text, e.text);
                assert_string_equal(buf_text(&b), cases[i].text);
        }
}

static void what_is_no_rule_is_told(void **state)
{
        static const struct {
                struct rule rule;
                const char *words;
        } cases[] = {
                { { "inward", "tcp", NULL, NULL, NULL }, "direction" },
                { { NULL, "tcp", NULL, NULL, NULL }, "direction" },
                { { "in", "sctp", NULL, NULL, NULL }, "protocol" },
                { { "in", "tcp", "80,x", NULL, NULL }, "\"x\" is no port" },
                { { "in", "tcp", "80,,81", NULL, NULL }, "\"\" is no port" },
                { { "in", "tcp", "080", NULL, NULL }, "\"080\" is no port" },
                { { "in", "tcp", "-5", NULL, NULL }, "\"-5\" is no port" },
                { { "in", "tcp", "65536", NULL, NULL }, "\"65536\" is no port" },
                { { "in", "tcp", "90-80", NULL, NULL }, "write 80-90" },
                { { "in", "tcp", "80", "10.1.2.3/8", NULL }, "write 10.0.0.0/8" },
                { { "in", "tcp", "80", "10.1.2.300", NULL }, "is no IPv4 address" },
                { { "in", "tcp", "80", "10.1.2.3/33", NULL }, "is no IPv4 address" },
                { { "in", "tcp", "80", "10.1.2.3/", NULL }, "is no IPv4 address" },
                { { "in", "tcp", "80", "::1", NULL }, "is no IPv4 address" },
                { { "in", "tcp", "80", "a-host-with-a-very-long-name-that-goes-on-and-on-and-on-and-on-and-on-and-on",
                    NULL },
                  "too long" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(RULE_TEXT_MAX);
                struct error e = { "" };

                assert_int_equal(rule_text(&cases[i].rule, &b, &e), -EINVAL);
                if (!strstr(e.text, cases[i].words))
                        fail_msg("%s", e.text);
        }
}

/* Written anew out of its own parts, in whatever order, a rule is the same text. */
static void order_means_nothing(void **state)
{
        struct random r = { .state = 7 };

        (void)state;
        for (int i = 0; i < 2000; i++) {
                _cleanup_buf_ struct buf ports = BUF_INIT(4096), turned = BUF_INIT(4096), a = BUF_INIT(4096),
                                         b = BUF_INIT(4096);
                uint64_t from[8], to[8], n = random_between(&r, 1, 8);

                for (uint64_t k = 0; k < n; k++) {
                        from[k] = random_below(&r, 60);
                        to[k] = from[k] + random_below(&r, 8);
                }
                for (uint64_t k = 0; k < n; k++) {
                        buf_addf(&ports, "%s%d-%d", k ? "," : "", (int)from[k], (int)to[k]);
                        buf_addf(&turned, "%s%d:%d", k ? " , " : "", (int)from[n - 1 - k], (int)to[n - 1 - k]);
                }
                assert_int_equal(rule_ports(buf_text(&ports), &a, NULL), 0);
                assert_int_equal(rule_ports(buf_text(&turned), &b, NULL), 0);
                assert_string_equal(buf_text(&a), buf_text(&b));
                buf_reset(&b);
                assert_int_equal(rule_ports(buf_text(&a), &b, NULL), 0);
                assert_string_equal(buf_text(&a), buf_text(&b));
        }
}

static void texts_are_taken_apart(void **state)
{
        static const char *const texts[] = { "in tcp 80,443 from 10.0.0.0/8 to 10.0.0.1", "in icmp",
                                             "out udp 53 to 192.0.2.53", "in any from 0.0.0.0/0" };
        static const char *const wrong[] = { "", "in", "in tcp 80 81", "in tcp 80 from" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(RULE_TEXT_MAX);
                _cleanup_free_ char *text = strdup(texts[i]);
                struct rule rule;

                assert_int_equal(rule_split(text, &rule), 0);
                assert_int_equal(rule_text(&rule, &b, NULL), 0);
                assert_string_equal(buf_text(&b), texts[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                _cleanup_free_ char *text = strdup(wrong[i]);

                assert_int_equal(rule_split(text, &(struct rule){ 0 }), -EINVAL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(same_rule_is_one_text),
                cmocka_unit_test(what_is_no_rule_is_told),
                cmocka_unit_test(order_means_nothing),
                cmocka_unit_test(texts_are_taken_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
