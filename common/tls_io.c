/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 * - A connection has three lives: the handshake (libssl's state, dear, bounded in
 *   number), then records (this struct, and nothing else while it is idle), or
 *   none of these for a client that speaks clear text.  Nothing is allocated
 *   for the handshake before the client has sent a byte.
 * - Records are opened from and sealed into buffers that all connections share.
 *   What is kept of a connection is the piece of a record whose end has not
 *   come, and the piece of a sealed record that the socket did not take.
 * - A sealed record cannot be taken back: its number is used up.  So a record
 *   that the socket took in part, or not at all, counts as not written; the
 *   caller offers the same bytes again (conn_io.h), the rest of the record goes
 *   out first, and then they count.
 * - A client may change its keys as often as it sends data; doing it over and
 *   over without any, it is cut (KeyUpdate costs us more than it costs it).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "conn_io.h"
#include "crypto.h"
#include "error.h"
#include "tls_state.h"

#define IDLE_RECORDS_MAX 32
/* AES-GCM is good for 2^24.5 records with one key (RFC 8446 §5.5). */
#define RECORDS_PER_KEY (UINT64_C(1) << 24)

enum { NEW, SHAKING, OPEN, CLEAR };

struct tls_io {
	struct sl_conn_io io;
	struct sl_tls *tls;
	struct sl_tls_attempt *attempt; /* SHAKING */
	struct sl_tls_keys in_keys, out_keys;
	uint8_t *partial; /* received: a record without its end */
	uint8_t *rest;    /* sealed, and not yet taken by the socket */
	uint32_t partial_len;
	uint32_t rest_len;
	uint32_t rest_text; /* what the caller will have written once rest is sent */
	uint16_t text_max;
	uint8_t state;
	uint8_t idle_records; /* since the last one with data */
	bool owes_update;     /* the client asked us to change our keys, too */
	bool ended;           /* by the client's close_notify */
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

/* ---- records out ---------------------------------------------------------------- */

static size_t seal(
    struct tls_io *t, uint8_t type, const void *data, size_t len, uint8_t *out)
{
	struct iovec piece = {.iov_base = (void *)data, .iov_len = len};

	return sl_tls_record_seal(
	    t->tls->record, &t->out_keys, type, &piece, 0, len, out);
}

/* A record of our own behind which nothing follows: it is sent or it is not. */
static void send_alert(struct tls_io *t, int fd, uint8_t level, uint8_t what)
{
	uint8_t alert[2] = {level, what}, out[64];

	if (t->state != OPEN || t->rest)
		return;
	size_t len = seal(t, SL_TLS_ALERT, alert, sizeof alert, out);
	(void)!send(fd, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t refuse(struct tls_io *t, int fd, uint8_t why)
{
	send_alert(t, fd, SL_TLS_FATAL, why);
	return broken();
}

static size_t seal_key_update(struct tls_io *t, uint8_t *out)
{
	static const uint8_t message[] = {SL_TLS_KEY_UPDATE, 0, 0, 1, 0};
	size_t len = seal(t, SL_TLS_HANDSHAKE, message, sizeof message, out);

	sl_tls_keys_update(&t->out_keys);
	t->owes_update = false;
	return len;
}

static void keep_rest(struct tls_io *t, const uint8_t *data, size_t len, size_t text)
{
	uint8_t *rest = malloc(len);

	if (!rest)
		abort();
	memcpy(rest, data, len);
	t->rest = rest;
	t->rest_len = (uint32_t)len;
	t->rest_text = (uint32_t)text;
}

/* Goes on with a record that the socket did not take; 1 when it is gone, else -1. */
static int send_rest(struct tls_io *t, int fd)
{
	ssize_t n = send(fd, t->rest, t->rest_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -1;
	t->rest_len -= (uint32_t)n;
	if (t->rest_len > 0) {
		memmove(t->rest, t->rest + n, t->rest_len);
		errno = EAGAIN;
		return -1;
	}
	free(t->rest);
	t->rest = NULL;
	return 1;
}

/*
 * Seals and sends one record of len bytes from offset.  1: the socket took it,
 * 0: it waits in rest, -1: failed.
 */
static int send_record(
    struct tls_io *t, int fd, const struct iovec *pieces, size_t offset, size_t len)
{
	uint8_t *out = t->tls->out;
	size_t size = 0;

	if (t->owes_update || t->out_keys.seq >= RECORDS_PER_KEY)
		size = seal_key_update(t, out);
	size += sl_tls_record_seal(t->tls->record, &t->out_keys, SL_TLS_APPLICATION,
	    pieces, offset, len, out + size);
	ssize_t sent = send(fd, out, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == (ssize_t)size)
		return 1;
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return -1;
		sent = 0;
	}
	keep_rest(t, out + sent, size - (size_t)sent, len);
	return 0;
}

static ssize_t tls_write(struct sl_conn_io *io, int fd, const struct iovec *pieces, int n)
{
	struct tls_io *t = (struct tls_io *)io;
	size_t total = 0, done = 0;

	if (t->state != OPEN) {
		errno = EPIPE;
		return -1;
	}
	for (int i = 0; i < n; i++)
		total += pieces[i].iov_len;
	if (t->rest) {
		if (send_rest(t, fd) < 0)
			return -1;
		done = t->rest_text;
	}
	while (done < total) {
		size_t len = total - done < t->text_max ? total - done : t->text_max;
		int rc = send_record(t, fd, pieces, done, len);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return done > 0 ? (ssize_t)done : again();
		done += len;
	}
	return (ssize_t)done;
}

/* ---- records in ------------------------------------------------------------------- */

static void keep_partial(struct tls_io *t, const uint8_t *data, size_t len)
{
	uint8_t *partial = NULL;

	if (len > 0) {
		partial = malloc(len);
		if (!partial)
			abort();
		memcpy(partial, data, len);
	}
	free(t->partial);
	t->partial = partial;
	t->partial_len = (uint32_t)len;
}

static int on_alert(struct tls_io *t, const uint8_t *text, size_t len)
{
	if (len == 2 && text[1] == SL_TLS_USER_CANCELED)
		return 0;
	if (len != 2 || text[1] != SL_TLS_CLOSE_NOTIFY) {
		errno = ECONNRESET;
		return -1;
	}
	t->ended = true;
	return 0;
}

/* The one message of a handshake that a client may send behind it. */
static int on_handshake(struct tls_io *t, int fd, const uint8_t *text, size_t len)
{
	static const uint8_t head[] = {SL_TLS_KEY_UPDATE, 0, 0, 1};

	if (len != 5 || memcmp(text, head, sizeof head) != 0 || text[4] > 1)
		return (int)refuse(t, fd, SL_TLS_UNEXPECTED_MESSAGE);
	sl_tls_keys_update(&t->in_keys);
	if (text[4] == 1)
		t->owes_update = true;
	return 0;
}

/* Opens one record into out: the length of its data, -1 when the connection is over. */
static ssize_t take_record(
    struct tls_io *t, int fd, const uint8_t *data, size_t len, uint8_t *out)
{
	uint8_t type;
	ssize_t n =
	    sl_tls_record_open(t->tls->record, &t->in_keys, data, len, out, &type);

	if (n < 0)
		return refuse(t, fd, SL_TLS_BAD_RECORD_MAC);
	if (type == SL_TLS_APPLICATION && n > 0) {
		t->idle_records = 0;
		return n;
	}
	if (++t->idle_records > IDLE_RECORDS_MAX)
		return refuse(t, fd, SL_TLS_UNEXPECTED_MESSAGE);
	switch (type) {
	case SL_TLS_APPLICATION:
		return 0;
	case SL_TLS_ALERT:
		return on_alert(t, out, (size_t)n);
	case SL_TLS_HANDSHAKE:
		return on_handshake(t, fd, out, (size_t)n);
	default:
		return refuse(t, fd, SL_TLS_UNEXPECTED_MESSAGE);
	}
}

/* Opens every whole record of in; the length of all data, -1: over. */
static ssize_t take_records(struct tls_io *t, int fd, size_t len, uint8_t *out)
{
	const uint8_t *in = t->tls->in;
	size_t at = 0, got = 0;
	ssize_t size = 0;

	while (!t->ended && (size = sl_tls_record_size(in + at, len - at)) > 0 &&
	       (size_t)size <= len - at) {
		ssize_t n = take_record(t, fd, in + at, (size_t)size, out + got);
		if (n < 0)
			return -1;
		at += (size_t)size;
		got += (size_t)n;
	}
	if (size < 0 && !t->ended)
		return refuse(t, fd,
		    size == SL_ETOOBIG ? SL_TLS_RECORD_OVERFLOW
				       : SL_TLS_UNEXPECTED_MESSAGE);
	keep_partial(t, in + at, t->ended ? 0 : len - at);
	return (ssize_t)got;
}

static ssize_t read_records(struct tls_io *t, int fd, void *buf, size_t len)
{
	uint8_t *in = t->tls->in;

	if (t->ended)
		return 0;
	if (len > SL_TLS_READ_BYTES)
		len = SL_TLS_READ_BYTES;
	if (t->partial_len > 0)
		memcpy(in, t->partial, t->partial_len);
	ssize_t n = recv(fd, in + t->partial_len, len - t->partial_len, MSG_DONTWAIT);
	if (n <= 0)
		return n;
	n = take_records(t, fd, t->partial_len + (size_t)n, buf);
	if (n < 0)
		return -1;
	if (t->ended) {
		/* Makes the socket readable, so that the end is seen behind the data. */
		shutdown(fd, SHUT_RD);
		return n;
	}
	return n > 0 ? n : again();
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
	if (first != SL_TLS_HANDSHAKE)
		return refuse_clear(t, fd, first);
	t->attempt = sl_tls_attempt_new(t->tls, fd);
	t->state = SHAKING;
	return 1;
}

static ssize_t shake(struct tls_io *t)
{
	size_t text_max;
	enum sl_tls_progress progress;

	if (t->attempt->ended)
		return broken();
	progress = sl_tls_handshake_run(t->attempt->handshake);
	t->io.wants_write = progress == SL_TLS_WANTS_WRITE;
	if (progress == SL_TLS_FAILED)
		return broken();
	if (progress != SL_TLS_DONE)
		return again();
	if (sl_tls_handshake_keys(
		t->attempt->handshake, &t->in_keys, &t->out_keys, &text_max) != 0)
		return broken();
	t->text_max = (uint16_t)text_max;
	sl_tls_attempt_free(t->attempt, true);
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
	return rc > 0 ? read_records(t, fd, buf, len) : rc;
}

/* ---- end -----------------------------------------------------------------------------
 */

static void tls_end(struct sl_conn_io *io, int fd)
{
	struct tls_io *t = (struct tls_io *)io;

	send_alert(t, fd, SL_TLS_WARNING, SL_TLS_CLOSE_NOTIFY);
	shutdown(fd, SHUT_WR);
}

static void tls_free(struct sl_conn_io *io)
{
	struct tls_io *t = (struct tls_io *)io;

	if (t->attempt)
		sl_tls_attempt_free(t->attempt, false);
	free(t->partial);
	free(t->rest);
	sl_crypto_wipe(t, sizeof *t);
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
