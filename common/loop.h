/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: one libevent base per process. */
#ifndef SL_LOOP_H
#define SL_LOOP_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/time.h>

/*
 * sl_loop_new makes an event base for one thread: epoll, no locks, no
 * environment variables.  Freed with event_base_free.  NULL without memory.
 */
struct event_base *sl_loop_new(void);

/* sl_loop_ms turns milliseconds into libevent's form. */
static inline struct timeval sl_loop_ms(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

#endif
