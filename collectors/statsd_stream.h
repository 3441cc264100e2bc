/* SPDX-License-Identifier: Apache-2.0 */
/* StatsD over TCP: lines in a stream, from a bounded number of connections. */
#ifndef COL_STATSD_STREAM_H
#define COL_STATSD_STREAM_H

#include <event2/event.h>

#include "listen.h"
#include "statsd_figures.h"
#include "statsd_take.h"

/* Longest line; a longer one is malformed, and what follows it is read on. */
#define COL_STATSD_LINE_MAX 8192

struct col_statsd_streams;

/*
 * col_statsd_streams_new has no connections yet.  figures must outlive it.
 * Freed, with what is connected, by col_statsd_streams_free, which ignores NULL.
 */
struct col_statsd_streams *col_statsd_streams_new(
    struct event_base *loop, struct col_statsd_figures *figures);
void col_statsd_streams_free(struct col_statsd_streams *streams);

/* col_statsd_streams_use says where lines go: before the first connection is read. */
void col_statsd_streams_use(
    struct col_statsd_streams *streams, struct col_statsd_take *take);

/* col_statsd_streams_limit sets how many connections there may be. */
void col_statsd_streams_limit(struct col_statsd_streams *streams, size_t max);

/* col_statsd_streams_accept is a sl_listen_fn; arg is the streams. */
void col_statsd_streams_accept(void *arg, int fd, const struct sl_addr *peer);

/* col_statsd_streams_drain takes what the kernel has of all connections. */
void col_statsd_streams_drain(struct col_statsd_streams *streams);

#endif
