/* SPDX-License-Identifier: Apache-2.0 */
/* What every collector has in common: its ring, its attachment, its series. */
#ifndef COL_CORE_H
#define COL_CORE_H

#include <sightline/collector.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"

struct col_core;

/* One moment on both clocks: wall time stamps samples, monotonic time measures. */
struct col_tick {
	int64_t wall_ns;
	int64_t mono_ns;
};

/* A label of a series; both strings are copied where it is used. */
struct col_label {
	const char *key;
	const char *value;
};

#define COL_CORE_LABELS_MAX 16

/*
 * col_core_open makes the source called name: checks its section of the
 * configuration (collector "name", which must be of this type; where
 * section_required is false it may be missing), makes its ring, starts to
 * attach it and keeps it attached on process->loop.  On success *out is
 * owned by the caller and ends with col_core_close.  Returns 0 or one of
 * sysexits(3)'s codes after one log line.
 */
int col_core_open(struct sl_process *process, const char *name, const char *type,
    bool section_required, struct col_core **out);

/*
 * col_core_open_line is col_core_open for a source whose positions grow within
 * a line of their own (sightline_options.line).
 */
int col_core_open_line(struct sl_process *process, const char *name, const char *type,
    bool section_required, uint64_t line, struct col_core **out);

/*
 * col_core_check is the check of col_core_open alone, for a source that has to
 * ask its upstream before it can be made.
 */
int col_core_check(
    const struct sl_process *process, const char *name, const char *type, bool required);

/*
 * col_core_close writes what is pending, logs the counters, detaches and
 * frees.  NULL is allowed.  Never waits: an attached aggregator still drains
 * the ring.
 */
void col_core_close(struct col_core *core);

/*
 * col_core_section returns the source's section in the configuration that is
 * in force, NULL without one.
 */
const struct sl_config_collector *col_core_section(const struct col_core *core);

/* col_core_collector returns the library's handle, for events and positions. */
struct sightline_collector *col_core_collector(struct col_core *core);

/* col_core_attached says whether an aggregator reads the ring now. */
bool col_core_attached(const struct col_core *core);

/*
 * col_core_on_attach sets what is called, from the loop, each time that an
 * aggregator has accepted the source.
 */
void col_core_on_attach(struct col_core *core, void (*fn)(void *arg), void *arg);

/*
 * col_core_on_service sets what is called, from the loop, after the attach socket
 * was served: a new durable position may have come.
 */
void col_core_on_service(struct col_core *core, void (*fn)(void *arg), void *arg);

/*
 * col_core_gauge gives the handle of the series (metric, labels), which it
 * defines at the first call: a device that goes and comes again has its old
 * series.  unit may be NULL.  Returns 0, or SL_ETOOBIG or SL_EINVAL, which is
 * logged once per source.
 */
int col_core_gauge(struct col_core *core, const char *metric, const char *unit,
    const struct col_label *labels, size_t label_count, uint32_t *handle);

/* col_core_has_gauge says whether the series has been defined. */
bool col_core_has_gauge(const struct col_core *core, const char *metric,
    const struct col_label *labels, size_t label_count);

/*
 * col_core_push writes a sample at the tick's wall time.  It becomes visible
 * at the next col_core_flush, or before.  A value that is not finite is left
 * out.  Never blocks; a full ring drops the sample and counts it.
 */
void col_core_push(
    struct col_core *core, uint32_t handle, double value, const struct col_tick *tick);

/* col_core_flush makes everything that was pushed visible: once per turn. */
void col_core_flush(struct col_core *core);

#endif
