/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c and http_response.c share and nobody else may see. */
#ifndef SL_HTTP_STATE_H
#define SL_HTTP_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "buf.h"
#include "conn.h"
#include "deadline.h"
#include "http.h"

struct sl_http_parse;

/* A connection that speaks HTTP: freed when it is upgraded or ends. */
struct sl_http_conn {
	struct sl_http_server *server;
	struct sl_conn *conn;
	LIST_ENTRY(sl_http_conn) link;
	struct sl_deadline deadline;
	struct sl_http_parse *parse; /* NULL between requests */
	sl_http_abort_fn *on_abort;
	void *abort_arg;
	struct sl_addr peer;
	int64_t begun_ns;  /* when the handler got the request */
	bool answering;    /* a handler owes an answer */
	bool last;         /* close after this answer */
	bool body_started; /* the deadline of the body is set */
	bool tls;
};

LIST_HEAD(sl_http_conn_list, sl_http_conn);

struct sl_http_server {
	struct sl_conn_set *set;
	struct sl_deadline_wheel *deadlines;
	struct sl_http_conn_list conns;
	struct sl_http_options options;
	sl_http_handler_fn *fn;
	void *arg;
	struct sl_http_stats stats;
	bool draining;
	int64_t date_s; /* the second that date is for */
	char date[40];
	int status;        /* of the answer being built */
	struct sl_buf out; /* its head */
};

/* sl_http_state_done tells the server's owner what became of the request. */
void sl_http_state_done(struct sl_http_conn *hc, int status, size_t bytes, bool upgraded);

/* sl_http_state_answered ends the request after its answer and goes on or closes. */
void sl_http_state_answered(struct sl_http_conn *hc);

/* sl_http_state_release gives up the connection without closing it, and frees hc. */
struct sl_conn *sl_http_state_release(struct sl_http_conn *hc);

#endif
