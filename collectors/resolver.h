/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the addresses of host names on the event loop. */
#ifndef COL_RESOLVER_H
#define COL_RESOLVER_H

#include <event2/util.h>
#include <stdint.h>

#include "loop.h"

/*
 * A resolver is made ready when the first name has to be asked for.  The
 * caller sets the loop; it outlives every query.
 */
struct col_resolver {
	struct event_base *loop;
	struct evdns_base *base;
};

struct col_resolver_query;

/*
 * Called once per query: found is the caller's to free (evutil_freeaddrinfo),
 * or NULL with error, an EVUTIL_EAI code.
 */
typedef void col_resolver_fn(void *arg, int error, struct evutil_addrinfo *found);

/*
 * col_resolver_ask looks for the addresses of host, to be connected to on a
 * TCP port.  Addresses in numbers and names whose answer is known are
 * answered before it returns, and NULL is returned; else the query runs
 * until fn is called or col_resolver_cancel is.  Never blocks.
 */
struct col_resolver_query *col_resolver_ask(struct col_resolver *resolver,
    const char *host, uint16_t port, col_resolver_fn *fn, void *arg);

/* col_resolver_cancel ends a query: fn is not called any more. */
void col_resolver_cancel(struct col_resolver_query *query);

/* col_resolver_clear frees it; the loop must not run any more. */
void col_resolver_clear(struct col_resolver *resolver);

#endif
