/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The log: one line an event on standard error, "muster: warning: …"; under systemd with the journal's priority in
 * front. Only the engine, the runner and the commands log; libraries return errors. Nothing secret is ever passed in.
 * Control characters in a line are escaped.
 */

#include <stdbool.h>

#include "reconcile/base/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The only mutable global of the project. LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
int log_level_parse(const char *word, enum log_level *ret); /* 0 or -EINVAL */

void log_line(enum log_level level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
