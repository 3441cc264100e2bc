/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 server side of connections: requests in, answers in order, upgrades. */
#ifndef SL_HTTP_H
#define SL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "http_parse.h"
#include "http_request.h"

struct sl_conn_set;
struct sl_http_server;
struct sl_tls;

/*
 * Called with each complete request (body included).  The callee answers it
 * exactly once, now or later, with http_response.h or http_problem.h, or
 * upgrades the connection; until then no further request of this connection is
 * read.  After the answer the request is gone.
 */
typedef void sl_http_handler_fn(void *arg, struct sl_http_request *request);

/* What became of a request. */
struct sl_http_outcome {
	int status;    /* 499: the client went away before its answer */
	bool upgraded; /* the connection has become a WebSocket or an endless body */
	size_t bytes;  /* of the answer, head included */
	int64_t took_ns;
};

/*
 * Called once for each request, refused ones included, when its answer has been
 * handed over: the last use of the request.  Of one that was refused unread,
 * fields may be empty.
 */
typedef void sl_http_done_fn(void *arg, const struct sl_http_request *request,
    const struct sl_http_outcome *outcome);

struct sl_http_options {
	struct sl_http_limits limits; /* of each request */
	int64_t head_timeout_ns;      /* request line and fields; 0: 10 s -> 408 */
	int64_t body_timeout_ns;      /* the rest; 0: 30 s -> 408 */
	int64_t idle_timeout_ns;      /* between requests; 0: 75 s -> closed */
	sl_http_done_fn *done;        /* with the handler's arg; may be NULL */
	const char
	    *header_fields; /* sent with every answer, "Name: value\r\n"…, or NULL */
	const char *tls_header_fields; /* beside these, over TLS; or NULL */
};

struct sl_http_stats {
	uint64_t connections; /* now, without upgraded ones */
	uint64_t requests;    /* complete ones */
	uint64_t refused;     /* answered here: malformed, too big, too late */
	uint64_t upgraded;
	uint64_t responses[6]; /* by hundreds of the status: [2] is 2xx */
};

/*
 * sl_http_server_new makes a server whose connections live in set; both outlive
 * every connection.  options may be NULL.
 */
struct sl_http_server *sl_http_server_new(struct sl_conn_set *set,
    const struct sl_http_options *options, sl_http_handler_fn *fn, void *arg);

/*
 * sl_http_server_limit puts other limits and another deadline of the head into
 * force (0: the default): requests that have begun keep theirs.
 */
void sl_http_server_limit(struct sl_http_server *server,
    const struct sl_http_limits *limits, int64_t head_timeout_ns);

/*
 * sl_http_server_free closes its connections (SL_CONN_SHUTDOWN) and frees it.
 * Requests still being answered get their on_abort.
 */
void sl_http_server_free(struct sl_http_server *server);

/*
 * sl_http_server_accept takes over an accepted descriptor: the body of a
 * listener's callback.  peer may be NULL.
 */
void sl_http_server_accept(
    struct sl_http_server *server, int fd, const struct sl_addr *peer);

/*
 * sl_http_server_accept_tls is the same for a client that has to speak TLS.  The
 * handshake counts as part of the first request: one deadline for both.
 */
void sl_http_server_accept_tls(struct sl_http_server *server, int fd,
    const struct sl_addr *peer, struct sl_tls *tls);

/* sl_http_clear_answer is a whole answer (400) to clear text where TLS is spoken. */
const char *sl_http_clear_answer(void);

/*
 * sl_http_server_drain closes idle connections now and the others after the
 * answer that they wait for ("Connection: close").
 */
void sl_http_server_drain(struct sl_http_server *server);

/* sl_http_server_stats returns the counters, valid as long as the server. */
const struct sl_http_stats *sl_http_server_stats(const struct sl_http_server *server);

/*
 * sl_http_on_abort asks to be told when the client goes away before the answer:
 * fn(arg, request) is the last use of the request, which must not be answered
 * any more.  NULL takes it back.
 */
typedef void sl_http_abort_fn(void *arg, struct sl_http_request *request);
void sl_http_on_abort(struct sl_http_request *request, sl_http_abort_fn *fn, void *arg);

/*
 * sl_http_on_end is the same for an answer that takes its time: a client that
 * ends its own direction counts as gone, too.
 */
void sl_http_on_end(struct sl_http_request *request, sl_http_abort_fn *fn, void *arg);

#endif
