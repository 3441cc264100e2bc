/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 * - An idle connection is struct sl_conn and nothing else: 200 bytes with
 *   libevent's event.  What only a connection with pending output, returned
 *   bytes or an end in progress needs lives in struct sl_conn_busy and is freed again.
 * - Output pending <=> the write event is registered.  Nothing is sent past
 *   pending output, so order holds.  The one exception is a handshake that the
 *   socket has no room for: the write event stands for the read event then.
 * - Closing happens in two steps: sl_conn_close ends the descriptor at once and
 *   moves the connection to the dead list; the reaper, an event that runs after
 *   the callbacks already due, tells the owner and frees.  So no function here
 *   calls an owner, and no pointer dies under a caller.
 * - "Finishing" is the polite end: flush, shutdown, read until the peer closes
 *   (otherwise unread bytes would reset the connection and destroy the last
 *   answer on its way), bounded by a deadline.
 */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "conn_state.h"

#define READ_BYTES    65536
#define FINISH_MAX_NS (5 * SL_NS_PER_S)

static const struct {
	const char *name;
	const char *text;
} reasons[SL_CONN_REASON_COUNT] = {
#define X(id, name, text) {name, text},
    SL_CONN_REASON_TABLE(X)
#undef X
};

const char *sl_conn_reason_name(enum sl_conn_reason reason)
{
	return reason < SL_CONN_REASON_COUNT ? reasons[reason].name : "?";
}

const char *sl_conn_reason_text(enum sl_conn_reason reason)
{
	return reason < SL_CONN_REASON_COUNT ? reasons[reason].text : "?";
}

/* ---- set ------------------------------------------------------------------ */

static void reap(struct sl_conn_set *set)
{
	struct sl_conn *conn;

	while ((conn = LIST_FIRST(&set->dead))) {
		LIST_REMOVE(conn, link);
		if (conn->handler && conn->handler->on_close)
			conn->handler->on_close(conn, conn->owner, conn->reason);
		free(conn);
	}
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reap(arg);
}

static void on_finish_deadline(void *arg, struct sl_deadline *deadline)
{
	struct sl_conn_busy *busy =
	    (struct sl_conn_busy *)(void *)((char *)deadline -
					    offsetof(struct sl_conn_busy, finish));

	(void)arg;
	sl_conn_close(busy->conn, SL_CONN_LINGER);
}

struct sl_conn_set *sl_conn_set_new(struct event_base *base)
{
	struct sl_conn_set *set = calloc(1, sizeof *set);

	if (!set || !(set->read_buffer = malloc(READ_BYTES)))
		abort();
	set->base = base;
	set->reaper = event_new(base, -1, 0, on_reap, set);
	if (!set->reaper)
		abort();
	set->finishing = sl_deadline_wheel_new(base, on_finish_deadline, set);
	LIST_INIT(&set->open);
	LIST_INIT(&set->dead);
	return set;
}

void sl_conn_set_free(struct sl_conn_set *set)
{
	if (!set)
		return;
	while (!LIST_EMPTY(&set->open))
		sl_conn_close(LIST_FIRST(&set->open), SL_CONN_SHUTDOWN);
	reap(set);
	event_free(set->reaper);
	sl_deadline_wheel_free(set->finishing);
	free(set->read_buffer);
	free(set);
}

const struct sl_conn_stats *sl_conn_set_stats(const struct sl_conn_set *set)
{
	return &set->stats;
}

struct event_base *sl_conn_set_base(const struct sl_conn_set *set)
{
	return set->base;
}

/* ---- busy state ----------------------------------------------------------- */

struct sl_conn_busy *sl_conn_state_busy(struct sl_conn *conn)
{
	if (conn->busy)
		return conn->busy;
	struct sl_conn_busy *busy = calloc(1, sizeof *busy);
	if (!busy)
		abort();
	busy->conn = conn;
	event_assign(&busy->write_event, conn->set->base, sl_conn_fd(conn),
	    EV_WRITE | EV_PERSIST, sl_conn_send_pending, conn);
	conn->busy = busy;
	return busy;
}

static void free_busy(struct sl_conn *conn)
{
	struct sl_conn_busy *busy = conn->busy;

	if (!busy)
		return;
	conn->busy = NULL;
	event_del(&busy->write_event);
	sl_deadline_clear(conn->set->finishing, &busy->finish);
	conn->set->stats.pending_bytes -= busy->queue.bytes;
	sl_conn_queue_clear(&busy->queue);
	free(busy->early);
	free(busy);
}

void sl_conn_state_relax(struct sl_conn *conn)
{
	struct sl_conn_busy *busy = conn->busy;

	if (busy && busy->queue.count == 0 && !busy->early &&
	    !(conn->flags & SL_CONN_FINISHING))
		free_busy(conn);
}

/* ---- end ------------------------------------------------------------------ */

void sl_conn_close(struct sl_conn *conn, enum sl_conn_reason reason)
{
	struct sl_conn_set *set = conn->set;

	if (conn->flags & SL_CONN_CLOSED)
		return;
	if (!(conn->flags & SL_CONN_FINISHING))
		conn->reason = (uint8_t)reason;
	int fd = sl_conn_fd(conn);
	free_busy(conn);
	event_del(&conn->read_event);
	conn->io->ops->free(conn->io);
	close(fd);
	conn->flags |= SL_CONN_CLOSED;
	LIST_REMOVE(conn, link);
	LIST_INSERT_HEAD(&set->dead, conn, link);
	set->stats.open--;
	set->stats.closed[conn->reason]++;
	event_active(set->reaper, EV_TIMEOUT, 0);
}

/* Everything is sent: ends our direction, and all if the peer's is ended too. */
static void shut(struct sl_conn *conn)
{
	conn->flags |= SL_CONN_SHUT;
	if (conn->flags & SL_CONN_ENDED) {
		sl_conn_close(conn, conn->reason);
		return;
	}
	conn->io->ops->end(conn->io, sl_conn_fd(conn));
	event_add(&conn->read_event, NULL);
}

void sl_conn_finish(struct sl_conn *conn, enum sl_conn_reason reason)
{
	if (!sl_conn_is_open(conn))
		return;
	struct sl_conn_busy *busy = sl_conn_state_busy(conn);
	conn->flags |= SL_CONN_FINISHING;
	conn->flags &= (uint8_t)~SL_CONN_PAUSED;
	conn->reason = (uint8_t)reason;
	free(busy->early);
	busy->early = NULL;
	sl_deadline_set(
	    conn->set->finishing, &busy->finish, sl_clock_mono_ns() + FINISH_MAX_NS);
	if (busy->queue.count == 0)
		shut(conn);
}

void sl_conn_state_flushed(struct sl_conn *conn)
{
	if (conn->flags & SL_CONN_FINISHING)
		shut(conn);
}

/* The peer has ended its direction. */
static void peer_ended(struct sl_conn *conn)
{
	event_del(&conn->read_event);
	conn->flags |= SL_CONN_ENDED;
	if (conn->flags & SL_CONN_SHUT)
		sl_conn_close(conn, conn->reason);
	else if (!(conn->flags & (SL_CONN_HELD | SL_CONN_FINISHING))) {
		if (sl_conn_pending_bytes(conn) > 0)
			sl_conn_finish(conn, SL_CONN_EOF);
		else
			sl_conn_close(conn, SL_CONN_EOF);
	}
}

void sl_conn_hold(struct sl_conn *conn, bool hold)
{
	if (hold) {
		conn->flags |= SL_CONN_HELD;
		return;
	}
	conn->flags &= (uint8_t)~SL_CONN_HELD;
	if ((conn->flags & SL_CONN_ENDED) && sl_conn_is_open(conn))
		peer_ended(conn);
}

void sl_conn_state_failed(struct sl_conn *conn, int error)
{
	bool reset = error == ECONNRESET || error == EPIPE;

	sl_conn_close(conn, reset             ? SL_CONN_RESET
			    : error == EPROTO ? SL_CONN_TLS
					      : SL_CONN_ERROR);
}

/* ---- reading -------------------------------------------------------------- */

static void deliver(struct sl_conn *conn, char *data, size_t len)
{
	if (!(conn->flags & SL_CONN_FINISHING) && conn->handler && conn->handler->on_read)
		conn->handler->on_read(conn, conn->owner, data, len);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sl_conn *conn = arg;
	struct sl_conn_set *set = conn->set;

	(void)what;
	if (conn->busy && conn->busy->early) {
		char *early = conn->busy->early;
		size_t early_len = conn->busy->early_len;
		conn->busy->early = NULL;
		sl_conn_state_relax(conn);
		deliver(conn, early, early_len);
		free(early);
	}
	if ((conn->flags & (SL_CONN_PAUSED | SL_CONN_ENDED | SL_CONN_CLOSED)) ||
	    (conn->busy && conn->busy->early))
		return;
	ssize_t n = conn->io->ops->read(conn->io, fd, set->read_buffer, READ_BYTES);
	if (n > 0) {
		set->stats.received_bytes += (uint64_t)n;
		deliver(conn, set->read_buffer, (size_t)n);
	} else if (n == 0) {
		peer_ended(conn);
	} else if (errno != EAGAIN && errno != EINTR) {
		sl_conn_state_failed(conn, errno);
	} else if (conn->io->wants_write) {
		event_del(&conn->read_event);
		event_add(&sl_conn_state_busy(conn)->write_event, NULL);
	}
}

void sl_conn_unread(struct sl_conn *conn, const char *data, size_t len)
{
	if (len == 0 || !sl_conn_is_open(conn))
		return;
	struct sl_conn_busy *busy = sl_conn_state_busy(conn);
	char *early = malloc(len + (busy->early ? busy->early_len : 0));
	if (!early)
		abort();
	memcpy(early, data, len);
	if (busy->early) {
		memcpy(early + len, busy->early, busy->early_len);
		len += busy->early_len;
		free(busy->early);
	}
	busy->early = early;
	busy->early_len = len;
	if (!(conn->flags & SL_CONN_PAUSED))
		event_active(&conn->read_event, EV_READ, 0);
}

void sl_conn_pause(struct sl_conn *conn)
{
	if (!sl_conn_is_open(conn) || (conn->flags & SL_CONN_PAUSED))
		return;
	conn->flags |= SL_CONN_PAUSED;
	event_del(&conn->read_event);
}

void sl_conn_resume(struct sl_conn *conn)
{
	if (!(conn->flags & SL_CONN_PAUSED))
		return;
	conn->flags &= (uint8_t)~SL_CONN_PAUSED;
	if (!sl_conn_is_open(conn) || (conn->flags & SL_CONN_ENDED))
		return;
	event_add(&conn->read_event, NULL);
	if (conn->busy && conn->busy->early)
		event_active(&conn->read_event, EV_READ, 0);
}

/* ---- connection ----------------------------------------------------------- */

struct sl_conn *sl_conn_open(
    struct sl_conn_set *set, int fd, const struct sl_conn_handler *handler, void *owner)
{
	return sl_conn_open_io(set, fd, sl_conn_io_plain(), handler, owner);
}

struct sl_conn *sl_conn_open_io(struct sl_conn_set *set, int fd, struct sl_conn_io *io,
    const struct sl_conn_handler *handler, void *owner)
{
	struct sl_conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		abort();
	conn->set = set;
	conn->io = io;
	conn->handler = handler;
	conn->owner = owner;
	event_assign(
	    &conn->read_event, set->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	if (event_add(&conn->read_event, NULL) != 0) {
		io->ops->free(io);
		close(fd);
		free(conn);
		return NULL;
	}
	LIST_INSERT_HEAD(&set->open, conn, link);
	set->stats.opened++;
	set->stats.open++;
	return conn;
}

void sl_conn_set_handler(
    struct sl_conn *conn, const struct sl_conn_handler *handler, void *owner)
{
	conn->handler = handler;
	conn->owner = owner;
}

bool sl_conn_is_open(const struct sl_conn *conn)
{
	return !(conn->flags & (SL_CONN_FINISHING | SL_CONN_CLOSED));
}

int sl_conn_fd(const struct sl_conn *conn)
{
	return conn->flags & SL_CONN_CLOSED ? -1 : event_get_fd(&conn->read_event);
}

void *sl_conn_owner(const struct sl_conn *conn)
{
	return conn->owner;
}

void sl_conn_peer(const struct sl_conn *conn, struct sl_addr *peer)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof sa;

	if (getpeername(sl_conn_fd(conn), (struct sockaddr *)&sa, &len) != 0)
		len = 0;
	sl_addr_from_sockaddr(peer, (struct sockaddr *)&sa, len);
}
