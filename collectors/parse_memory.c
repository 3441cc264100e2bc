/* SPDX-License-Identifier: Apache-2.0 */
#include "parse_memory.h"

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "scan.h"

struct line {
	const char *name;
	size_t offset; /* of the uint64_t in the result */
};

static const struct line memory_lines[] = {
#define X(member, name) {name ":", offsetof(struct col_parse_memory, member)},
    COL_PARSE_MEMORY_TABLE(X)
#undef X
};

static const struct line vmstat_lines[] = {
    {"pswpin", offsetof(struct col_parse_vmstat, swap_in_pages)},
    {"pswpout", offsetof(struct col_parse_vmstat, swap_out_pages)},
    {"pgfault", offsetof(struct col_parse_vmstat, faults)},
    {"pgmajfault", offsetof(struct col_parse_vmstat, major_faults)},
    {"oom_kill", offsetof(struct col_parse_vmstat, oom_kills)},
};

/* Fills the member of *out that the table has for each line, times scale. */
static int parse_lines(struct sl_slice text, const struct line *lines, size_t count,
    unsigned scale, void *out)
{
	struct sl_slice line, name;
	uint64_t value;

	while (col_scan_line(&text, &line)) {
		if (!col_scan_word(&line, &name))
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!col_scan_is(name, lines[i].name))
				continue;
			if (!col_scan_u64(&line, &value) || value > UINT64_MAX / scale)
				return SL_EMALFORMED;
			*(uint64_t *)(void *)((char *)out + lines[i].offset) =
			    value * scale;
			break;
		}
	}
	return 0;
}

int col_parse_memory(struct sl_slice text, struct col_parse_memory *out)
{
	/* A machine out of memory has 0 available: that is not the same as no such line.
	 */
	*out = (struct col_parse_memory){.available_bytes = UINT64_MAX};
	if (parse_lines(text, memory_lines,
		sizeof(memory_lines) / sizeof(memory_lines[0]), 1024, out) != 0)
		return SL_EMALFORMED;
	if (out->total_bytes == 0 || out->available_bytes > out->total_bytes ||
	    out->swap_free_bytes > out->swap_total_bytes)
		return SL_EMALFORMED;
	return 0;
}

int col_parse_vmstat(struct sl_slice text, struct col_parse_vmstat *out)
{
	*out = (struct col_parse_vmstat){0};
	if (parse_lines(text, vmstat_lines,
		sizeof(vmstat_lines) / sizeof(vmstat_lines[0]), 1, out) != 0)
		return SL_EMALFORMED;
	return out->faults > 0 ? 0 : SL_EMALFORMED;
}
