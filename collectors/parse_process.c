/* SPDX-License-Identifier: Apache-2.0 */
#include "parse_process.h"

#include <string.h>

#include "error.h"
#include "scan.h"

#define COMM_KEPT 15 /* TASK_COMM_LEN without its NUL */

/* Words of /proc/PID/stat between what is read, counted behind the comm. */
#define WORDS_BEFORE_THREADS 15 /* and the parent */
#define WORDS_BEFORE_START   1

int col_parse_process(struct sl_slice text, struct col_parse_process *out)
{
	struct sl_slice state;

	if (!col_scan_u64(&text, &out->pid) || !col_scan_prefix(&text, " ("))
		return SL_EMALFORMED;
	/* A comm may hold ") R 1": only the last parenthesis ends it. */
	const char *close = memrchr(text.data, ')', text.len);
	if (close == NULL)
		return SL_EMALFORMED;
	struct sl_slice comm = {text.data, (size_t)(close - text.data)};
	/* An empty comm is possible (prctl); a longer one than ours is not. */
	if (!col_scan_copy(comm, out->comm, sizeof(out->comm)) && comm.len != 0)
		return SL_EMALFORMED;
	text = (struct sl_slice){close + 1, text.len - comm.len - 1};
	if (!col_scan_word(&text, &state) || state.len != 1 ||
	    !col_scan_u64(&text, &out->ppid) ||
	    !col_scan_skip(&text, WORDS_BEFORE_THREADS) ||
	    !col_scan_u64(&text, &out->threads) ||
	    !col_scan_skip(&text, WORDS_BEFORE_START) ||
	    !col_scan_u64(&text, &out->start_ticks))
		return SL_EMALFORMED;
	out->state = state.data[0];
	return 0;
}

bool col_parse_may_be_program(const char *comm, const char *name)
{
	return strncmp(comm, name, COMM_KEPT) == 0 && strlen(comm) <= COMM_KEPT;
}

bool col_parse_is_program(const char *comm, struct sl_slice cmdline, const char *name)
{
	if (!col_parse_may_be_program(comm, name))
		return false;
	if (strlen(name) < COMM_KEPT)
		return true;
	size_t len = strnlen(cmdline.data, cmdline.len);
	const char *slash = memrchr(cmdline.data, '/', len);
	struct sl_slice program = {cmdline.data, len};

	if (slash != NULL)
		program = (struct sl_slice){
		    slash + 1, len - (size_t)(slash + 1 - cmdline.data)};
	return col_scan_is(program, name);
}

int col_parse_cgroup_cpu(struct sl_slice text, struct col_parse_cgroup_cpu *out)
{
	struct sl_slice line, name;
	bool seen = false;

	*out = (struct col_parse_cgroup_cpu){0};
	while (col_scan_line(&text, &line)) {
		if (!col_scan_word(&line, &name))
			continue;
		if (col_scan_is(name, "usage_usec")) {
			if (!col_scan_u64(&line, &out->usage_us))
				return SL_EMALFORMED;
			seen = true;
		} else if (col_scan_is(name, "throttled_usec")) {
			if (!col_scan_u64(&line, &out->throttled_us))
				return SL_EMALFORMED;
		}
	}
	return seen ? 0 : SL_EMALFORMED;
}

bool col_parse_is_slice(const char *name)
{
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, ".slice") == 0;
}

int col_parse_number(struct sl_slice text, int64_t *value)
{
	struct sl_slice line;
	uint64_t n;

	if (!col_scan_line(&text, &line))
		return SL_EMALFORMED;
	bool negative = col_scan_prefix(&line, "-");
	if (!col_scan_u64(&line, &n) || n > INT64_MAX)
		return SL_EMALFORMED;
	*value = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}
