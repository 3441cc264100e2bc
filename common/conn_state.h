/* SPDX-License-Identifier: Apache-2.0 */
/* What conn.c and conn_send.c share and nobody else may see. */
#ifndef SL_CONN_STATE_H
#define SL_CONN_STATE_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "conn.h"
#include "conn_io.h"
#include "conn_queue.h"
#include "deadline.h"
#include "loop.h"

enum {
	SL_CONN_PAUSED = 1,    /* by the owner */
	SL_CONN_HELD = 2,      /* an answer is owed: the peer's end is not ours */
	SL_CONN_ENDED = 4,     /* the peer sends no more */
	SL_CONN_FINISHING = 8, /* flush, then shut */
	SL_CONN_SHUT = 16,     /* our direction is ended */
	SL_CONN_CLOSED = 32
};

/* What only a connection has that is not idle. */
struct sl_conn_busy {
	struct event write_event; /* registered <=> output is pending */
	struct sl_conn_queue queue;
	int64_t progress_ns; /* when the kernel last took something, or pending began */
	struct sl_deadline finish;
	struct sl_conn *conn;
	char *early; /* bytes given back by the owner */
	size_t early_len;
};

struct sl_conn {
	struct event read_event;
	struct sl_conn_set *set;
	struct sl_conn_io *io;
	const struct sl_conn_handler *handler;
	void *owner;
	struct sl_conn_busy *busy; /* NULL while idle */
	LIST_ENTRY(sl_conn) link;  /* the set's open or dead list */
	uint64_t sent_bytes;
	uint8_t flags;
	uint8_t reason; /* valid once finishing or closed */
};

_Static_assert(sizeof(struct sl_conn) <= 200, "memory per idle client is a budget");

LIST_HEAD(sl_conn_list, sl_conn);

struct sl_conn_set {
	struct event_base *base;
	struct event *reaper;
	struct sl_deadline_wheel *finishing;
	struct sl_conn_list open;
	struct sl_conn_list dead;
	struct sl_conn_stats stats;
	char *read_buffer;
};

/* sl_conn_state_busy returns the busy state, made if there is none. */
struct sl_conn_busy *sl_conn_state_busy(struct sl_conn *conn);

/* sl_conn_state_relax frees the busy state if nothing needs it any more. */
void sl_conn_state_relax(struct sl_conn *conn);

/* sl_conn_state_flushed goes on with an end that waited for the last byte. */
void sl_conn_state_flushed(struct sl_conn *conn);

/* sl_conn_state_failed closes after a system call failed with error. */
void sl_conn_state_failed(struct sl_conn *conn, int error);

/* sl_conn_send_pending is the callback of the write event. */
void sl_conn_send_pending(evutil_socket_t fd, short what, void *arg);

#endif
