/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is new in the logs, and writes what its lines say. */
#ifndef COL_LOGREAD_H
#define COL_LOGREAD_H

#include "core.h"
#include "logcount.h"
#include "logfigures.h"
#include "logfollow.h"

/* The rules of a section "file". */
struct col_logread_set {
	struct col_logrule **rule;
	size_t count;
};

struct col_logread {
	struct col_core *core;
	struct col_logfollow *follow;
	struct col_logkeep *keep;
	struct col_logstate *state;
	struct col_logcount *count;
	struct col_logfigures *figures;
	const struct col_logread_set *set; /* by section */
	size_t line_max;
	uint32_t first; /* number of the file to read first; UINT32_MAX: any */
	size_t turn;    /* where the next round begins */
	char *buffer;
	size_t buffer_bytes;
	struct sl_buf *payload; /* by rule of a set */
	struct sightline_event *event;
	size_t rules_max;
	uint64_t told; /* number of the chunk whose end was told as a position */
};

/* Chunks that the aggregator has not yet confirmed, at most. */
#define COL_LOGREAD_CHUNKS_MAX 16384

enum col_logread_result {
	COL_LOGREAD_IDLE,    /* all that is there was read */
	COL_LOGREAD_MORE,    /* there is more: come again at once */
	COL_LOGREAD_BLOCKED, /* the ring, or the state, is full: come again soon */
};

/* col_logread_init makes room; the members that point elsewhere are set before. */
void col_logread_init(struct col_logread *read);
void col_logread_clear(struct col_logread *read);

/*
 * col_logread_settle ends a turn: what was read is in the state, and told as a
 * position.  Returns result, or COL_LOGREAD_BLOCKED.
 */
enum col_logread_result col_logread_settle(
    struct col_logread *read, enum col_logread_result result);

/* col_logread_turn reads a bounded part of what is new. */
enum col_logread_result col_logread_turn(struct col_logread *read);

/* col_logread_done asks how far the aggregator has come. */
void col_logread_done(struct col_logread *read);

/*
 * A position: the number of a chunk, and the place in its file and the number of
 * the event of that line; as 16 big-endian bytes.
 */
void col_logread_position(
    uint64_t chunk, uint64_t last, unsigned char out[SIGHTLINE_POSITION_BYTES]);
void col_logread_unpack(const unsigned char position[SIGHTLINE_POSITION_BYTES],
    uint64_t *chunk, uint64_t *last);

#endif
