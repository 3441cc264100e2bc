/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 * - Nothing is allocated for a handshake before the client has sent a byte, and
 *   handshakes under way, which are dear, are bounded in number (tls.c).
 * - What is pending goes out in records of up to 16 KiB whatever pieces it lies
 *   in: small pieces are put together in a buffer that all connections share.
 *   A record that the socket did not take is offered again with the same
 *   contents, as both conn_io.h and libssl want it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "conn_io.h"
#include "tls_state.h"

/* The first byte of a client that speaks TLS: a record of its handshake. */
#define HANDSHAKE_RECORD 22

enum { NEW, SHAKING, OPEN, CLEAR };

struct tls_io {
	struct sl_conn_io io;
	struct sl_tls *tls;
	struct sl_tls_attempt *attempt; /* SHAKING */
	struct sl_tls_session *session; /* OPEN */
	uint8_t state;
};

static ssize_t broken(void)
{
	errno = EPROTO;
	return -1;
}

static ssize_t again(void)
{
	errno = EAGAIN;
	return -1;
}

/* ---- writing --------------------------------------------------------------------- */

/*
 * The next record's text from offset of the pieces: a piece that fills it as it
 * lies, otherwise as many as fit, put together.
 */
static size_t gather(struct sl_tls *tls, const struct iovec *pieces, int n, size_t offset,
    const void **text)
{
	size_t len = 0;

	for (int i = 0; i < n && len < SL_TLS_TEXT_MAX; i++) {
		size_t size = pieces[i].iov_len;
		if (offset >= size) {
			offset -= size;
			continue;
		}
		const char *data = (const char *)pieces[i].iov_base + offset;
		size -= offset;
		offset = 0;
		if (len == 0 && (size >= SL_TLS_TEXT_MAX || i == n - 1)) {
			*text = data;
			return size < SL_TLS_TEXT_MAX ? size : SL_TLS_TEXT_MAX;
		}
		if (size > SL_TLS_TEXT_MAX - len)
			size = SL_TLS_TEXT_MAX - len;
		memcpy(tls->text + len, data, size);
		len += size;
	}
	*text = tls->text;
	return len;
}

static ssize_t tls_write(struct sl_conn_io *io, int fd, const struct iovec *pieces, int n)
{
	struct tls_io *t = (struct tls_io *)io;
	const void *text;
	size_t len, done = 0;

	(void)fd;
	if (t->state != OPEN) {
		errno = EPIPE;
		return -1;
	}
	while ((len = gather(t->tls, pieces, n, done, &text)) > 0) {
		ssize_t sent = sl_tls_session_write(t->session, text, len);
		if (sent < 0)
			return done > 0 && errno == EAGAIN ? (ssize_t)done : -1;
		done += (size_t)sent;
	}
	return (ssize_t)done;
}

/* ---- beginning --------------------------------------------------------------------- */

/* Somebody who does not speak TLS: told so if it is HTTP, and not listened to. */
static ssize_t refuse_clear(struct tls_io *t, int fd, uint8_t first)
{
	const char *answer = t->tls->clear_answer;

	t->tls->stats.clear++;
	if (first < 'A' || first > 'Z' || !answer)
		return broken();
	t->state = CLEAR;
	(void)!send(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	return again();
}

static ssize_t begin(struct tls_io *t, int fd)
{
	uint8_t first;
	ssize_t n = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n <= 0)
		return n;
	if (first != HANDSHAKE_RECORD)
		return refuse_clear(t, fd, first);
	t->attempt = sl_tls_attempt_new(t->tls, fd);
	t->state = SHAKING;
	return 1;
}

static ssize_t shake(struct tls_io *t)
{
	if (t->attempt->ended)
		return broken();
	enum sl_tls_progress progress = sl_tls_session_shake(t->attempt->session);
	t->io.wants_write = progress == SL_TLS_WANTS_WRITE;
	if (progress == SL_TLS_FAILED)
		return broken();
	if (progress != SL_TLS_DONE)
		return again();
	t->session = sl_tls_attempt_done(t->attempt);
	t->attempt = NULL;
	t->state = OPEN;
	return 1;
}

static ssize_t tls_read(struct sl_conn_io *io, int fd, void *buf, size_t len)
{
	struct tls_io *t = (struct tls_io *)io;
	ssize_t rc = 1;

	if (t->state == CLEAR) { /* answered: what still comes is nobody's */
		rc = recv(fd, buf, len, MSG_DONTWAIT);
		return rc > 0 ? again() : rc;
	}
	if (t->state == NEW)
		rc = begin(t, fd);
	if (rc > 0 && t->state == SHAKING)
		rc = shake(t);
	return rc > 0 ? sl_tls_session_read(t->session, buf, len, &t->io.wants_write)
		      : rc;
}

/* ---- end -----------------------------------------------------------------------------
 */

static void tls_end(struct sl_conn_io *io, int fd)
{
	struct tls_io *t = (struct tls_io *)io;

	if (t->state == OPEN)
		sl_tls_session_end(t->session);
	shutdown(fd, SHUT_WR);
}

static void tls_free(struct sl_conn_io *io)
{
	struct tls_io *t = (struct tls_io *)io;

	if (t->attempt)
		sl_tls_attempt_free(t->attempt);
	sl_tls_session_free(t->session);
	free(t);
}

struct sl_conn_io *sl_tls_accept(struct sl_tls *tls)
{
	static const struct sl_conn_io_ops ops = {tls_read, tls_write, tls_end, tls_free};
	struct tls_io *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	t->io.ops = &ops;
	t->tls = tls;
	return &t->io;
}
