/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/stat, /proc/PID/cmdline and cgroup files: bytes in, struct out. */
#ifndef COL_PARSE_PROCESS_H
#define COL_PARSE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"

#define COL_PARSE_COMM                                                                   \
	64 /* the kernel's limit for kernel threads; user names end at 15 */

struct col_parse_process {
	uint64_t pid;
	uint64_t ppid;             /* its parent; 0: none that can be seen */
	char comm[COL_PARSE_COMM]; /* may hold any printable character, ')' included */
	char state;                /* R S D Z T t I … */
	uint64_t threads;
	uint64_t start_ticks; /* since boot; with the pid it names a process for good */
};

/* col_parse_process reads /proc/PID/stat.  Returns 0 or SL_EMALFORMED. */
int col_parse_process(struct sl_slice text, struct col_parse_process *out);

/*
 * col_parse_is_program says whether a process is a run of the program called
 * name: comm is name (its first 15 bytes) and, where comm may have been cut,
 * the last path component of the command line's first word is name.  cmdline
 * is /proc/PID/cmdline, NUL-separated.
 */
bool col_parse_is_program(const char *comm, struct sl_slice cmdline, const char *name);

/* col_parse_may_be_program is the first half of the above: what comm alone can tell. */
bool col_parse_may_be_program(const char *comm, const char *name);

/* A cgroup v2's cpu.stat, in microseconds since it was made. */
struct col_parse_cgroup_cpu {
	uint64_t usage_us;
	uint64_t throttled_us; /* 0 where the controller is off */
};

/* col_parse_cgroup_cpu reads cpu.stat.  Returns 0 or SL_EMALFORMED. */
int col_parse_cgroup_cpu(struct sl_slice text, struct col_parse_cgroup_cpu *out);

/* col_parse_is_slice says whether a cgroup's directory is one of systemd's slices. */
bool col_parse_is_slice(const char *name);

/*
 * col_parse_number reads a file that holds one number (memory.current,
 * temp1_input, a pid file), maybe with a sign and a newline.  Returns 0 or
 * SL_EMALFORMED.
 */
int col_parse_number(struct sl_slice text, int64_t *value);

#endif
