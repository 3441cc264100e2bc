/* SPDX-License-Identifier: Apache-2.0 */
#include "script_settings.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"

static enum col_script_format format_of(const char *word)
{
	if (strcmp(word, "influx") == 0)
		return COL_SCRIPT_INFLUX;
	return strcmp(word, "netdata") == 0 ? COL_SCRIPT_NETDATA : COL_SCRIPT_JSON;
}

static enum col_script_wake wake_of(const char *word)
{
	if (strcmp(word, "none") == 0)
		return COL_SCRIPT_WAKE_NONE;
	return strcmp(word, "STDIN") == 0 ? COL_SCRIPT_WAKE_STDIN
					  : COL_SCRIPT_WAKE_SIGNAL;
}

void col_script_settings_init(
    struct col_script_settings *settings, const struct sl_config_script *section)
{
	*settings = (struct col_script_settings){
	    .name = strdup(section->title),
	    .format = format_of(section->format),
	    .wake = wake_of(section->signal),
	    .once = strcmp(section->mode, "oneshot") == 0,
	    .interval_ms = section->interval_ms,
	    .timeout_ms = section->timeout_ms,
	    .restart_delay_ms = section->restart_delay_ms,
	    .restart_delay_max_ms = section->restart_delay_max_ms,
	    .stop_timeout_ms = section->stop_timeout_ms,
	    .line_bytes_max = (size_t)section->line_bytes_max,
	    .lines_per_second = section->lines_per_second,
	};
	if (settings->name == NULL)
		abort();
}

void col_script_settings_clear(struct col_script_settings *settings)
{
	free(settings->name);
	*settings = (struct col_script_settings){0};
}

int64_t col_script_settings_delay_ms(
    const struct col_script_settings *settings, unsigned failures, double random)
{
	int64_t delay_ms = settings->restart_delay_ms;

	for (; failures > 1 && delay_ms < settings->restart_delay_max_ms; failures--)
		delay_ms *= 2;
	if (delay_ms > settings->restart_delay_max_ms)
		delay_ms = settings->restart_delay_max_ms;
	return delay_ms / 2 + (int64_t)(random * (double)(delay_ms - delay_ms / 2));
}

double col_script_settings_random(void)
{
	uint32_t number;

	sl_crypto_random(&number, sizeof(number));
	return (double)number / (double)UINT32_MAX;
}
