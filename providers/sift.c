/* SPDX-License-Identifier: MIT */
#include "providers/sift.h"

#include <stdbool.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define SCALARS "+-.0123456789abcdefghijklmnopqrstuvwxyzE" /* numbers, true, false, null */

/* `key` is without its quotes. */
static bool is_read(const struct sift_key *keys, const char *key, size_t n)
{
        for (; keys->text; keys++)
                if (keys->length == n && memcmp(keys->text, key, n) == 0)
                        return true;
        for (size_t i = 0; i < n; i++)
                if (strchr(BLANKS "\\", key[i]))
                        return true;
        return false;
}

/* The length of the string that begins at `at`, with its quotes. One that does not end takes all that is left. */
static size_t string_length(const char *text, size_t n, size_t at)
{
        size_t end = at + 1;

        while (end < n && text[end] != '"')
                end += text[end] == '\\' ? 2 : 1;
        return (end < n ? end + 1 : n) - at;
}

/* The length of the value that begins at `at`; 0: there is none. One that does not end takes all that is left. */
static size_t value_length(const char *text, size_t n, size_t at)
{
        size_t end = at, depth = 0;

        if (text[at] == '"')
                return string_length(text, n, at);
        if (text[at] != '{' && text[at] != '[')
                return strspn(text + at, SCALARS);
        do {
                if (text[end] == '"') {
                        end += string_length(text, n, end);
                        continue;
                }
                if (text[end] == '{' || text[end] == '[')
                        depth++;
                else if (text[end] == '}' || text[end] == ']')
                        depth--;
                end++;
        } while (end < n && depth > 0);
        return end - at;
}

/* Where the member ends whose key, of this length, begins at `at`; 0: it is none. */
static size_t member_end(const char *text, size_t n, size_t at, size_t length)
{
        size_t value = at + length;

        value += strspn(text + value, BLANKS);
        if (text[value] != ':')
                return 0;
        value++;
        value += strspn(text + value, BLANKS);
        length = value_length(text, n, value);
        return length ? value + length : 0;
}

/* The comma that parted the last member from the one that is gone. */
static size_t drop_comma(const char *text, size_t n)
{
        size_t end = n;

        while (end > 0 && strchr(BLANKS, text[end - 1]))
                end--;
        return end > 0 && text[end - 1] == ',' ? end - 1 : n;
}

/* Where the member ends that begins with this string; 0: it is no member, or one that is read. */
static size_t unread_end(const char *text, size_t n, size_t at, size_t length, const struct sift_key *keys)
{
        size_t after = at + length;

        if (text[after] != ':' && !strchr(BLANKS, text[after]))
                return 0; /* a value, as most strings are that follow no key */
        if (length < 2 || is_read(keys, text + at + 1, length - 2))
                return 0;
        return member_end(text, n, at, length);
}

size_t sift(char *text, size_t n, const struct sift_key *keys)
{
        size_t to = 0, kept = 0, from = 0; /* what stands from `kept` to `from` stays, and goes to `to` */

        while (from < n) {
                size_t length = text[from] == '"' ? string_length(text, n, from) : strcspn(text + from, "\""), end = 0;

                if (text[from] == '"')
                        end = unread_end(text, n, from, length, keys);
                if (!end) {
                        from += length ? length : 1; /* a NUL */
                        continue;
                }
                memmove(text + to, text + kept, from - kept);
                to += from - kept;
                end += strspn(text + end, BLANKS);
                if (text[end] == ',')
                        end++;
                else
                        to = drop_comma(text, to);
                from = kept = end;
        }
        memmove(text + to, text + kept, n - kept);
        to += n - kept;
        explicit_bzero(text + to, n - to);
        return to;
}
