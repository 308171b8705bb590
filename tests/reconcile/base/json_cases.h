/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the readers of JSON values take a text for, whichever library it was parsed with.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static const struct {
        const char *text;
        int r;
        int64_t number;
} json_int64_cases[] = {
        { "7", 0, 7 },
        { "-7", 0, -7 },
        { "-0", 0, 0 },
        { "-0.0", 0, 0 },
        { "\"7\"", 0, 7 },
        { "\"-7\"", 0, -7 },
        { "\" 7\\n\"", 0, 7 },
        { "\"7.00\"", 0, 7 },
        { "7.0", 0, 7 },
        { "1e3", 0, 1000 },
        { "9223372036854775807", 0, INT64_MAX },
        { "-9223372036854775808", 0, INT64_MIN },
        { "\"9223372036854775807\"", 0, INT64_MAX },
        { "9007199254740992.0", 0, INT64_C(9007199254740992) },
        { "null", -ENOENT, 0 },
        { "\"\"", -ENOENT, 0 },
        { "7.5", -EBADMSG, 0 },
        { "1e300", -EBADMSG, 0 },
        { "-1e300", -EBADMSG, 0 },
        { "\" \"", -EBADMSG, 0 },
        { "\"7.5\"", -EBADMSG, 0 },
        { "\"7.\"", -EBADMSG, 0 },
        { "\".0\"", -EBADMSG, 0 },
        { "\"010\"", -EBADMSG, 0 },
        { "\"1e3\"", -EBADMSG, 0 },
        { "\"1 2\"", -EBADMSG, 0 },
        { "\"7GB\"", -EBADMSG, 0 },
        { "\"1-2\"", -EBADMSG, 0 },
        { "\"9223372036854775808\"", -EBADMSG, 0 },
        { "\"99999999999999999999999999999999999999\"", -EBADMSG, 0 },
        { "true", -EBADMSG, 0 },
        { "[7]", -EBADMSG, 0 },
        { "{}", -EBADMSG, 0 },
};

static const struct {
        const char *text;
        int r;
        const char *read;
} json_text_cases[] = {
        { "\"web-1\"", 0, "web-1" }, { "\" a \"", 0, " a " },
        { "77", 0, "77" },           { "-9223372036854775808", 0, "-9223372036854775808" },
        { "77.0", 0, "77" },         { "null", -ENOENT, NULL },
        { "\"\"", -ENOENT, NULL },   { "7.5", -EBADMSG, NULL },
        { "true", -EBADMSG, NULL },  { "[\"a\"]", -EBADMSG, NULL },
        { "{}", -EBADMSG, NULL },
};

static const struct {
        const char *text;
        int r;
        bool flag;
} json_bool_cases[] = {
        { "true", 0, true },       { "\"true\"", 0, true },    { "1", 0, true },
        { "\"1\"", 0, true },      { "false", 0, false },      { "\"false\"", 0, false },
        { "0", 0, false },         { "\"0\"", 0, false },      { "null", -ENOENT, false },
        { "\"\"", -ENOENT, 0 },    { "2", -EBADMSG, 0 },       { "-1", -EBADMSG, 0 },
        { "0.5", -EBADMSG, 0 },    { "\"yes\"", -EBADMSG, 0 }, { "\"TRUE\"", -EBADMSG, 0 },
        { "[true]", -EBADMSG, 0 },
};
