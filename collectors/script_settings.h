/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of a script, as it was when the process began. */
#ifndef COL_SCRIPT_SETTINGS_H
#define COL_SCRIPT_SETTINGS_H

#include "config.h"

enum col_script_format {
	COL_SCRIPT_JSON,
	COL_SCRIPT_INFLUX,
	COL_SCRIPT_NETDATA,
};

enum col_script_wake {
	COL_SCRIPT_WAKE_NONE,
	COL_SCRIPT_WAKE_STDIN,  /* an empty line */
	COL_SCRIPT_WAKE_SIGNAL, /* which one knows the keeper */
};

/* A copy: a reload replaces the configuration, scripts go on as they began. */
struct col_script_settings {
	char *name;
	enum col_script_format format;
	enum col_script_wake wake;
	bool once; /* a oneshot */
	int64_t interval_ms;
	int64_t timeout_ms; /* 0: none */
	int64_t restart_delay_ms;
	int64_t restart_delay_max_ms;
	int64_t stop_timeout_ms;
	size_t line_bytes_max;
	int64_t lines_per_second;
};

/* col_script_settings_init copies; col_script_settings_clear frees the copy. */
void col_script_settings_init(
    struct col_script_settings *settings, const struct sl_config_script *section);
void col_script_settings_clear(struct col_script_settings *settings);

/*
 * col_script_settings_delay_ms is the time before a daemon is started again that
 * has failed so many times in a row (from 1): restart_delay, doubled each time up
 * to restart_delay_max, of that between half and all, as random says (0 to 1), so
 * that scripts that failed together don't come back together.  Pure.
 */
int64_t col_script_settings_delay_ms(
    const struct col_script_settings *settings, unsigned failures, double random);

/* col_script_settings_random gives a number from 0 to 1 for it. */
double col_script_settings_random(void);

#endif
