/* SPDX-License-Identifier: Apache-2.0 */
/* The collector of the machine that it runs on: a table of groups of readings. */
#ifndef COL_SYSTEM_H
#define COL_SYSTEM_H

#include <stddef.h>

#include "buf.h"
#include "core.h"
#include "schedule.h"

/* Directories of pid files outside /run that the sandbox leaves open. */
#define COL_SYSTEM_PIDFILE_DIRS 8

/* What the groups share. */
struct col_system {
	struct sl_process *process;
	struct col_core *core;
	struct col_schedule *schedule;
	struct sl_buf text; /* each reading's own bytes, valid until the next one */
	void **state;       /* of each group in the table's order */
	char pidfile_dir[COL_SYSTEM_PIDFILE_DIRS][SL_PATHS_MAX];
};

/*
 * A group of readings with an interval of its own.  open makes its state
 * (never NULL); run reads once and pushes; reload, which may be NULL, follows
 * a new configuration; close frees.  None of them blocks.
 */
struct col_system_group {
	const char *name;
	size_t interval_offset; /* of its int64_t in struct sl_config_system */
	void *(*open)(struct col_system *system);
	col_schedule_fn *run;
	void (*reload)(void *state);
	void (*close)(void *state);
};

extern const struct col_system_group col_system_cpu;
extern const struct col_system_group col_system_memory;
extern const struct col_system_group col_system_pressure;
extern const struct col_system_group col_system_disk;
extern const struct col_system_group col_system_filesystem;
extern const struct col_system_group col_system_network;
extern const struct col_system_group col_system_tcp;
extern const struct col_system_group col_system_process;
extern const struct col_system_group col_system_cgroup;
extern const struct col_system_group col_system_temperature;
extern const struct col_system_group col_system_probe;
extern const struct col_system_group col_system_service;

/* col_system_alloc gives zeroed memory for a group's state; aborts without memory. */
void *col_system_alloc(size_t size);

/*
 * col_system_push writes a value of a series without labels, which it defines
 * at the first call: *handle must begin as COL_SYSTEM_UNDEFINED.
 */
#define COL_SYSTEM_UNDEFINED UINT32_MAX
void col_system_push(struct col_system *system, uint32_t *handle, const char *metric,
    const char *unit, double value, const struct col_tick *tick);

/* col_system_main is the program. */
int col_system_main(int argc, char **argv);

#endif
