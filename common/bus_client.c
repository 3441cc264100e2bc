/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Every request that is open is kept with its bytes: it is sent
 * when the connection is there, and again on every new connection, until an
 * answer with its id comes, its time is over, or it is cancelled.  The
 * aggregator answers a repeated request from memory, so resending is safe.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/un.h>

#include "bus.h"
#include "bus_socket.h"
#include "conn.h"
#include "error.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "sp.h"

#define OPEN_MAX    4096
#define PENDING_MAX (1024 * 1024)
#define RECEIVE_MAX (SL_MSG_MAX + 4096u) /* a reply is a little more than its body */

struct request {
	TAILQ_ENTRY(request) link;
	struct sl_bus_client *client;
	uint32_t id; /* with SL_SP_ID_BIT */
	bool sent;   /* on the connection of now */
	struct event *deadline;
	sl_bus_done done;
	void *arg;
	size_t len;
	char data[];
};

TAILQ_HEAD(requests, request);

struct sl_bus_client {
	struct sl_bus_client_options options;
	struct sl_conn_set *conns;
	struct sl_bus_socket *sub;
	struct sl_bus_socket *req;
	struct sl_bus_socket *push;
	struct requests open; /* oldest first */
	size_t open_count;
	uint32_t last_id;
	bool linked;
	bool closing;
};

/* ---- requests ---- */

static void release(struct request *r)
{
	TAILQ_REMOVE(&r->client->open, r, link);
	r->client->open_count--;
	event_free(r->deadline);
	free(r);
}

/* Ends a request; done may make and cancel others. */
static void finish(struct request *r, int error, const void *data, size_t len)
{
	sl_bus_done done = r->done;
	void *arg = r->arg;

	release(r);
	done(arg, error, data, len);
}

static struct request *find(struct sl_bus_client *client, uint32_t id)
{
	struct request *r;

	TAILQ_FOREACH (r, &client->open, link)
		if (r->id == id)
			return r;
	return NULL;
}

static void send_open(struct sl_bus_client *client)
{
	struct request *r;

	TAILQ_FOREACH (r, &client->open, link) {
		if (r->sent)
			continue;
		/* What finds no room goes out when on_drained says so. */
		if (sl_bus_socket_send(client->req, r->id, r->data, r->len) != 0)
			return;
		r->sent = true;
	}
}

static void on_drained(void *arg)
{
	send_open(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, SL_ETIMEOUT, NULL, 0);
}

static void on_reply(void *arg, uint32_t id, const void *data, size_t len)
{
	struct request *r = find(arg, id);

	/* None: it has timed out, was cancelled or was answered before. */
	if (r)
		finish(r, 0, data, len);
}

static void on_link(void *arg, bool up)
{
	struct sl_bus_client *client = arg;
	struct request *r;

	client->linked = up;
	TAILQ_FOREACH (r, &client->open, link)
		r->sent = false;
	send_open(client);
	if (client->options.link)
		client->options.link(client->options.arg, up);
}

int sl_bus_client_request(struct sl_bus_client *client, const void *data, size_t len,
    int timeout_ms, sl_bus_done done, void *arg, uint32_t *id)
{
	const struct timeval timeout = sl_loop_ms(timeout_ms);

	if (client->closing)
		return SL_ECLOSED;
	if (client->open_count == OPEN_MAX)
		return SL_EFULL;
	if (len > SL_MSG_MAX)
		return SL_ETOOBIG;
	struct request *r = malloc(sizeof(*r) + len);

	if (!r)
		return SL_ENOMEM;
	r->deadline = evtimer_new(client->options.base, on_deadline, r);
	if (!r->deadline || event_add(r->deadline, &timeout) != 0) {
		if (r->deadline)
			event_free(r->deadline);
		free(r);
		return SL_ENOMEM;
	}
	do
		r->id = SL_SP_ID_BIT | ++client->last_id;
	while (find(client, r->id));
	r->client = client;
	r->sent = false;
	r->done = done;
	r->arg = arg;
	r->len = len;
	memcpy(r->data, data, len);
	TAILQ_INSERT_TAIL(&client->open, r, link);
	client->open_count++;
	if (id)
		*id = r->id;
	send_open(client);
	return 0;
}

void sl_bus_client_cancel(struct sl_bus_client *client, uint32_t id)
{
	struct request *r = find(client, id);

	if (r)
		release(r);
}

/* ---- the other two ------------------------------------------------------------------
 */

static void on_batch(void *arg, uint32_t id, const void *data, size_t len)
{
	struct sl_bus_client *client = arg;

	(void)id;
	client->options.batch(client->options.arg, data, len);
}

int sl_bus_client_report(struct sl_bus_client *client, const void *data, size_t len)
{
	return sl_bus_socket_send(client->push, 0, data, len);
}

bool sl_bus_client_linked(const struct sl_bus_client *client)
{
	return client->linked;
}

/* ---- opening and closing -------------------------------------------------------------
 */

static int dial(struct sl_bus_client *client, struct sl_bus_socket **socket,
    const char *name, struct sl_bus_socket_options *o)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int n = snprintf(path, sizeof(path), "%s/%s", client->options.run_dir, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		sl_log_error("bus", "path too long for a unix socket path=\"%s/%s\"",
		    client->options.run_dir, name);
		return SL_ETOOBIG;
	}
	o->base = client->options.base;
	o->conns = client->conns;
	o->path = path;
	o->receive_max_bytes = RECEIVE_MAX;
	o->arg = client;
	return sl_bus_socket_dial(socket, o);
}

static int dial_all(struct sl_bus_client *client)
{
	struct sl_bus_socket_options sub = {.role = SL_BUS_SUB, .message = on_batch};
	struct sl_bus_socket_options req = {.role = SL_BUS_REQ,
	    .pending_max_bytes = PENDING_MAX,
	    .message = on_reply,
	    .link = on_link,
	    .drained = on_drained};
	struct sl_bus_socket_options push = {.role = SL_BUS_PUSH};
	int rc = 0;

	/* The stream first: a state that is asked for must not be ahead of it. */
	if (client->options.batch)
		rc = dial(client, &client->sub, "pub", &sub);
	if (rc == 0)
		rc = dial(client, &client->req, "req", &req);
	if (rc == 0 && client->options.reports)
		rc = dial(client, &client->push, "push", &push);
	return rc;
}

int sl_bus_client_open(
    struct sl_bus_client **out, const struct sl_bus_client_options *options)
{
	struct sl_bus_client *client = calloc(1, sizeof(*client));
	int rc;

	*out = NULL;
	if (!client)
		return SL_ENOMEM;
	client->options = *options;
	TAILQ_INIT(&client->open);
	client->conns = sl_conn_set_new(options->base);
	rc = dial_all(client);
	client->options.run_dir = NULL;
	if (rc != 0) {
		sl_bus_client_close(client);
		return rc;
	}
	*out = client;
	return 0;
}

void sl_bus_client_close(struct sl_bus_client *client)
{
	struct request *r;

	if (!client)
		return;
	client->closing = true;
	while ((r = TAILQ_FIRST(&client->open)))
		finish(r, SL_ECLOSED, NULL, 0);
	sl_bus_socket_close(client->sub);
	sl_bus_socket_close(client->req);
	sl_bus_socket_close(client->push);
	sl_conn_set_free(client->conns);
	free(client);
}
