/* SPDX-License-Identifier: Apache-2.0 */
/* Asks one URL or socket and measures how long the answer takes. */
#ifndef COL_PROBE_H
#define COL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "probe_target.h"
#include "resolver.h"

struct col_probe;

/*
 * Called once for each start, from the loop and never from within
 * col_probe_start.  elapsed_ns is from the start to the status line (http)
 * or to the connection; reason says what failed, "" if nothing did: a status
 * of 400 and above has failed.
 */
typedef void col_probe_fn(
    void *arg, bool success, int64_t elapsed_ns, const char *reason);

/*
 * col_probe_new makes a probe on the resolver's loop; target is copied.  Owned by the
 * caller, ends with col_probe_free, which also ends a running one without a call.
 */
struct col_probe *col_probe_new(struct col_resolver *resolver,
    const struct col_probe_target *target, int64_t timeout_ms, col_probe_fn *done,
    void *arg);
void col_probe_free(struct col_probe *probe);

/*
 * col_probe_start begins one measurement; false, and nothing happens, while
 * one is running.  Never blocks: names are resolved by asking the name
 * servers of /etc/resolv.conf on the loop; a name's addresses are tried in turn.
 */
bool col_probe_start(struct col_probe *probe);

#endif
