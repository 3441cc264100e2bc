/* SPDX-License-Identifier: Apache-2.0 */
/* Stream listeners on TCP and unix sockets. */
#ifndef SL_LISTEN_H
#define SL_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct event_base;
struct sl_listen;

struct sl_listen_options {
	bool reuse_port;    /* SO_REUSEPORT: several processes share the port */
	int send_buffer;    /* SO_SNDBUF in bytes that connections inherit; 0: system's */
	int backlog;        /* 0: 4096 */
	unsigned unix_mode; /* mode of a unix socket's file; 0: 0660 */
};

/* Counters since the listener was opened. */
struct sl_listen_stats {
	uint64_t accepted;
	uint64_t out_of_fds; /* closed at once because no descriptor was left */
	uint64_t failed;     /* accept4 failed otherwise */
};

/*
 * Called for each accepted connection with a non-blocking, close-on-exec
 * descriptor that the callee owns; TCP_NODELAY is set.  The callee may close
 * the listener.
 */
typedef void sl_listen_fn(void *arg, int fd, const struct sl_addr *peer);

/* Size of the caller's buffer for one line that says what failed and where. */
#define SL_LISTEN_ERROR 256

/*
 * sl_listen_open_tcp listens on a numeric address (or "localhost") and port
 * (0: any free one) and accepts from the loop of base, many per wake-up.
 * Never resolves names, so never blocks.  Returns 0 and the listener, or
 * SL_EEXIST (in use), SL_EDENIED, SL_EINVAL, SL_ESYS with a line in error.
 */
int sl_listen_open_tcp(struct event_base *base, const char *host, uint16_t port,
    const struct sl_listen_options *options, sl_listen_fn *fn, void *arg,
    struct sl_listen **out, char error[SL_LISTEN_ERROR]);

/*
 * sl_listen_open_unix listens on a unix stream socket.  A socket file that
 * nobody answers on is replaced, one that somebody answers on is SL_EEXIST, a
 * file of another kind is never touched.  A path that does not fit into a
 * socket address is SL_ETOOBIG.  options may be NULL.
 */
int sl_listen_open_unix(struct event_base *base, const char *path,
    const struct sl_listen_options *options, sl_listen_fn *fn, void *arg,
    struct sl_listen **out, char error[SL_LISTEN_ERROR]);

/* sl_listen_port returns the TCP port that is listened on, 0 for unix sockets. */
uint16_t sl_listen_port(const struct sl_listen *listener);

/* sl_listen_stats returns the counters; valid until the listener is closed. */
const struct sl_listen_stats *sl_listen_stats(const struct sl_listen *listener);

/*
 * sl_listen_finish takes what the kernel has accepted already, then closes: a
 * connection that is left in the queue would be reset.  Accepts NULL.
 */
void sl_listen_finish(struct sl_listen *listener);

/*
 * sl_listen_close stops accepting and removes a unix socket's file if it is
 * still this listener's.  Accepts NULL.
 */
void sl_listen_close(struct sl_listen *listener);

#endif
