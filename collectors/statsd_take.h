/* SPDX-License-Identifier: Apache-2.0 */
/* From a line to its series: what it is, what became of it, all counted. */
#ifndef COL_STATSD_TAKE_H
#define COL_STATSD_TAKE_H

#include "core.h"
#include "mapping.h"
#include "statsd_figures.h"

struct col_statsd_take;

/*
 * col_statsd_take_new writes to a source, by the options of its section, which
 * must outlive it, like figures.  Freed with col_statsd_take_free, which
 * ignores NULL.
 */
struct col_statsd_take *col_statsd_take_new(struct col_core *core,
    const struct sl_config_collector *section, const struct sl_catalog *catalog,
    struct col_statsd_figures *figures);
void col_statsd_take_free(struct col_statsd_take *take);

/* col_statsd_take_reload follows another configuration or catalog. */
void col_statsd_take_reload(struct col_statsd_take *take,
    const struct sl_config_collector *section, const struct sl_catalog *catalog);

/* col_statsd_take_line takes a line without its end; an empty one is nothing. */
void col_statsd_take_line(struct col_statsd_take *take, struct sl_slice line);

/*
 * col_statsd_take_lines takes a datagram.  Of one that is cut, what is behind
 * the last line end is malformed.
 */
void col_statsd_take_lines(struct col_statsd_take *take, struct sl_slice text, bool cut);

/* col_statsd_take_flush writes the samples of all series and says what was refused. */
void col_statsd_take_flush(struct col_statsd_take *take, const struct col_tick *tick);

#endif
