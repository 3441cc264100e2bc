/* SPDX-License-Identifier: Apache-2.0 */
/* A non-blocking stream connection on the event loop. */
#ifndef SL_CONN_H
#define SL_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"

struct event_base;
struct iovec;
struct sl_conn;
struct sl_conn_io;
struct sl_conn_set;
struct sl_frame;

/* Why a connection ended: name for counters, text for logs. */
#define SL_CONN_REASON_TABLE(X)                                                          \
	X(SL_CONN_EOF, "eof", "closed by the peer")                                      \
	X(SL_CONN_RESET, "reset", "reset by the peer")                                   \
	X(SL_CONN_ERROR, "error", "socket error")                                        \
	X(SL_CONN_TLS, "tls", "handshake or record of TLS refused")                      \
	X(SL_CONN_DONE, "done", "answered and closed")                                   \
	X(SL_CONN_REPLACED, "replaced", "descriptor taken over")                         \
	X(SL_CONN_SHUTDOWN, "shutdown", "this process is stopping")                      \
	X(SL_CONN_HEADER_TIMEOUT, "header_timeout", "request not complete in time")      \
	X(SL_CONN_IDLE, "idle", "idle for too long")                                     \
	X(SL_CONN_MALFORMED, "malformed", "malformed request or frame")                  \
	X(SL_CONN_TOO_BIG, "too_big", "message larger than the limit")                   \
	X(SL_CONN_NO_TOKEN, "no_token", "no valid token in time")                        \
	X(SL_CONN_TOKEN_EXPIRED, "token_expired", "token expired")                       \
	X(SL_CONN_REVOKED, "revoked", "token or user revoked")                           \
	X(SL_CONN_FORBIDDEN, "forbidden", "not permitted")                               \
	X(SL_CONN_LIMIT, "limit", "connection limit")                                    \
	X(SL_CONN_RATE, "rate", "too many requests or messages")                         \
	X(SL_CONN_NO_PONG, "no_pong", "no answer to a ping")                             \
	X(SL_CONN_SLOW, "slow", "peer reads too slowly")                                 \
	X(SL_CONN_BAD_REQUESTS, "bad_requests", "too many bad messages")                 \
	X(SL_CONN_CLOSE_FRAME, "close_frame", "closed by the peer's close frame")        \
	X(SL_CONN_LINGER, "linger", "peer did not close in time")

enum sl_conn_reason {
#define X(id, name, text) id,
	SL_CONN_REASON_TABLE(X)
#undef X
	    SL_CONN_REASON_COUNT,
};

/* sl_conn_reason_name returns the counter's name, sl_conn_reason_text the prose. */
const char *sl_conn_reason_name(enum sl_conn_reason reason);
const char *sl_conn_reason_text(enum sl_conn_reason reason);

/*
 * What the owner of a connection gets told.  All are called from the loop
 * only, never from inside a function of this header, so an owner may send,
 * close, or change its handler anywhere without being re-entered.  Members may
 * be NULL.
 */
struct sl_conn_handler {
	/*
	 * Bytes arrived.  data is valid during the call only; the callee may
	 * overwrite it (unmasking in place) and must take all of it.
	 */
	void (*on_read)(struct sl_conn *conn, void *owner, char *data, size_t len);

	/* Output had been pending and has now all been taken by the kernel. */
	void (*on_drain)(struct sl_conn *conn, void *owner);

	/*
	 * The connection is over; called exactly once, whoever closed it, at
	 * the end of the loop's turn.  conn is freed when this returns.
	 */
	void (*on_close)(struct sl_conn *conn, void *owner, enum sl_conn_reason reason);
};

/* Counters of a set since it was made. */
struct sl_conn_stats {
	uint64_t opened;
	uint64_t open; /* now */
	uint64_t closed[SL_CONN_REASON_COUNT];
	uint64_t received_bytes;
	uint64_t sent_bytes;
	uint64_t pending_bytes; /* now: queued in this process for all connections */
	uint64_t sends;         /* system calls that sent something */
	uint64_t deferred;      /* times a socket was full and output was queued */
};

/* ---- set ------------------------------------------------------------------ */

/*
 * sl_conn_set_new makes the home of all connections of one loop: their shared
 * read buffer, counters, and the list of those to be freed at the end of a
 * turn.  Single-threaded, like the loop.
 */
struct sl_conn_set *sl_conn_set_new(struct event_base *base);

/*
 * sl_conn_set_free closes what is still open (SL_CONN_SHUTDOWN), calls the
 * outstanding on_close and frees everything.  Not from inside a callback.
 */
void sl_conn_set_free(struct sl_conn_set *set);

/* sl_conn_set_stats returns the counters, valid as long as the set. */
const struct sl_conn_stats *sl_conn_set_stats(const struct sl_conn_set *set);

/* sl_conn_set_base returns the loop that the set was made for. */
struct event_base *sl_conn_set_base(const struct sl_conn_set *set);

/* ---- connection ----------------------------------------------------------- */

/*
 * sl_conn_open takes over a non-blocking descriptor and starts reading.
 * Returns NULL, with the descriptor closed, when the loop refuses it.
 */
struct sl_conn *sl_conn_open(
    struct sl_conn_set *set, int fd, const struct sl_conn_handler *handler, void *owner);

/* sl_conn_open_io is sl_conn_open with an io of its own, which it takes over. */
struct sl_conn *sl_conn_open_io(struct sl_conn_set *set, int fd, struct sl_conn_io *io,
    const struct sl_conn_handler *handler, void *owner);

/*
 * sl_conn_set_handler hands the connection to another owner: the former one is
 * not called again, not even on_close.  NULL: nobody cares any more; what
 * arrives is discarded.
 */
void sl_conn_set_handler(
    struct sl_conn *conn, const struct sl_conn_handler *handler, void *owner);

/*
 * sl_conn_unread gives bytes back: they are copied and arrive again, before
 * anything newer, through on_read of whoever is the owner then.
 */
void sl_conn_unread(struct sl_conn *conn, const char *data, size_t len);

/*
 * The send functions hand bytes to the kernel at once when nothing is pending
 * and queue what it did not take.  They never block and call nobody back.  0,
 * or SL_ECLOSED when the connection is closing or the send failed (then
 * on_close follows).  Bounding the queue is the caller's task: look at
 * sl_conn_pending_bytes before sending more.
 */
/* sl_conn_send sends len bytes and copies what could not be sent. */
int sl_conn_send(struct sl_conn *conn, const void *data, size_t len);

/* sl_conn_sendv sends count (at most 16) pieces like one, with one system call. */
int sl_conn_sendv(struct sl_conn *conn, const struct iovec *pieces, int count);

/*
 * sl_conn_send_shared sends a frame; what could not be sent is queued by
 * reference, not copied.  The caller keeps its own reference.
 */
int sl_conn_send_shared(struct sl_conn *conn, struct sl_frame *frame);

/* sl_conn_send_frames sends count frames in order, as many as possible per call. */
int sl_conn_send_frames(struct sl_conn *conn, struct sl_frame *const *frames, int count);

/* sl_conn_pending_bytes returns what is queued here and not yet in the kernel. */
size_t sl_conn_pending_bytes(const struct sl_conn *conn);

/* sl_conn_sent_bytes returns what the kernel has taken so far. */
uint64_t sl_conn_sent_bytes(const struct sl_conn *conn);

/*
 * sl_conn_stalled_ns returns for how long the kernel has taken nothing although
 * something is pending; 0 while nothing is.  now_ns is the monotonic clock.
 */
int64_t sl_conn_stalled_ns(const struct sl_conn *conn, int64_t now_ns);

/* sl_conn_pause stops and sl_conn_resume continues reading; both idempotent. */
void sl_conn_pause(struct sl_conn *conn);
void sl_conn_resume(struct sl_conn *conn);

/*
 * sl_conn_hold keeps the connection open when the peer has only ended its own
 * direction (an answer is still owed to it); releasing it lets that end close
 * the connection.
 */
void sl_conn_hold(struct sl_conn *conn, bool hold);

/*
 * sl_conn_close closes the descriptor now, dropping what is pending.  on_close
 * follows from the loop; until then conn stays valid and every call on it is
 * harmless.  The first reason given is the one that counts.
 */
void sl_conn_close(struct sl_conn *conn, enum sl_conn_reason reason);

/*
 * sl_conn_finish sends what is pending, ends our direction, discards what still
 * arrives until the peer closes, then closes; after 5 s it closes anyway.
 * Nothing can be sent after it; on_read and on_drain are not called any more.
 */
void sl_conn_finish(struct sl_conn *conn, enum sl_conn_reason reason);

/* sl_conn_is_open is false once closing or finishing has begun. */
bool sl_conn_is_open(const struct sl_conn *conn);

/* sl_conn_fd returns the descriptor, -1 once closed. */
int sl_conn_fd(const struct sl_conn *conn);

/* sl_conn_peer asks the kernel who is at the other end. */
void sl_conn_peer(const struct sl_conn *conn, struct sl_addr *peer);

/* sl_conn_owner returns the owner given with the handler. */
void *sl_conn_owner(const struct sl_conn *conn);

#endif
