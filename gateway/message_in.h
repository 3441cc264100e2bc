/* SPDX-License-Identifier: Apache-2.0 */
/* What a client sends over a WebSocket, parsed and checked. */
#ifndef GW_MESSAGE_IN_H
#define GW_MESSAGE_IN_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cursor.h"
#include "json_in.h"

#define GW_MESSAGE_TABLE(X)                                                              \
	X(AUTH, "auth")                                                                  \
	X(SUBSCRIBE, "subscribe")                                                        \
	X(UNSUBSCRIBE, "unsubscribe")                                                    \
	X(PING, "ping")                                                                  \
	X(REFRESH, "refresh")

enum gw_message_type {
#define X(id, name) GW_MESSAGE_##id,
	GW_MESSAGE_TABLE(X)
#undef X
};

/* Most names in one message. */
#define GW_MESSAGE_NAMES 256

/*
 * One message.  What its type does not have is empty.  Slices live as long as
 * the message: until gw_message_clear.
 */
struct gw_message {
	enum gw_message_type type;
	struct sl_slice id;    /* the client's, as raw JSON; empty if it sent none */
	struct sl_slice token; /* auth, refresh */
	const json_t *names;   /* topics or metrics: an array, or NULL */
	const json_t *filter;  /* subscribe: an object, or NULL */
	double max_hz;         /* subscribe; 0: none */
	uint32_t subscription; /* unsubscribe; 0: none named */
	bool has_since;
	struct sl_cursor since;
	const char *code; /* of the error */
	char error[160];
	struct sl_buf id_text;
	json_t *tree;
};

/*
 * gw_message_parse reads one text message.  Pure apart from its memory.
 * Returns 0, or SL_EMALFORMED with code and error set; id is set as soon as it
 * could be read, so that the error can be answered.  gw_message_clear is due in
 * either case.
 */
int gw_message_parse(const char *data, size_t len, struct gw_message *message);

/* gw_message_read does the same with a value that has been parsed (a reference is taken).
 */
int gw_message_read(const json_t *tree, struct gw_message *message);

void gw_message_clear(struct gw_message *message);

/* gw_message_name returns one of the names (all are strings). */
struct sl_slice gw_message_name(const struct gw_message *message, size_t i);
size_t gw_message_name_count(const struct gw_message *message);

#endif
