/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static _Atomic int log_level = SL_LOG_INFO;

void sl_log_set_level(enum sl_log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

int sl_log_parse_level(const char *name)
{
	for (int i = 0; i < (int)(sizeof level_names / sizeof *level_names); i++)
		if (strcmp(name, level_names[i]) == 0)
			return i;
	return -1;
}

void sl_log(enum sl_log_level level, const char *scope, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	int used = snprintf(line, sizeof line, "%s %s ", level_names[level], scope);
	if (used < 0 || used >= (int)sizeof line - 1)
		return;
	va_start(ap, fmt);
	int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, fmt, ap);
	va_end(ap);
	if (more < 0)
		return;
	size_t length = strlen(line);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[length++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, length);
	(void)ignored; /* nobody is left to tell */
}
