/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's end of the socket to its keeper. */
#ifndef COL_KEEPER_LINK_H
#define COL_KEEPER_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "keeper.h"
#include "loop.h"

struct col_keeper_link;

/* Called from the loop; script is a place in the section. */
struct col_keeper_handler {
	/* It runs.  The descriptors are the callee's to close; in is -1 where the
	 * script runs once. */
	void (*started)(void *arg, size_t script, int out, int err, int in);
	void (*failed)(void *arg, size_t script, int error); /* errno */
	void (*ended)(void *arg, size_t script, int status); /* as of wait(2) */
	/* The keeper has ended: nothing of any script runs any more, or soon. */
	void (*gone)(void *arg);
};

/*
 * col_keeper_link_new takes the descriptor over; handler and arg outlive it.
 * col_keeper_link_close ends the keeper, and with it whatever still runs, waits for
 * that for a moment, and frees the link; NULL is allowed.
 */
struct col_keeper_link *col_keeper_link_new(struct event_base *loop, int fd,
    size_t script_count, const struct col_keeper_handler *handler, void *arg);
void col_keeper_link_close(struct col_keeper_link *link);

/*
 * col_keeper_link_ask sends START, SIGNAL or STOP.  Never blocks.  False if it
 * could not be sent: the keeper is gone, or has hundreds to read.
 */
bool col_keeper_link_ask(
    struct col_keeper_link *link, enum col_keeper_verb verb, size_t script);

#endif
