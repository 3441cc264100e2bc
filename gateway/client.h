/* SPDX-License-Identifier: Apache-2.0 */
/* One client on a live stream, whichever transport it came by. */
#ifndef GW_CLIENT_H
#define GW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "cursor.h"
#include "deadline.h"
#include "hub.h"
#include "packing.h"
#include "pattern.h"
#include "render.h"
#include "ws.h"

struct gw_behind;
struct gw_identity;
struct gw_mark;
struct gw_pulse;
struct gw_sub;
struct gw_view;
struct sl_frame;

/* X(id, close code, why the connection ends, reconnect, text) */
#define GW_BYE_TABLE(X)                                                                  \
	X(SHUTDOWN, SL_WS_SHUTDOWN, SL_CONN_SHUTDOWN, true, "server shutting down")      \
	X(UNAVAILABLE, SL_WS_SHUTDOWN, SL_CONN_SHUTDOWN, true,                           \
	    "older entries cannot be had at the moment")                                 \
	X(UNDECIDED, SL_WS_SHUTDOWN, SL_CONN_SHUTDOWN, true,                             \
	    "whether there is a place is not known")                                     \
	X(EXPIRED, SL_WS_TOKEN_EXPIRED, SL_CONN_TOKEN_EXPIRED, true, "token expired")    \
	X(SLOW, SL_WS_SLOW, SL_CONN_SLOW, true, "client reads too slowly")               \
	X(NO_PONG, SL_WS_NO_PONG, SL_CONN_NO_PONG, true, "no answer to ping")            \
	X(TOO_MANY, SL_WS_TOO_MANY, SL_CONN_RATE, true, "too many messages")             \
	X(NO_TOKEN, SL_WS_NO_TOKEN, SL_CONN_NO_TOKEN, false, "no valid token")           \
	X(BAD_REQUEST, SL_WS_BAD_REQUEST, SL_CONN_BAD_REQUESTS, false,                   \
	    "too many bad messages")                                                     \
	X(REVOKED, SL_WS_REVOKED, SL_CONN_REVOKED, false, "token revoked")               \
	X(LIMIT, SL_WS_LIMIT, SL_CONN_LIMIT, false, "connection limit reached")          \
	X(REPLACED, SL_WS_LIMIT, SL_CONN_LIMIT, false, "resumed by another connection")  \
	X(FORBIDDEN, SL_WS_FORBIDDEN, SL_CONN_FORBIDDEN, false, "forbidden")

enum gw_bye {
#define X(id, code, why, reconnect, text) GW_BYE_##id,
	GW_BYE_TABLE(X)
#undef X
};

#define GW_CLIENT_ID 16

/* What became of a cursor that a client came with. */
enum gw_resumed {
	GW_RESUMED_NONE, /* it came without */
	GW_RESUMED_WHOLE,
	GW_RESUMED_GAP,
};

/* Lives in the endpoint's own struct; small, as there are many. */
struct gw_client {
	struct gw_hub *hub;
	struct gw_client *next; /* of the hub's clients */
	struct gw_client *prev;
	struct gw_table_node node; /* in the hub's table of clients by id */
	struct sl_conn *conn;      /* NULL: a poll, answered by the hub's answer */
	struct gw_identity *who;   /* NULL until it has signed in */
	struct gw_view *view;      /* NULL: subscribed to nothing */
	struct gw_behind *behind;  /* NULL: live */
	struct gw_mark *mark;      /* what of its view is not before this it was handed */
	struct gw_sub *subs;
	struct gw_pulse *pulse;     /* NULL in tests without clocks */
	struct gw_packing *packing; /* how frames go out; NULL: as they are */
	struct sl_deadline deadline;
	uint32_t place; /* in its view */
	uint32_t last_sub;
	uint32_t heard_ms;   /* monotonic, wraps: last sign of life of the peer */
	uint32_t told_ms;    /* last ping or keep-alive */
	uint32_t beat_ms;    /* last heartbeat message */
	uint32_t owed_ms;    /* last metrics_update that it got because it was owed */
	uint32_t messages;   /* tally.h: handed to it */
	uint8_t latency;     /* tally.h: of the newest of them */
	uint8_t route;       /* gw_route_number of what it came by; 0: none */
	uint8_t form : 4;    /* enum gw_form */
	uint8_t resumed : 2; /* enum gw_resumed */
	uint8_t round : 1;   /* of the fan-out that had its turn with it last */
	bool leaving : 1;    /* disconnect is on its way: nothing more is sent */
	bool warned : 1;     /* token_expiring was sent */
	bool heartbeats : 1; /* wants heartbeat messages */
	bool points : 1;     /* gets metrics as data points */
	bool updates : 1;    /* is owed a metrics_update within the update interval */
	bool placed : 1;     /* has one of its user's places */
	bool whole : 1;      /* its route is for roles that may read every module */
	uint8_t id[GW_CLIENT_ID]; /* begins with the time of its making, as UUIDv7 */
};

/*
 * gw_client_init begins a client on a connection, with a reference to who
 * (may be NULL); gw_client_clear ends it (from on_close).  The owner sets
 * packing before anything is sent; it is freed with the client.
 */
void gw_client_init(struct gw_client *client, struct gw_hub *hub, struct sl_conn *conn,
    enum gw_form form, struct gw_identity *who);
void gw_client_clear(struct gw_client *client);

/* gw_client_find returns the live client with this id; NULL if it is not here. */
struct gw_client *gw_client_find(
    const struct gw_hub *hub, const uint8_t id[GW_CLIENT_ID]);

/*
 * gw_client_send hands whole frames to the socket.  A client that has more
 * pending than it may is disconnected.
 */
void gw_client_send(struct gw_client *client, const void *data, size_t len);

/*
 * gw_client_send_shared does the same with a frame of its view, packed as the
 * client's are (sum: of what a gzip block stands for); not when it is behind.
 */
void gw_client_send_shared(
    struct gw_client *client, struct sl_frame *frame, const struct sl_zip_sum *sum);

/* gw_client_is_full says whether the socket has not taken yet what it was handed. */
bool gw_client_is_full(const struct gw_client *client);

/* gw_client_sent looks after a client once something was handed to its socket. */
void gw_client_sent(struct gw_client *client);

/*
 * gw_client_follow makes the client see what the patterns ask for (a
 * reference is taken), and sends it the state of that.  since is where to
 * resume, or NULL; what the client was handed already is not sent again.
 */
void gw_client_follow(struct gw_client *client, struct gw_patterns *patterns,
    const struct sl_cursor *since);

/*
 * gw_client_narrow changes the patterns to fewer; the state is sent only if
 * something of it was held back.
 */
void gw_client_narrow(struct gw_client *client, struct gw_patterns *patterns);

/* gw_client_position fills the cursor of what the client has been handed. */
void gw_client_position(const struct gw_client *client, struct sl_cursor *cursor);
void gw_client_stamp(const struct gw_client *client, struct gw_stamp *stamp);

/*
 * gw_client_disconnect says why, and ends the connection: the message, the
 * close frame on a WebSocket, then the end of the stream.  Once.
 */
void gw_client_disconnect(struct gw_client *client, enum gw_bye bye);

/* gw_client_end_with does the same for a close code of RFC 6455, without a message. */
void gw_client_end_with(
    struct gw_client *client, int code, enum sl_conn_reason why, const char *text);

#endif
