/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The home of nng.
 *
 * Everything of ours runs on the event loop.  Messages are read where nng's
 * receive descriptor says so: level-triggered, a bounded number per wake so
 * that a flood cannot hold the loop, no receive timeouts ever (nng 1.5's sub
 * has a use-after-free there).  req and rep are raw sockets, which keeps nng's
 * callbacks and contexts out: a request is a message with an id before it.
 *
 * On nng's threads run only the callbacks about connections: they touch
 * counters and write an eventfd that wakes the loop.
 *
 * Closing a listener closes its connections and unlinks its path.  So a dead
 * one that still has connections is kept, without a path, until a later
 * relisten finds that they are gone; only then may its close unlink the path,
 * as the listener that owns it is replaced at the same moment.
 */
#include "bus_socket.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "loop.h"

#define RECEIVED_PER_WAKE 64
#define LISTENERS_MAX     32 /* dead ones that are kept, and the living one */
#define RECONNECT_MIN_MS  10
#define RECONNECT_MAX_MS  100

static const struct {
	int (*open)(nng_socket *s);
	int words; /* before each message */
	bool receives;
} roles[] = {
    [SL_BUS_PUB] = {nng_pub0_open, 0, false},
    [SL_BUS_SUB] = {nng_sub0_open, 0, true},
    [SL_BUS_REQ] = {nng_req0_open_raw, 1, true},
    [SL_BUS_REP] = {nng_rep0_open_raw, 2, true},
    [SL_BUS_PUSH] = {nng_push0_open, 0, false},
    [SL_BUS_PULL] = {nng_pull0_open, 0, true},
};

struct sl_bus_socket {
	struct sl_bus_socket_options options;
	char url[sizeof("ipc://") + sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool open;
	nng_socket socket;
	struct {
		nng_listener handle;
		unsigned connections;
	} listener[LISTENERS_MAX]; /* the last one lives */
	int listeners;
	pthread_mutex_t lock; /* of listener[] and listeners: nng's threads count */
	struct event *readable;
	struct event *changed; /* connections came or went */
	int changed_fd;
	atomic_uint connections; /* written on nng's threads */
	atomic_ullong accepted;  /* likewise */
	atomic_ullong refused;   /* likewise */
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

/* ---- on nng's threads --------------------------------------------------------- */

static void judge_peer(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct sl_bus_socket *s = arg;
	uint64_t uid;
	uint64_t gid;

	(void)event;
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) == 0 &&
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_GID, &gid) == 0 &&
	    s->options.allow(s->options.arg, (uid_t)uid, (gid_t)gid))
		return;
	atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
	nng_pipe_close(pipe);
}

static void count_at_listener(struct sl_bus_socket *s, nng_pipe pipe, bool added)
{
	int id = nng_listener_id(nng_pipe_listener(pipe));

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->listeners; i++)
		if (nng_listener_id(s->listener[i].handle) == id)
			s->listener[i].connections += added ? 1u : -1u;
	pthread_mutex_unlock(&s->lock);
}

static void count_peer(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct sl_bus_socket *s = arg;

	count_at_listener(s, pipe, event == NNG_PIPE_EV_ADD_POST);
	if (event == NNG_PIPE_EV_ADD_POST) {
		atomic_fetch_add_explicit(&s->connections, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&s->accepted, 1, memory_order_relaxed);
	} else {
		atomic_fetch_sub_explicit(&s->connections, 1, memory_order_relaxed);
	}
	/* Fails only when the count stands at its maximum: readable anyway. */
	(void)!eventfd_write(s->changed_fd, 1);
}

/* ---- on the loop ---------------------------------------------------------------- */

/* Hands one message over; false if it lacks the words of its role. */
static bool deliver(struct sl_bus_socket *s, nng_msg *msg)
{
	uint32_t words[SL_BUS_WORDS] = {0};
	int expected = roles[s->options.role].words;

	for (int i = 0; i < expected; i++)
		if (nng_msg_header_trim_u32(msg, &words[i]) != 0)
			return false;
	if (nng_msg_header_len(msg) != 0)
		return false;
	s->options.message(s->options.arg, words, nng_msg_body(msg), nng_msg_len(msg));
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
		s->options.connections(s->options.arg, sl_bus_socket_connections(s));
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

/* ---- opening and closing ----------------------------------------------------- */

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
	if (rc == 0 && o->allow)
		rc = nng_pipe_notify(s->socket, NNG_PIPE_EV_ADD_PRE, judge_peer, s);
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
	pthread_mutex_init(&s->lock, NULL);
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

static int listen_now(struct sl_bus_socket *s)
{
	nng_listener listener;
	int rc = nng_listener_create(&listener, s->socket, s->url);

	if (rc != 0)
		return fail(s, "listen", rc);
	pthread_mutex_lock(&s->lock);
	s->listener[s->listeners].handle = listener;
	s->listener[s->listeners].connections = 0;
	s->listeners++;
	pthread_mutex_unlock(&s->lock);
	rc = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0660);
	if (rc == 0)
		rc = nng_listener_start(listener, 0);
	if (rc != 0)
		return fail(s, "listen", rc);
	if (s->options.group != (gid_t)-1 &&
	    chown(path_of(s), (uid_t)-1, s->options.group) != 0) {
		sl_log_error("bus", "chown failed path=\"%s\" gid=%u error=\"%s\"",
		    path_of(s), (unsigned)s->options.group, strerror(errno));
		return SL_ESYS;
	}
	return 0;
}

/*
 * Takes one listener out of the list and closes it: the first without
 * connections, or, in a full list, the oldest.  False if there is none.
 */
static bool close_idle_listener(struct sl_bus_socket *s)
{
	nng_listener handle = {0};
	int at = 0;

	pthread_mutex_lock(&s->lock);
	while (at < s->listeners && s->listener[at].connections > 0)
		at++;
	if (at == s->listeners)
		at = s->listeners == LISTENERS_MAX ? 0 : -1;
	if (at >= 0) {
		handle = s->listener[at].handle;
		s->listeners--;
		memmove(&s->listener[at], &s->listener[at + 1],
		    (size_t)(s->listeners - at) * sizeof(s->listener[0]));
	}
	pthread_mutex_unlock(&s->lock);
	/* Not under the lock: closing waits for the threads that count. */
	if (at >= 0)
		nng_listener_close(handle);
	return at >= 0;
}

int sl_bus_socket_listen(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options)
{
	int rc = open_socket(out, options);

	if (rc == 0)
		rc = listen_now(*out);
	if (rc != 0) {
		sl_bus_socket_close(*out);
		*out = NULL;
	}
	return rc;
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

int sl_bus_socket_relisten(struct sl_bus_socket *s)
{
	while (close_idle_listener(s))
		;
	/* What is left at the path belongs to a dead listener that is kept. */
	unlink(path_of(s));
	return listen_now(s);
}

void sl_bus_socket_close(struct sl_bus_socket *s)
{
	if (!s)
		return;
	if (s->readable)
		event_free(s->readable);
	if (s->changed)
		event_free(s->changed);
	/* Returns when no callback runs any more: they use what is freed below. */
	if (s->open)
		nng_close(s->socket);
	if (s->changed_fd >= 0)
		close(s->changed_fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int sl_bus_socket_send(struct sl_bus_socket *s, const uint32_t words[SL_BUS_WORDS],
    const void *data, size_t len)
{
	nng_msg *msg;

	if (nng_msg_alloc(&msg, len) != 0)
		return SL_ENOMEM;
	memcpy(nng_msg_body(msg), data, len);
	for (int i = 0; i < roles[s->options.role].words; i++) {
		if (nng_msg_header_append_u32(msg, words[i]) != 0) {
			nng_msg_free(msg);
			return SL_ENOMEM;
		}
	}
	if (nng_sendmsg(s->socket, msg, NNG_FLAG_NONBLOCK) != 0) {
		nng_msg_free(msg);
		return SL_EAGAIN;
	}
	return 0;
}

unsigned sl_bus_socket_connections(const struct sl_bus_socket *s)
{
	return atomic_load_explicit(&s->connections, memory_order_relaxed);
}

uint64_t sl_bus_socket_accepted(const struct sl_bus_socket *s)
{
	return atomic_load_explicit(&s->accepted, memory_order_relaxed);
}

uint64_t sl_bus_socket_refused(const struct sl_bus_socket *s)
{
	return atomic_load_explicit(&s->refused, memory_order_relaxed);
}
