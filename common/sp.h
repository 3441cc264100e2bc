/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format that nng speaks over unix sockets (Scalability Protocols). */
#ifndef SL_SP_H
#define SL_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Each side first sends 8 bytes, "\0SP\0", its protocol and two zeroes; then
 * messages, each behind a 1 and its length in 8 bytes, all big-endian.  A
 * message of req and rep begins with the id of the request, 4 bytes with the
 * top bit set.
 */
#define SL_SP_HELLO 8
#define SL_SP_HEAD  9
#define SL_SP_ID    4

/* Set in every id; without it a message went through a device of nng's. */
#define SL_SP_ID_BIT 0x80000000u

enum sl_sp_protocol {
	SL_SP_PUB = 0x20,
	SL_SP_SUB = 0x21,
	SL_SP_REQ = 0x30,
	SL_SP_REP = 0x31,
	SL_SP_PUSH = 0x50,
	SL_SP_PULL = 0x51,
};

/* sl_sp_hello writes what a socket of this protocol sends first. */
void sl_sp_hello(enum sl_sp_protocol protocol, char out[SL_SP_HELLO]);

/* sl_sp_head writes what stands before a message of len bytes. */
void sl_sp_head(uint64_t len, char out[SL_SP_HEAD]);

/* sl_sp_get_id reads the id before a message of req or rep, sl_sp_put_id writes it. */
uint32_t sl_sp_get_id(const char in[SL_SP_ID]);
void sl_sp_put_id(uint32_t id, char out[SL_SP_ID]);

/* The bytes that one peer has sent; memory only while a message is incomplete. */
struct sl_sp_reader {
	enum sl_sp_protocol peer; /* that it has to speak */
	uint32_t max_bytes;       /* of a message */
	bool greeted;             /* its hello has come */
	struct sl_buf partial;
};

/*
 * Called for each message; data lives until it returns.  What it returns other
 * than 0 ends the reading.
 */
typedef int (*sl_sp_message)(void *arg, const char *data, size_t len);

void sl_sp_reader_init(
    struct sl_sp_reader *reader, enum sl_sp_protocol peer, uint32_t max_bytes);
void sl_sp_reader_clear(struct sl_sp_reader *reader);

/*
 * sl_sp_read takes the next bytes of a peer, however they are cut, and hands
 * over the messages that they complete.  Pure but for the partial message: a
 * declared length is checked at once and allocates nothing.  Returns 0,
 * SL_EMALFORMED, SL_ETOOBIG or what message returned; after an error the
 * connection is of no use.
 */
int sl_sp_read(struct sl_sp_reader *reader, const char *data, size_t len,
    sl_sp_message message, void *arg);

#endif
