/* SPDX-License-Identifier: MIT */

/*
 * What is left of a reply once all that nobody reads is out of it: JSON as before, and cut off where it was cut off
 * before.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "providers/sift.h"
#include "reconcile/base/cleanup.h"
#include "reconcile/base/json.h"

static const struct sift_key keys[] = {
        SIFT_KEY("state"), SIFT_KEY("code"),   SIFT_KEY("data"), SIFT_KEY("paging"), SIFT_KEY("total"), SIFT_KEY("id"),
        SIFT_KEY("cpu"),   SIFT_KEY("memory"), SIFT_KEY("name"), SIFT_KEY("remark"), { NULL, 0 },
};

/* In memory of exactly its size, with a NUL behind it. */
static char *sifted(const char *text, size_t n, size_t *ret)
{
        char *copy = malloc(n + 1);

        assert_non_null(copy);
        memcpy(copy, text, n);
        copy[n] = '\0';
        *ret = sift(copy, n, keys);
        assert_true(*ret <= n);
        for (size_t i = *ret; i < n; i++)
                assert_int_equal(copy[i], '\0');
        return copy;
}

static void what_is_read_stays_and_nothing_else(void **state)
{
        static const char *const cases[][2] = {
                { "", "" },
                { "{}", "{}" },
                { "{\"cpu\":1}", "{\"cpu\":1}" },
                { "{\"xml\":\"a\",\"cpu\":1}", "{\"cpu\":1}" },
                { "{\"cpu\":1,\"xml\":\"a\"}", "{\"cpu\":1}" },
                { "{\"cpu\":1,\"xml\":\"a\",\"memory\":2}", "{\"cpu\":1,\"memory\":2}" },
                { "{\"password\":\"a\"}", "{}" },
                { "{\"password\":\"a\",\"vnc_password\":\"b\"}", "{}" },
                { "{ \"cpu\" : 1 ,\n\t\"xml\" :\r\n \"a\"\n}", "{ \"cpu\" : 1 }" },
                { "{\"xml\":\"\\\"},{\\\\\",\"cpu\":1}", "{\"cpu\":1}" },
                { "{\"a\":-1.5e+3,\"b\":true,\"c\":null,\"id\":1}", "{\"id\":1}" },
                { "{\"a\":[],\"b\":{},\"id\":1}", "{\"id\":1}" },
                { "{\"a\":[{\"id\":\"]}\"},[\"\\\"]\"]],\"id\":1}", "{\"id\":1}" },
                { "{\"state\":{\"code\":\"200\",\"en-us\":\"OK\"}}", "{\"state\":{\"code\":\"200\"}}" },
                { "{\"data\":[{\"xml\":\"a\"},{\"id\":2,\"xml\":\"b\"}]}", "{\"data\":[{},{\"id\":2}]}" },
                { "{\"name\":\"password\",\"remark\":\"xml\"}", "{\"name\":\"password\",\"remark\":\"xml\"}" },
                { "[\"xml\",\"password\"]", "[\"xml\",\"password\"]" },
                { "{\"cpu\":1,\"xml\":\"a", "{\"cpu\":1" },
                { "{\"cpu\":1,\"xml\":\"", "{\"cpu\":1" },
                { "{\"cpu\":1,\"xml\":\"a\\", "{\"cpu\":1" },
                { "{\"cpu\":1,\"a\":[{\"xml\":\"b\"", "{\"cpu\":1" },
                { "{\"cpu\":1,\"xml\":", "{\"cpu\":1,\"xml\":" },
                { "{\"cpu\":1,\"xml\"", "{\"cpu\":1,\"xml\"" },
                { "{\"cpu\":1,\"xm", "{\"cpu\":1,\"xm" },
                { "{\"xml\":,\"cpu\":1}", "{\"xml\":,\"cpu\":1}" },
                { "\"xml\"", "\"xml\"" },
                { "{\"c pu\":1,\"\\u0063pu\":2,\"xm.l\":3}", "{\"c pu\":1,\"\\u0063pu\":2}" },
                { "{\"\":1,\"cpu\":2}", "{\"cpu\":2}" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *left = NULL;
                size_t n;

                left = sifted(cases[i][0], strlen(cases[i][0]), &n);
                if (n != strlen(cases[i][1]) || memcmp(left, cases[i][1], n) != 0)
                        fail_msg("%s becomes %.*s and not %s", cases[i][0], (int)n, left, cases[i][1]);
        }
}

static const char reply[] =
        "{\"state\": {\"code\": \"200\", \"en-us\": \"OK\"}, \"data\": [{\"id\": 1, \"xml\": \"<a b=\\\"c\\\\\\\"/>\", "
        "\"ssh_keys\": [{\"key\": \"]\"}], \"cpu\": 2, \"password\": \"p\"}], \"paging\": {\"total\": 1}}";

/* Nothing that was no JSON becomes some by being sifted, wherever it is cut. */
static void what_is_cut_off_stays_cut_off(void **state)
{
        (void)state;
        for (size_t cut = 0; cut <= strlen(reply); cut++) {
                _cleanup_json_ json_t *json = NULL;
                _cleanup_free_ char *left = NULL;
                size_t n;

                left = sifted(reply, cut, &n);
                assert_int_equal(json_parse(left, n, &json, NULL) == 0, cut == strlen(reply));
        }
}

/* Any byte, NUL among them, in any place: it ends, within its bounds. */
static void no_byte_leads_astray(void **state)
{
        (void)state;
        for (size_t i = 0; i < strlen(reply); i++)
                for (int byte = 0; byte < 256; byte++) {
                        _cleanup_free_ char *damaged = strdup(reply), *left = NULL;
                        size_t n;

                        assert_non_null(damaged);
                        damaged[i] = (char)byte;
                        left = sifted(damaged, strlen(reply), &n);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_read_stays_and_nothing_else),
                cmocka_unit_test(what_is_cut_off_stays_cut_off),
                cmocka_unit_test(no_byte_leads_astray),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
