/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics to stderr, one line each: "level scope message key=value…". */
#ifndef SL_LOG_H
#define SL_LOG_H

#include <stdarg.h>

enum sl_log_level {
	SL_LOG_ERROR,
	SL_LOG_WARN,
	SL_LOG_INFO,
	SL_LOG_DEBUG,
};

/*
 * sl_log_set_level sets the least important level that is written (default
 * SL_LOG_INFO).  Call it from the main thread.
 */
void sl_log_set_level(enum sl_log_level level);

/* sl_log_parse_level maps "error|warn|info|debug" to a level; -1 if unknown. */
int sl_log_parse_level(const char *name);

/*
 * sl_log writes one line.  scope is the noun that speaks ("journal",
 * "attach"); fmt gives "event key=value…", values that come from outside in
 * quotes.  Control characters are replaced, lines end at 2 KiB, one write(2)
 * per line so that threads never mix theirs.  May block on stderr; never
 * allocates.  Callable from any thread, not from signal handlers.
 */
void sl_log(enum sl_log_level level, const char *scope, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define sl_log_error(scope, ...) sl_log(SL_LOG_ERROR, scope, __VA_ARGS__)
#define sl_log_warn(scope, ...)  sl_log(SL_LOG_WARN, scope, __VA_ARGS__)
#define sl_log_info(scope, ...)  sl_log(SL_LOG_INFO, scope, __VA_ARGS__)
#define sl_log_debug(scope, ...) sl_log(SL_LOG_DEBUG, scope, __VA_ARGS__)

#endif
