/* SPDX-License-Identifier: Apache-2.0 */
/* A hub without a bus, and clients on socket pairs, for the suites of the gateway. */
#ifndef GW_FIXTURE_H
#define GW_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "cursor.h"
#include "gateway/client.h"
#include "gateway/hub.h"
#include "gateway/identity.h"
#include "loop.h"

/* Three modules; roles: "all" sees every one, "ra" only a, "rab" a and b. */
extern const char gw_fixture_catalog[];

struct gw_fixture {
	struct event_base *loop;
	struct sl_conn_set *conns;
	struct sl_catalog *catalog;
	struct gw_users *users;
	struct gw_hub hub;
	uint64_t next[SL_STREAM_COUNT]; /* of the entries that are published */
	/* Gets each entry as it is published, where it is set. */
	void (*keep)(enum sl_stream stream, uint64_t seq, const struct sl_buf *packed);
};

void gw_fixture_init(struct gw_fixture *f, size_t window_bytes);
void gw_fixture_clear(struct gw_fixture *f);

/* Puts an entry into the window; body is {"secret":"<module>","seq":…}. */
struct gw_publish {
	enum sl_stream stream;
	const char *module;
	const char *topic;
	const char *sub;  /* audience, or NULL */
	const char *role; /* audience, or NULL */
	size_t pad;
};
uint64_t gw_fixture_publish(struct gw_fixture *f, const struct gw_publish *what);

/* Runs the loop until it has nothing to do. */
void gw_fixture_run(struct gw_fixture *f);

/* A client with both ends. */
struct gw_peer {
	struct gw_client client;
	struct gw_fixture *fixture;
	int fd; /* the far end */
	bool closed;
	struct sl_buf in; /* what has been read and not yet been taken as messages */
	struct sl_zip *zip;
	unsigned deflated; /* messages that came compressed */
};

/* Opens a client and signs it in; send_buffer 0 leaves the system's. */
void gw_peer_open(struct gw_peer *p, struct gw_fixture *f, const char *role,
    const char *sub, int send_buffer);

/* Subscribes to names (comma-separated), resuming at since if not NULL. */
void gw_peer_subscribe(
    struct gw_peer *p, const char *names, const struct sl_cursor *since);

/* Reads at most max bytes from the far end; false when nothing came. */
bool gw_peer_read(struct gw_peer *p, size_t max);

/*
 * Takes the next whole message that has been read: its JSON text into out, NUL
 * at the end, inflated.  False if there is none.  Control frames are passed over.
 */
bool gw_peer_next(struct gw_peer *p, struct sl_buf *out);

/* A message, taken apart. */
struct gw_got {
	char type[32];
	int stream; /* -1: none */
	uint64_t seq;
	uint64_t from, to; /* of a gap */
	bool has_cursor;
	struct sl_cursor cursor;
	char text[2048];
};

/*
 * gw_peer_take is gw_peer_next with the message taken apart; it checks that a
 * cursor is the last member and of its fixed length.
 */
bool gw_peer_take(struct gw_peer *p, struct gw_got *out);

/* Closes the far end and waits until the client is gone. */
void gw_peer_close(struct gw_peer *p);

#endif
