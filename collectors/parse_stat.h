/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/stat, /proc/loadavg, /proc/pressure, /proc/uptime: bytes in, struct out. */
#ifndef COL_PARSE_STAT_H
#define COL_PARSE_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"

#define COL_PARSE_CORES_MAX 1024

/* The modes of /proc/stat in its order; guest time is part of user there. */
#define COL_PARSE_MODE_TABLE(X)                                                          \
	X(COL_MODE_USER, "user")                                                         \
	X(COL_MODE_NICE, "nice")                                                         \
	X(COL_MODE_SYSTEM, "system")                                                     \
	X(COL_MODE_IDLE, "idle")                                                         \
	X(COL_MODE_IOWAIT, "iowait")                                                     \
	X(COL_MODE_IRQ, "irq")                                                           \
	X(COL_MODE_SOFTIRQ, "softirq")                                                   \
	X(COL_MODE_STEAL, "steal")

enum col_parse_mode {
#define X(name, text) name,
	COL_PARSE_MODE_TABLE(X)
#undef X
	    COL_MODE_COUNT,
};

/* Clock ticks (USER_HZ) since boot; a mode may step back (iowait does). */
struct col_cpu_times {
	uint64_t ticks[COL_MODE_COUNT];
};

struct col_parse_stat {
	struct col_cpu_times all;
	struct col_cpu_times core[COL_PARSE_CORES_MAX]; /* by the core's number */
	bool present[COL_PARSE_CORES_MAX];              /* offline cores are absent */
	unsigned cores;                                 /* one past the highest present */
	uint64_t context_switches;
	uint64_t forks;
	uint64_t running;
	uint64_t blocked;
};

/*
 * col_parse_stat reads /proc/stat.  Cores past COL_PARSE_CORES_MAX and lines
 * it does not know are left out.  Returns 0, or SL_EMALFORMED if the "cpu"
 * line is missing or short, or a core's line is.
 */
int col_parse_stat(struct sl_slice text, struct col_parse_stat *out);

struct col_parse_load {
	double load_1m, load_5m, load_15m;
	uint64_t running; /* runnable threads */
	uint64_t threads; /* all threads */
};

/* col_parse_load reads /proc/loadavg.  Returns 0 or SL_EMALFORMED. */
int col_parse_load(struct sl_slice text, struct col_parse_load *out);

struct col_parse_pressure {
	double some_avg10; /* percent of the last 10 s in which something waited */
	double
	    full_avg10; /* … in which everything waited; 0 where there is no such line */
	uint64_t some_total_us;
	uint64_t full_total_us;
};

/* col_parse_pressure reads one file of /proc/pressure or a cgroup's *.pressure. */
int col_parse_pressure(struct sl_slice text, struct col_parse_pressure *out);

/* col_parse_uptime reads the seconds since boot from /proc/uptime. */
int col_parse_uptime(struct sl_slice text, double *seconds);

#endif
