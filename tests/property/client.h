/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the property test, and the oracle that knows what each must get. */
#ifndef PROPERTY_CLIENT_H
#define PROPERTY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cursor.h"
#include "gate.h"
#include "gateway/client.h"
#include "world.h"

enum transport { OVER_WS, OVER_SSE, OVER_POLL, TRANSPORTS };

/* What a client may see and has asked for. */
struct sight {
	unsigned role;
	unsigned topics; /* row of client.c's table */
};

struct served;

struct client {
	int number;
	struct gate *gate; /* NULL: not connected */
	enum transport transport;
	bool slow; /* reads little at a time from a small socket */
	struct served *served;
	int fd; /* the far end; -1 with polls */
	struct sl_buf in;
	char last_cursor[SL_CURSOR_LONG + 1]; /* of the last message taken; "" none */
	struct sl_cursor at;

	/* The oracle's. */
	struct sight now;
	struct sight before; /* in force for what is before since[] */
	uint64_t since[SL_STREAM_COUNT];
	uint64_t last[SL_STREAM_COUNT];  /* newest entry taken or known to be passed */
	uint64_t epoch[SL_STREAM_COUNT]; /* 0: nothing known yet */
	uint64_t told[SL_STREAM_COUNT];  /* behind the gap that came just before */
	bool stalled;                    /* its socket has not taken something */
	bool changing;                   /* the mark of another role has not come yet */
	bool has_state;
	bool has_alerts;
	bool has_value[WORLD_METRICS];
	double value[WORLD_METRICS];
	bool stale[WORLD_METRICS];
	uint64_t alert[WORLD_ALERTS];

	/* Figures. */
	uint64_t entries;
	uint64_t gaps;
	uint64_t resumes;
};

/* client_connect opens a stream, or makes one poll, resuming where it was. */
void client_connect(struct client *c, struct gate *g, enum transport transport,
    struct sight sight, bool slow);

/* client_poll asks again, where it polls and no answer is open. */
void client_poll(struct client *c);

/* client_refresh gives the live stream of a client another role. */
void client_refresh(struct client *c, unsigned role);

/* client_position is where its live stream stands; false if it has none. */
bool client_position(const struct client *c, struct sl_cursor *at);

/* client_drop ends its connection; what it has not read is lost. */
void client_drop(struct client *c);

/* client_read takes at most max bytes and judges the messages in it. */
void client_read(struct client *c, size_t max);

/* client_note_stall looks whether the server's side has something pending. */
void client_note_stall(struct client *c);

/* client_sweep ends the polls that have been answered, as the loop's next turn does. */
void client_sweep(void);

/* client_is_idle says whether nothing is under way to a client. */
bool client_is_idle(const struct client *c);

/* client_answer is the hubs' answer to polls; client_lost a poll of a dead gateway. */
void client_answer(struct gw_client *client, const void *data, size_t len);
void client_lost(struct gw_client *client);

/* client_world is what all clients are judged by. */
extern struct world *client_world;

/* Says what is wrong and ends the program; the owner's. */
void fail(const struct client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
