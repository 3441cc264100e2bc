/* SPDX-License-Identifier: Apache-2.0 */
#include "parse_stat.h"

#include <string.h>

#include "error.h"
#include "scan.h"

/* Kernels before 2.6.11 lack steal; everything up to softirq has been there since 2.6. */
#define MODES_MIN COL_MODE_STEAL

static bool scan_times(struct sl_slice *rest, struct col_cpu_times *out)
{
	unsigned i = 0;

	*out = (struct col_cpu_times){0};
	while (i < COL_MODE_COUNT && col_scan_u64(rest, &out->ticks[i]))
		i++;
	return i >= MODES_MIN;
}

static int parse_cpu_line(
    struct sl_slice name, struct sl_slice rest, struct col_parse_stat *out)
{
	struct col_cpu_times times;
	uint64_t core;

	if (!scan_times(&rest, &times))
		return SL_EMALFORMED;
	if (name.len == 0) {
		out->all = times;
		return 0;
	}
	if (!col_scan_u64(&name, &core) || name.len != 0)
		return SL_EMALFORMED;
	if (core >= COL_PARSE_CORES_MAX)
		return 0;
	out->core[core] = times;
	out->present[core] = true;
	if (core >= out->cores)
		out->cores = (unsigned)core + 1;
	return 0;
}

int col_parse_stat(struct sl_slice text, struct col_parse_stat *out)
{
	struct sl_slice line, name;
	bool seen = false;

	memset(out->present, 0, sizeof(out->present));
	out->cores = 0;
	out->context_switches = out->forks = out->running = out->blocked = 0;
	while (col_scan_line(&text, &line)) {
		if (!col_scan_word(&line, &name))
			continue;
		if (col_scan_prefix(&name, "cpu")) {
			seen = seen || name.len == 0;
			if (parse_cpu_line(name, line, out) != 0)
				return SL_EMALFORMED;
		} else if (col_scan_is(name, "ctxt")) {
			col_scan_u64(&line, &out->context_switches);
		} else if (col_scan_is(name, "processes")) {
			col_scan_u64(&line, &out->forks);
		} else if (col_scan_is(name, "procs_running")) {
			col_scan_u64(&line, &out->running);
		} else if (col_scan_is(name, "procs_blocked")) {
			col_scan_u64(&line, &out->blocked);
		}
	}
	return seen ? 0 : SL_EMALFORMED;
}

int col_parse_load(struct sl_slice text, struct col_parse_load *out)
{
	struct sl_slice tasks;

	if (!col_scan_decimal(&text, &out->load_1m) ||
	    !col_scan_decimal(&text, &out->load_5m) ||
	    !col_scan_decimal(&text, &out->load_15m) || !col_scan_word(&text, &tasks))
		return SL_EMALFORMED;
	const char *slash = memchr(tasks.data, '/', tasks.len);
	if (slash == NULL)
		return SL_EMALFORMED;
	struct sl_slice running = {tasks.data, (size_t)(slash - tasks.data)};
	struct sl_slice threads = {slash + 1, tasks.len - running.len - 1};
	if (!col_scan_u64(&running, &out->running) ||
	    !col_scan_u64(&threads, &out->threads))
		return SL_EMALFORMED;
	return 0;
}

/* "avg10=1.25 avg60=1.38 avg300=0.61 total=7935306" */
static bool scan_pressure(struct sl_slice rest, double *avg10, uint64_t *total_us)
{
	struct sl_slice word;
	bool has_avg = false, has_total = false;

	while (col_scan_word(&rest, &word)) {
		if (col_scan_prefix(&word, "avg10="))
			has_avg = col_scan_decimal(&word, avg10);
		else if (col_scan_prefix(&word, "total="))
			has_total = col_scan_u64(&word, total_us);
	}
	return has_avg && has_total;
}

int col_parse_pressure(struct sl_slice text, struct col_parse_pressure *out)
{
	struct sl_slice line, kind;
	bool seen = false;

	*out = (struct col_parse_pressure){0};
	while (col_scan_line(&text, &line)) {
		if (!col_scan_word(&line, &kind))
			continue;
		if (col_scan_is(kind, "some"))
			seen = scan_pressure(line, &out->some_avg10, &out->some_total_us);
		else if (col_scan_is(kind, "full") &&
			 !scan_pressure(line, &out->full_avg10, &out->full_total_us))
			return SL_EMALFORMED;
	}
	return seen ? 0 : SL_EMALFORMED;
}

int col_parse_uptime(struct sl_slice text, double *seconds)
{
	struct sl_slice line;

	if (!col_scan_line(&text, &line) || !col_scan_decimal(&line, seconds))
		return SL_EMALFORMED;
	return 0;
}
