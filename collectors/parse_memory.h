/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/meminfo and /proc/vmstat: bytes in, struct out. */
#ifndef COL_PARSE_MEMORY_H
#define COL_PARSE_MEMORY_H

#include <stdint.h>

#include "entry.h"

/* The lines of /proc/meminfo that are read: member, name there. All in bytes. */
#define COL_PARSE_MEMORY_TABLE(X)                                                        \
	X(total_bytes, "MemTotal")                                                       \
	X(available_bytes, "MemAvailable")                                               \
	X(free_bytes, "MemFree")                                                         \
	X(buffers_bytes, "Buffers")                                                      \
	X(cached_bytes, "Cached")                                                        \
	X(dirty_bytes, "Dirty")                                                          \
	X(writeback_bytes, "Writeback")                                                  \
	X(shared_bytes, "Shmem")                                                         \
	X(slab_bytes, "Slab")                                                            \
	X(swap_total_bytes, "SwapTotal")                                                 \
	X(swap_free_bytes, "SwapFree")                                                   \
	X(committed_bytes, "Committed_AS")

struct col_parse_memory {
#define X(member, name) uint64_t member;
	COL_PARSE_MEMORY_TABLE(X)
#undef X
};

/*
 * col_parse_memory reads /proc/meminfo; lines that are absent give 0.
 * Returns 0, or SL_EMALFORMED if MemTotal or MemAvailable is missing, more
 * memory or swap is available than there is, or a line that is read is no
 * number of kB.
 */
int col_parse_memory(struct sl_slice text, struct col_parse_memory *out);

/* Events since boot, in pages or counts. */
struct col_parse_vmstat {
	uint64_t swap_in_pages;
	uint64_t swap_out_pages;
	uint64_t faults;
	uint64_t major_faults;
	uint64_t oom_kills;
};

/*
 * col_parse_vmstat reads /proc/vmstat; lines that are absent give 0.
 * Returns 0, or SL_EMALFORMED if there is no pgfault or a line that is read
 * is no number.
 */
int col_parse_vmstat(struct sl_slice text, struct col_parse_vmstat *out);

#endif
