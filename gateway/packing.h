/* SPDX-License-Identifier: Apache-2.0 */
/* Compression between the gateway's messages and the bytes on the wire. */
#ifndef GW_PACKING_H
#define GW_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ws.h"
#include "zip.h"

/* How the frames of a client are packed. */
enum gw_packing_kind {
	GW_PACKING_NONE,
	GW_PACKING_DEFLATE, /* WebSocket: each message by itself (RFC 7692) */
	GW_PACKING_NARROW,  /* the same for a client whose window is tiny */
	GW_PACKING_GZIP,    /* event stream: one gzip member of shared blocks */
	GW_PACKING_KINDS,
};

struct gw_packing_stats {
	uint64_t compressed; /* messages of WebSockets, blocks of event streams */
	uint64_t raw_bytes;  /* what they were */
	uint64_t wire_bytes; /* and what they became */
	uint64_t inflated;   /* messages of clients */
};

/* What all clients of a gateway share; all zeroes but bytes_min is ready. */
struct gw_packing_home {
	struct sl_zip *zip;   /* made at the first use */
	size_t bytes_min;     /* shorter messages are sent as they are */
	struct sl_buf packed; /* scratch */
	struct sl_buf plain;  /* the message that was inflated last */
	struct gw_packing_stats stats;
};

/* gw_packing_clear frees what the home holds. */
void gw_packing_clear(struct gw_packing_home *home);

/* One client's side; those of WebSockets have nothing of their own. */
struct gw_packing {
	enum gw_packing_kind kind;
	bool begun;            /* the gzip member's header has been written */
	struct sl_zip_sum sum; /* of what it stands for so far */
};

/*
 * gw_packing_websocket returns the packing of a negotiated window, which all
 * clients share; gw_packing_gzip makes one.  gw_packing_free takes either, or NULL.
 */
struct gw_packing *gw_packing_websocket(int window_bits);
struct gw_packing *gw_packing_gzip(void);
void gw_packing_free(struct gw_packing *packing);

/* gw_packing_kind_of returns the kind; packing may be NULL. */
static inline enum gw_packing_kind gw_packing_kind_of(const struct gw_packing *packing)
{
	return packing ? packing->kind : GW_PACKING_NONE;
}

/*
 * gw_packing_frames appends whole WebSocket frames of ours as clients of a kind
 * get them: messages from bytes_min on compressed where that makes them shorter,
 * everything else, and what is compressed already, as it is.
 */
void gw_packing_frames(struct gw_packing_home *home, enum gw_packing_kind kind,
    const char *frames, size_t len, struct sl_buf *out);

/*
 * gw_packing_deflate appends data compressed for clients of a WebSocket's kind,
 * with SL_ZIP_TAIL at its end.
 */
void gw_packing_deflate(struct gw_packing_home *home, enum gw_packing_kind kind,
    const char *data, size_t len, struct sl_buf *out);

/*
 * gw_packing_block appends a block that any gzip client can get, with
 * SL_ZIP_TAIL at its end, and returns its sum, which gw_packing_shared adds to
 * each client that does.
 */
struct sl_zip_sum gw_packing_block(
    struct gw_packing_home *home, const char *data, size_t len, struct sl_buf *out);
void gw_packing_shared(struct gw_packing *packing, const struct sl_zip_sum *sum);

/* gw_packing_add appends whole frames as one client gets them. */
void gw_packing_add(struct gw_packing_home *home, struct gw_packing *packing,
    const char *frames, size_t len, struct sl_buf *out);

/* gw_packing_end appends what a stream ends with: gzip's trailer. */
void gw_packing_end(struct gw_packing *packing, struct sl_buf *out);

/*
 * gw_packing_open replaces a compressed message by what it stands for, at most
 * max bytes, valid until the next one.  Returns 0 or the close code to end with
 * (1007, 1009), *why then saying what is wrong.
 */
int gw_packing_open(struct gw_packing_home *home, enum sl_ws_opcode opcode, char **data,
    size_t *len, size_t max, const char **why);

#endif
