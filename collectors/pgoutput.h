/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a walsender of PostgreSQL sends: bytes in, structs out (PostgreSQL 15
 * manual, 55.4 "Streaming Replication Protocol" and 55.9 "Logical Replication
 * Message Formats", protocol version 1).
 */
#ifndef COL_PGOUTPUT_H
#define COL_PGOUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"

#define COL_PGOUTPUT_COLUMNS_MAX 1600 /* PostgreSQL's own limit */

/* ---- frames of the replication protocol ---------------------------------------- */

enum col_pgoutput_frame_kind {
	COL_PGOUTPUT_DATA = 'w',
	COL_PGOUTPUT_KEEPALIVE = 'k',
};

struct col_pgoutput_frame {
	enum col_pgoutput_frame_kind kind;
	uint64_t end_lsn;        /* how far the server has sent its log */
	bool reply;              /* a keepalive that wants an answer at once */
	struct sl_slice message; /* of DATA: one message of pgoutput */
};

/* col_pgoutput_frame_read reads one CopyData.  Returns 0 or SL_EMALFORMED. */
int col_pgoutput_frame_read(struct sl_slice bytes, struct col_pgoutput_frame *out);

#define COL_PGOUTPUT_STATUS_BYTES 34

/*
 * col_pgoutput_status writes a standby status update: written up to one place,
 * durable up to another; wall_ns is the client's clock.
 */
void col_pgoutput_status(uint64_t written_lsn, uint64_t durable_lsn, int64_t wall_ns,
    unsigned char out[COL_PGOUTPUT_STATUS_BYTES]);

/* ---- messages of pgoutput -------------------------------------------------------- */

enum col_pgoutput_kind {
	COL_PGOUTPUT_BEGIN = 'B',
	COL_PGOUTPUT_COMMIT = 'C',
	COL_PGOUTPUT_RELATION = 'R',
	COL_PGOUTPUT_INSERT = 'I',
	COL_PGOUTPUT_UPDATE = 'U',
	COL_PGOUTPUT_DELETE = 'D',
	COL_PGOUTPUT_TRUNCATE = 'T',
	COL_PGOUTPUT_OTHER = 'O', /* origin, type, logical message: of no concern */
};

/* A value of a row in its text form. */
enum col_pgoutput_value_kind {
	COL_PGOUTPUT_NULL = 'n',
	COL_PGOUTPUT_UNCHANGED = 'u', /* a TOAST value that was not sent again */
	COL_PGOUTPUT_TEXT = 't',
};

/* A row that is still packed: read with col_pgoutput_value. */
struct col_pgoutput_row {
	uint16_t columns;
	struct sl_slice values;
};

struct col_pgoutput_relation {
	uint32_t id;
	struct sl_slice schema; /* "" is pg_catalog */
	struct sl_slice name;
	char identity; /* 'd' default, 'n' nothing, 'f' full, 'i' index */
	uint16_t columns;
	struct sl_slice packed; /* read with col_pgoutput_column */
};

struct col_pgoutput_column {
	bool key; /* part of the replica identity */
	struct sl_slice name;
	uint32_t type; /* OID */
};

/* Slices point into the bytes that were read. */
struct col_pgoutput {
	enum col_pgoutput_kind kind;
	union {
		struct {
			uint64_t commit_lsn; /* grows from transaction to transaction */
			int64_t time_ns;     /* of the commit, wall clock of the server */
			uint32_t xid;
		} begin;
		struct {
			uint64_t commit_lsn;
			uint64_t end_lsn; /* nothing up to here is sent again */
		} commit;
		struct col_pgoutput_relation relation;
		struct {
			uint32_t relation;
			char old_kind; /* 'K' key only, 'O' whole row, 0 no old row */
			struct col_pgoutput_row old;
			struct col_pgoutput_row new; /* not of a delete */
		} change;
		struct {
			uint32_t count;
			bool cascade;
			bool restart_identity;
			struct sl_slice relations; /* 4 bytes each, big-endian */
		} truncate;
	} u;
};

/*
 * col_pgoutput_read reads one message and checks all of it: rows and columns
 * can then be walked without failing.  Pure.  Returns 0, or SL_EMALFORMED if
 * a length does not fit, bytes are left over or the kind is unknown.
 */
int col_pgoutput_read(struct sl_slice bytes, struct col_pgoutput *out);

/*
 * col_pgoutput_value takes the next value off a row that col_pgoutput_read
 * has checked; text is empty unless the kind is TEXT.
 */
enum col_pgoutput_value_kind col_pgoutput_value(
    struct col_pgoutput_row *row, struct sl_slice *text);

/* col_pgoutput_column takes the next column off a checked relation. */
struct col_pgoutput_column col_pgoutput_column(struct col_pgoutput_relation *relation);

/* col_pgoutput_truncated returns the i-th relation of a checked truncate. */
uint32_t col_pgoutput_truncated(const struct col_pgoutput *message, uint32_t i);

#endif
