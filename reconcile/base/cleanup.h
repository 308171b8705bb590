/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ownership by scope.
 *
 * Every owned local is declared with _cleanup_() and initialised on its first line, so that no return path leaks.
 * Destructors take NULL and half-built objects, and return NULL, so that `x = foo_free(x)` leaves no dangling name.
 */

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text_, first_) __attribute__((__format__(__printf__, text_, first_)))
#define _unused_ __attribute__((unused))

/* Makes `function_p(type *)` for _cleanup_() out of a destructor that takes the pointer itself. */
#define DEFINE_CLEANUP(type, function)           \
        static inline void function##_p(type *p) \
        {                                        \
                if (*p)                          \
                        function(*p);            \
        }

static inline void free_p(void *p)
{
        free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(free_p)

static inline void close_p(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_close_ _cleanup_(close_p)

/* Gives a cleaned-up local away: its value, with the local set to NULL. */
#define STEAL(p)                             \
        ({                                   \
                __typeof__(p) stolen_ = (p); \
                (p) = NULL;                  \
                stolen_;                     \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
