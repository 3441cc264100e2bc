/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A connection exists or its redial is due: every way in which
 * one ends, the handshake included, leads to on_close and from there to the
 * next attempt.  (nng's own dialer gives up for ever when its peer dies between
 * connect and the first write: EPIPE counts as "closed by the user" there.)
 *
 * No deadline watches the handshake: a peer that does not answer is stopped or
 * busy, and when it dies the kernel ends the connection.
 */
#include "bus_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "error.h"
#include "log.h"
#include "loop.h"
#include "sp.h"

#define REDIAL_MIN_MS 10
#define REDIAL_MAX_MS 250

static const struct {
	enum sl_sp_protocol own, peer;
	bool has_id; /* before each message */
} roles[] = {
    [SL_BUS_SUB] = {SL_SP_SUB, SL_SP_PUB, false},
    [SL_BUS_REQ] = {SL_SP_REQ, SL_SP_REP, true},
    [SL_BUS_PUSH] = {SL_SP_PUSH, SL_SP_PULL, false},
};

struct sl_bus_socket {
	struct sl_bus_socket_options options;
	struct sockaddr_un addr;
	struct sl_conn *conn; /* NULL while the redial is due */
	struct sl_sp_reader reader;
	bool up; /* the peer has greeted */
	struct event *redial;
	int redial_ms; /* until the next attempt */
};

static void redial_later(struct sl_bus_socket *s)
{
	const struct timeval delay = sl_loop_ms(s->redial_ms);

	s->redial_ms =
	    s->redial_ms * 2 < REDIAL_MAX_MS ? s->redial_ms * 2 : REDIAL_MAX_MS;
	event_add(s->redial, &delay);
}

static void greeted(struct sl_bus_socket *s)
{
	if (s->up)
		return;
	s->up = true;
	s->redial_ms = REDIAL_MIN_MS;
	if (s->options.link)
		s->options.link(s->options.arg, true);
}

static int on_message(void *arg, const char *data, size_t len)
{
	struct sl_bus_socket *s = arg;
	uint32_t id = 0;

	greeted(s);
	if (roles[s->options.role].has_id) {
		if (len < SL_SP_ID)
			return SL_EMALFORMED;
		id = sl_sp_get_id(data);
		data += SL_SP_ID;
		len -= SL_SP_ID;
	}
	s->options.message(s->options.arg, id, data, len);
	return 0;
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	struct sl_bus_socket *s = owner;
	int rc = sl_sp_read(&s->reader, data, len, on_message, s);

	if (rc != 0) {
		sl_log_warn("bus", "peer dropped path=\"%s\" reason=\"%s\"",
		    s->addr.sun_path, sl_strerror(rc));
		sl_conn_close(
		    conn, rc == SL_ETOOBIG ? SL_CONN_TOO_BIG : SL_CONN_MALFORMED);
	} else if (s->reader.greeted) {
		greeted(s);
	}
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct sl_bus_socket *s = owner;

	(void)conn;
	if (s->up && s->options.drained)
		s->options.drained(s->options.arg);
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct sl_bus_socket *s = owner;
	bool was_up = s->up;

	(void)conn;
	sl_log_debug("bus", "connection over path=\"%s\" reason=\"%s\"", s->addr.sun_path,
	    sl_conn_reason_text(reason));
	s->conn = NULL;
	s->up = false;
	redial_later(s);
	if (was_up && s->options.link)
		s->options.link(s->options.arg, false);
}

static const struct sl_conn_handler handler = {
    .on_read = on_read, .on_drain = on_drain, .on_close = on_close};

static int connect_now(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* A unix socket is connected at once or not at all. */
	if (fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void on_redial(evutil_socket_t none, short what, void *arg)
{
	struct sl_bus_socket *s = arg;
	char hello[SL_SP_HELLO];
	int fd = connect_now(&s->addr);

	(void)none;
	(void)what;
	if (fd >= 0)
		s->conn = sl_conn_open(s->options.conns, fd, &handler, s);
	if (!s->conn) {
		redial_later(s);
		return;
	}
	sl_sp_reader_clear(&s->reader);
	sl_sp_reader_init(
	    &s->reader, roles[s->options.role].peer, s->options.receive_max_bytes);
	sl_sp_hello(roles[s->options.role].own, hello);
	sl_conn_send(s->conn, hello, sizeof(hello));
}

int sl_bus_socket_dial(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options)
{
	struct sl_bus_socket *s;
	size_t len = strlen(options->path);

	*out = NULL;
	if (len >= sizeof(s->addr.sun_path)) {
		sl_log_error("bus",
		    "path too long for a unix socket path=\"%s\" limit=%zu",
		    options->path, sizeof(s->addr.sun_path) - 1);
		return SL_ETOOBIG;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return SL_ENOMEM;
	s->options = *options;
	s->options.path = NULL;
	s->addr.sun_family = AF_UNIX;
	memcpy(s->addr.sun_path, options->path, len + 1);
	s->redial_ms = 0;
	s->redial = evtimer_new(options->base, on_redial, s);
	if (!s->redial) {
		free(s);
		return SL_ENOMEM;
	}
	redial_later(s);
	s->redial_ms = REDIAL_MIN_MS;
	*out = s;
	return 0;
}

void sl_bus_socket_close(struct sl_bus_socket *s)
{
	if (!s)
		return;
	if (s->conn) {
		sl_conn_set_handler(s->conn, NULL, NULL);
		sl_conn_close(s->conn, SL_CONN_SHUTDOWN);
	}
	sl_sp_reader_clear(&s->reader);
	event_free(s->redial);
	free(s);
}

int sl_bus_socket_send(struct sl_bus_socket *s, uint32_t id, const void *data, size_t len)
{
	char head[SL_SP_HEAD + SL_SP_ID];
	size_t id_len = roles[s->options.role].has_id ? SL_SP_ID : 0;
	/* Sent, not changed: iovec knows no const. */
	const struct iovec pieces[] = {{head, SL_SP_HEAD + id_len}, {(void *)data, len}};

	if (!s->up || sl_conn_pending_bytes(s->conn) > s->options.pending_max_bytes)
		return SL_EAGAIN;
	sl_sp_head(id_len + len, head);
	sl_sp_put_id(id, head + SL_SP_HEAD);
	return sl_conn_sendv(s->conn, pieces, 2) == 0 ? 0 : SL_EAGAIN;
}
