/* SPDX-License-Identifier: Apache-2.0 */
/* One client of a load: its connection, and what it makes of what arrives. */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/zip.h"
#include "tally.h"

#define LOAD_CLIENTS_MAX 50000u
#define LOAD_PORTS_MAX   16u
#define LOAD_FILTERS_MAX 16

struct load_tls;

struct client {
	int fd;
	int phase;
	struct load_tls *tls; /* NULL: clear text */
	int64_t last_n;       /* -1: none yet */
	char *partial;        /* a frame whose end has not come */
	size_t partial_len;
};

struct load_option {
	uint16_t port[LOAD_PORTS_MAX]; /* servers take turns */
	unsigned ports;
	const char *topic;                    /* NULL: clients do not subscribe */
	const char *filter[LOAD_FILTERS_MAX]; /* JSON; clients take turns */
	unsigned filters;
	const char
	    *alerts; /* not events: alerts with this text, by their sample's time */
	bool sse;
	bool tls;
	bool nats;        /* speaks nats-server's protocol inside its WebSocket */
	const char *path; /* NULL: the gateway's */
	bool deflate;     /* offer permessage-deflate */
	char **tokens;
	size_t token_count;
};

struct load {
	struct load_option option;
	int epoll;
	unsigned started, live, gone;
	struct tally seen;
	struct sl_zip *zip; /* for what comes compressed */
	struct client client[LOAD_CLIENTS_MAX];
};

/* load_die ends the program with errno's text. */
void load_die(const char *what);

/* load_client_start begins to connect client i. */
void load_client_start(struct load *load, unsigned i);

/* load_client_ready goes on with client i, whose socket is ready. */
void load_client_ready(struct load *load, unsigned i);

/* load_client_drop resets a connection; without effect on one that is gone. */
void load_client_drop(struct load *load, struct client *client);
bool load_client_gone(const struct client *client);

#endif
