/* SPDX-License-Identifier: Apache-2.0 */
/* Output of connections: one system call when nothing waits, a queue otherwise. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "clock.h"
#include "conn_state.h"
#include "error.h"
#include "frame.h"

#define PIECES_MAX 64
#define SENDV_MAX  16

/*
 * Hands pieces to the kernel.  Returns how many bytes it took, 0 if the socket
 * is full, or -1 after closing a connection that failed.
 */
static ssize_t transmit(struct sl_conn *conn, const struct iovec *pieces, int count)
{
	struct sl_conn_stats *stats = &conn->set->stats;
	ssize_t n;

	do
		n = conn->io->ops->write(
		    conn->io, event_get_fd(&conn->read_event), pieces, count);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		stats->sends++;
		stats->sent_bytes += (uint64_t)n;
		conn->sent_bytes += (uint64_t)n;
		return n;
	}
	if (errno == EAGAIN || errno == ENOBUFS)
		return 0;
	sl_conn_state_failed(conn, errno);
	return -1;
}

static void enqueue(struct sl_conn *conn, struct sl_frame *frame, size_t sent)
{
	struct sl_conn_busy *busy = sl_conn_state_busy(conn);

	if (busy->queue.count == 0) {
		busy->progress_ns = sl_clock_mono_ns();
		conn->set->stats.deferred++;
		event_add(&busy->write_event, NULL);
	}
	sl_conn_queue_push(&busy->queue, frame, sent);
	conn->set->stats.pending_bytes += frame->len - sent;
}

static bool has_pending(const struct sl_conn *conn)
{
	return conn->busy && conn->busy->queue.count > 0;
}

int sl_conn_sendv(struct sl_conn *conn, const struct iovec *pieces, int count)
{
	size_t total = 0;
	ssize_t sent = 0;

	if (!sl_conn_is_open(conn))
		return SL_ECLOSED;
	if (count > SENDV_MAX)
		return SL_EINVAL;
	for (int i = 0; i < count; i++)
		total += pieces[i].iov_len;
	if (total == 0)
		return 0;
	if (!has_pending(conn)) {
		sent = transmit(conn, pieces, count);
		if (sent < 0)
			return SL_ECLOSED;
	}
	if ((size_t)sent == total)
		return 0;
	struct sl_frame *rest = sl_frame_new(NULL, total - (size_t)sent);
	size_t skip = (size_t)sent, at = 0;
	for (int i = 0; i < count; i++) {
		size_t len = pieces[i].iov_len;
		size_t cut = skip < len ? skip : len;
		skip -= cut;
		if (len > cut)
			memcpy(rest->data + at, (const char *)pieces[i].iov_base + cut,
			    len - cut);
		at += len - cut;
	}
	enqueue(conn, rest, 0);
	sl_frame_unref(rest);
	return 0;
}

int sl_conn_send(struct sl_conn *conn, const void *data, size_t len)
{
	struct iovec piece = {.iov_base = (void *)data, .iov_len = len};

	return sl_conn_sendv(conn, &piece, 1);
}

int sl_conn_send_shared(struct sl_conn *conn, struct sl_frame *frame)
{
	struct iovec piece = {.iov_base = frame->data, .iov_len = frame->len};
	ssize_t sent = 0;

	if (!sl_conn_is_open(conn))
		return SL_ECLOSED;
	if (frame->len == 0)
		return 0;
	if (!has_pending(conn)) {
		sent = transmit(conn, &piece, 1);
		if (sent < 0)
			return SL_ECLOSED;
	}
	if ((size_t)sent < frame->len)
		enqueue(conn, frame, (size_t)sent);
	return 0;
}

/* Sends the first frames (at least one) with one call; how many are gone, -1: closed. */
static int send_some(struct sl_conn *conn, struct sl_frame *const *frames, int count)
{
	struct iovec pieces[PIECES_MAX];

	if (count > PIECES_MAX)
		count = PIECES_MAX;
	int filled = 0;
	do
		pieces[filled] = (struct iovec){
		    .iov_base = frames[filled]->data, .iov_len = frames[filled]->len};
	while (++filled < count);
	ssize_t sent = transmit(conn, pieces, filled);
	if (sent < 0)
		return -1;
	int gone = 0;
	while (gone < count && (size_t)sent >= frames[gone]->len)
		sent -= frames[gone++]->len;
	if (gone < count)
		enqueue(conn, frames[gone++], (size_t)sent);
	return gone;
}

int sl_conn_send_frames(struct sl_conn *conn, struct sl_frame *const *frames, int count)
{
	int at = 0;

	if (!sl_conn_is_open(conn))
		return SL_ECLOSED;
	while (at < count && !has_pending(conn)) {
		int gone = send_some(conn, frames + at, count - at);
		if (gone < 0)
			return SL_ECLOSED;
		at += gone;
	}
	for (; at < count; at++)
		if (frames[at]->len > 0)
			enqueue(conn, frames[at], 0);
	return 0;
}

size_t sl_conn_pending_bytes(const struct sl_conn *conn)
{
	return conn->busy ? conn->busy->queue.bytes : 0;
}

uint64_t sl_conn_sent_bytes(const struct sl_conn *conn)
{
	return conn->sent_bytes;
}

int64_t sl_conn_stalled_ns(const struct sl_conn *conn, int64_t now_ns)
{
	return has_pending(conn) ? now_ns - conn->busy->progress_ns : 0;
}

/* There is room for what an io had to write before it could go on reading. */
static void read_on(struct sl_conn *conn)
{
	event_del(&conn->busy->write_event);
	conn->io->wants_write = false;
	sl_conn_state_relax(conn);
	if (!(conn->flags & (SL_CONN_PAUSED | SL_CONN_ENDED))) {
		event_add(&conn->read_event, NULL);
		event_active(&conn->read_event, EV_READ, 0);
	}
}

void sl_conn_send_pending(evutil_socket_t fd, short what, void *arg)
{
	struct sl_conn *conn = arg;
	struct sl_conn_busy *busy = conn->busy;
	struct iovec pieces[PIECES_MAX];

	(void)fd;
	(void)what;
	if (busy->queue.count == 0) {
		read_on(conn);
		return;
	}
	int count = sl_conn_queue_pieces(&busy->queue, pieces, PIECES_MAX);
	ssize_t sent = transmit(conn, pieces, count);
	if (sent <= 0)
		return;
	busy->progress_ns = sl_clock_mono_ns();
	sl_conn_queue_sent(&busy->queue, (size_t)sent);
	conn->set->stats.pending_bytes -= (size_t)sent;
	if (busy->queue.count > 0)
		return;
	event_del(&busy->write_event);
	if (!sl_conn_is_open(conn)) {
		sl_conn_state_flushed(conn);
		return;
	}
	sl_conn_state_relax(conn);
	if (conn->handler && conn->handler->on_drain)
		conn->handler->on_drain(conn, conn->owner);
}
