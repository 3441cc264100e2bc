/* SPDX-License-Identifier: Apache-2.0 */
/* How far each log was read: kept in a file, so that nothing is read twice. */
#ifndef COL_LOGSTATE_H
#define COL_LOGSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Design notes.
 *
 * Logs are read in chunks of whole lines, numbered 1, 2, … over all files.  The
 * position of an event is the number of its chunk and the place of its line in
 * it, so positions grow, whichever file is read.  Before the first event of a
 * chunk is written, the state file says which file the chunk is of and where it
 * begins; before the first of the next one, where it ended and what it counted.
 *
 * After a restart the aggregator tells the newest position that it has.  Chunks
 * before it are done: their ends and counts hold.  The chunk of that position is
 * read again from its beginning, under its number: what the aggregator has of
 * it, it ignores.  Later ones never happened.  So every line is an event once
 * and counted once, whatever was killed when.
 *
 * Where the state ends and the aggregator begins anew (or the other way round),
 * a new line of positions begins with a new state.  After a power cut the state
 * may be older than the aggregator's journal: the lines between are read again.
 */

/* Which file it is, however it is called. */
struct col_logstate_id {
	uint64_t device;
	uint64_t inode;
	int64_t birth_ns; /* 0 where the file system keeps none */
};

/* The first bytes of a file: they tell a new one in an old one's inode. */
#define COL_LOGSTATE_PRINT_MAX 256u

struct col_logstate_print {
	uint32_t bytes;
	uint32_t crc; /* CRC-32C of them */
};

struct col_logstate_place {
	uint64_t offset;
	bool skip; /* inside a line that was too long */
};

struct col_logstate_file {
	uint32_t number; /* within this state; never used again */
	struct col_logstate_id id;
	struct col_logstate_print print;
	struct col_logstate_place place; /* behind all chunks that are done */
	char *path;                      /* where it was last */
	char *set;                       /* title of its section */
	bool gone; /* read to its end; kept while a chunk is of it */
};

struct col_logstate_series {
	uint64_t total; /* of all chunks that are done */
	char *key;
	size_t key_len;
};

struct col_logstate_delta {
	uint32_t series; /* its index: never removed */
	uint64_t lines;
};

struct col_logstate_chunk {
	uint64_t number;
	uint32_t file;
	struct col_logstate_place begin, end;
	bool ended;
	uint64_t last; /* second half of its last position; 0: none yet */
	struct col_logstate_delta *delta;
	size_t delta_count;
};

struct col_logstate {
	uint64_t line; /* of positions; never 0 */
	uint64_t next; /* number of the next chunk */
	uint32_t next_file;
	struct col_logstate_file *file;
	size_t file_count;
	struct col_logstate_series *series;
	size_t series_count;
	/* Begun, and not known to be done, by number. */
	struct col_logstate_chunk *chunk;
	size_t chunk_count;
	size_t chunk_cap;
};

/* col_logstate_init begins an empty state with a line of its own. */
void col_logstate_init(struct col_logstate *state, uint64_t line);
void col_logstate_clear(struct col_logstate *state);

/*
 * col_logstate_read reads a state file.  A record that is damaged ends it: what
 * stands before holds.  Pure.  Returns 0, or SL_EMALFORMED if it is none.
 */
int col_logstate_read(struct col_logstate *state, const char *text, size_t len);

/* col_logstate_write appends the whole state as a file's content. */
void col_logstate_write(const struct col_logstate *state, struct sl_buf *out);

/* The single records that are appended to a file while chunks are read. */
void col_logstate_write_file(const struct col_logstate_file *file, struct sl_buf *out);
void col_logstate_write_gone(const struct col_logstate_file *file, struct sl_buf *out);
void col_logstate_write_series(
    const struct col_logstate_series *series, size_t index, struct sl_buf *out);
void col_logstate_write_begin(const struct col_logstate_chunk *chunk, struct sl_buf *out);
void col_logstate_write_end(const struct col_logstate_chunk *chunk, struct sl_buf *out);

/* Both give an element that is valid until the next one is added. */
struct col_logstate_file *col_logstate_add_file(struct col_logstate *state,
    const struct col_logstate_id *id, const char *path, const char *set);
struct col_logstate_chunk *col_logstate_add_chunk(struct col_logstate *state);

/* col_logstate_add_series returns the index of a new series. */
size_t col_logstate_add_series(
    struct col_logstate *state, const char *key, size_t key_len);

/* col_logstate_find_file returns a file by its number; NULL if it was removed. */
struct col_logstate_file *col_logstate_find_file(
    const struct col_logstate *state, uint32_t number);

/* col_logstate_sweep forgets the files that are gone and that no chunk is of. */
void col_logstate_sweep(struct col_logstate *state);

/* col_logstate_count adds to what a chunk counted. */
void col_logstate_count(struct col_logstate_chunk *chunk, size_t series, uint64_t lines);

/*
 * col_logstate_done takes into account that the aggregator has a position and
 * all before it.
 */
void col_logstate_done(struct col_logstate *state, uint64_t number, uint64_t last);

/*
 * col_logstate_resume brings a state that was read to where reading has to go
 * on, given the newest position that the aggregator has (0, 0: none).
 * Returns the number of the file to read first, or UINT32_MAX for any.
 */
uint32_t col_logstate_resume(struct col_logstate *state, uint64_t number, uint64_t last);

#endif
