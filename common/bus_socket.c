/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The home of nng.
 *
 * Everything of ours runs on the event loop.  Messages are read where nng's
 * receive descriptor says so: level-triggered, a bounded number per wake so
 * that a flood cannot hold the loop, no receive timeouts ever (nng 1.5's sub
 * has a use-after-free there).  req is a raw socket, which keeps nng's callbacks
 * and contexts out: a request is a message with an id before it.
 *
 * On nng's threads run only the callbacks about connections: they count
 * them and write an eventfd that wakes the loop.
 */
#include "bus_socket.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "loop.h"

#define RECEIVED_PER_WAKE 64
#define RECONNECT_MIN_MS  10
#define RECONNECT_MAX_MS  250
#define CLOSE_MS          300

static const struct {
	int (*open)(nng_socket *s);
	bool has_id; /* before each message */
	bool receives;
} roles[] = {
    [SL_BUS_SUB] = {nng_sub0_open, false, true},
    [SL_BUS_REQ] = {nng_req0_open_raw, true, true},
    [SL_BUS_PUSH] = {nng_push0_open, false, false},
};

struct sl_bus_socket {
	struct sl_bus_socket_options options;
	char url[sizeof("ipc://") + sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool open;
	nng_socket socket;
	struct event *readable;
	struct event *changed; /* connections came or went */
	int changed_fd;
	sem_t closed;            /* posted when nng has closed */
	atomic_uint connections; /* written on nng's threads */
};

static const char *path_of(const struct sl_bus_socket *s)
{
	return s->url + strlen("ipc://");
}

static int fail(const struct sl_bus_socket *s, const char *what, int nng_error)
{
	sl_log_error("bus", "%s failed path=\"%s\" error=\"%s\"", what, path_of(s),
	    nng_strerror(nng_error));
	return SL_ESYS;
}

/* ---- on nng's threads ---- */

static void count_peer(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct sl_bus_socket *s = arg;

	(void)pipe;
	if (event == NNG_PIPE_EV_ADD_POST) {
		atomic_fetch_add_explicit(&s->connections, 1, memory_order_relaxed);
	} else {
		atomic_fetch_sub_explicit(&s->connections, 1, memory_order_relaxed);
	}
	/* Fails only when the count stands at its maximum: readable anyway. */
	(void)!eventfd_write(s->changed_fd, 1);
}

/* ---- on the loop ---- */

/* Hands one message over; false if it lacks the id of its role. */
static bool deliver(struct sl_bus_socket *s, nng_msg *msg)
{
	uint32_t id = 0;

	if (roles[s->options.role].has_id && nng_msg_header_trim_u32(msg, &id) != 0)
		return false;
	s->options.message(s->options.arg, id, nng_msg_body(msg), nng_msg_len(msg));
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sl_bus_socket *s = arg;
	nng_msg *msg;

	(void)fd;
	(void)what;
	for (int i = 0; i < RECEIVED_PER_WAKE; i++) {
		if (nng_recvmsg(s->socket, &msg, NNG_FLAG_NONBLOCK) != 0)
			return;
		if (!deliver(s, msg))
			sl_log_debug("bus", "message dropped path=\"%s\" reason=header",
			    path_of(s));
		nng_msg_free(msg);
	}
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	struct sl_bus_socket *s = arg;
	eventfd_t ignored;

	(void)what;
	(void)!eventfd_read(fd, &ignored);
	if (s->options.connections)
		s->options.connections(s->options.arg,
		    atomic_load_explicit(&s->connections, memory_order_relaxed));
}

static int watch(
    struct sl_bus_socket *s, struct event **event, int fd, event_callback_fn f)
{
	*event = event_new(s->options.base, fd, EV_READ | EV_PERSIST, f, s);
	if (!*event || event_add(*event, NULL) != 0) {
		sl_log_error("bus", "event failed path=\"%s\"", path_of(s));
		return SL_ESYS;
	}
	return 0;
}

/* ---- opening and closing ---- */

static int set_up(struct sl_bus_socket *s)
{
	const struct sl_bus_socket_options *o = &s->options;
	int rc;
	int fd;

	rc = nng_socket_set_size(s->socket, NNG_OPT_RECVMAXSZ, o->receive_max_bytes);
	if (rc == 0 && roles[o->role].receives)
		rc = nng_socket_set_int(s->socket, NNG_OPT_RECVBUF, o->receive_queue);
	if (rc == 0 && o->send_queue > 0)
		rc = nng_socket_set_int(s->socket, NNG_OPT_SENDBUF, o->send_queue);
	if (rc == 0 && o->role == SL_BUS_SUB)
		rc = nng_socket_set(s->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0);
	if (rc == 0)
		rc = nng_pipe_notify(s->socket, NNG_PIPE_EV_ADD_POST, count_peer, s);
	if (rc == 0)
		rc = nng_pipe_notify(s->socket, NNG_PIPE_EV_REM_POST, count_peer, s);
	if (rc != 0)
		return fail(s, "option", rc);
	if (watch(s, &s->changed, s->changed_fd, on_changed) != 0)
		return SL_ESYS;
	if (!roles[o->role].receives)
		return 0;
	rc = nng_socket_get_int(s->socket, NNG_OPT_RECVFD, &fd);
	return rc ? fail(s, "descriptor", rc) : watch(s, &s->readable, fd, on_readable);
}

static int open_socket(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options)
{
	struct sl_bus_socket *s = calloc(1, sizeof(*s));

	*out = s;
	if (!s)
		return SL_ENOMEM;
	s->options = *options;
	int n = snprintf(s->url, sizeof(s->url), "ipc://%s", options->path);

	s->options.path = NULL;
	s->changed_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (strlen(options->path) >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
	    n < 0) {
		sl_log_error("bus",
		    "path too long for a unix socket path=\"%s\" limit=%zu",
		    options->path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		return SL_ETOOBIG;
	}
	if (s->changed_fd < 0) {
		sl_log_error("bus", "eventfd failed error=\"%s\"", strerror(errno));
		return SL_ESYS;
	}
	int rc = roles[options->role].open(&s->socket);

	if (rc != 0)
		return fail(s, "open", rc);
	s->open = true;
	return set_up(s);
}

static int dial_now(struct sl_bus_socket *s)
{
	nng_dialer dialer;
	int rc = nng_dialer_create(&dialer, s->socket, s->url);

	if (rc == 0)
		rc = nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
	if (rc == 0)
		rc = nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
	if (rc == 0)
		rc = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
	return rc ? fail(s, "dial", rc) : 0;
}

int sl_bus_socket_dial(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options)
{
	int rc = open_socket(out, options);

	if (rc == 0)
		rc = dial_now(*out);
	if (rc != 0) {
		sl_bus_socket_close(*out);
		*out = NULL;
	}
	return rc;
}

static void *close_nng(void *arg)
{
	struct sl_bus_socket *s = arg;

	nng_close(s->socket);
	sem_post(&s->closed);
	return NULL;
}

/*
 * Now and then nng 1.5 waits for ever in nng_close for a pipe that is long gone,
 * when messages come in meanwhile.  A process that is told to end has to end, so
 * a thread of its own waits; if it gets stuck the socket stays as it is, with
 * everything that its callbacks use.
 */
static bool close_in_time(struct sl_bus_socket *s)
{
	struct timespec until;
	pthread_t thread;
	int rc;

	if (sem_init(&s->closed, 0, 0) != 0 ||
	    pthread_create(&thread, NULL, close_nng, s) != 0) {
		nng_close(s->socket);
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += CLOSE_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	do
		rc = sem_clockwait(&s->closed, CLOCK_MONOTONIC, &until);
	while (rc != 0 && errno == EINTR);
	if (rc != 0) {
		sl_log_warn("bus", "nng does not close path=\"%s\"", path_of(s));
		pthread_detach(thread);
		return false;
	}
	pthread_join(thread, NULL);
	sem_destroy(&s->closed);
	return true;
}

void sl_bus_socket_close(struct sl_bus_socket *s)
{
	if (!s)
		return;
	if (s->readable)
		event_free(s->readable);
	if (s->changed)
		event_free(s->changed);
	/* From here on no callback runs any more: they use what is freed below. */
	if (s->open && !close_in_time(s))
		return;
	if (s->changed_fd >= 0)
		close(s->changed_fd);
	free(s);
}

int sl_bus_socket_send(struct sl_bus_socket *s, uint32_t id, const void *data, size_t len)
{
	nng_msg *msg;

	if (nng_msg_alloc(&msg, len) != 0)
		return SL_ENOMEM;
	memcpy(nng_msg_body(msg), data, len);
	if (roles[s->options.role].has_id && nng_msg_header_append_u32(msg, id) != 0) {
		nng_msg_free(msg);
		return SL_ENOMEM;
	}
	if (nng_sendmsg(s->socket, msg, NNG_FLAG_NONBLOCK) != 0) {
		nng_msg_free(msg);
		return SL_EAGAIN;
	}
	return 0;
}
