/* SPDX-License-Identifier: Apache-2.0 */
#include "pgoutput.h"

#include <string.h>

#include "clock.h"
#include "error.h"

/* PostgreSQL counts microseconds since 2000-01-01 UTC. */
#define EPOCH_US 946684800000000LL

#define DATA_HEADER 25
#define KEEPALIVE   18

/* ---- reading big-endian bytes ---------------------------------------------------- */

/* What is left; broken once more was wanted than there was. */
struct reader {
	struct sl_slice left;
	bool broken;
};

static struct sl_slice take(struct reader *reader, size_t len)
{
	struct sl_slice taken = {reader->left.data, len};

	if (reader->broken || reader->left.len < len) {
		reader->broken = true;
		return (struct sl_slice){"", 0};
	}
	reader->left.data += len;
	reader->left.len -= len;
	return taken;
}

static uint64_t take_uint(struct reader *reader, size_t bytes)
{
	struct sl_slice raw = take(reader, bytes);
	uint64_t value = 0;

	for (size_t i = 0; i < raw.len; i++)
		value = value << 8 | (unsigned char)raw.data[i];
	return value;
}

static char take_char(struct reader *reader)
{
	return (char)take_uint(reader, 1);
}

static struct sl_slice take_text(struct reader *reader)
{
	const char *end = reader->left.len > 0
			      ? memchr(reader->left.data, '\0', reader->left.len)
			      : NULL;

	if (reader->broken || end == NULL) {
		reader->broken = true;
		return (struct sl_slice){"", 0};
	}
	struct sl_slice text = take(reader, (size_t)(end - reader->left.data));
	take(reader, 1);
	return text;
}

static int finish(const struct reader *reader)
{
	return reader->broken || reader->left.len > 0 ? SL_EMALFORMED : 0;
}

/* A time of the server on our wall clock; one beyond what it can say is 0. */
static int64_t as_ns(uint64_t us)
{
	int64_t since_epoch;
	int64_t ns;

	if (__builtin_add_overflow((int64_t)us, EPOCH_US, &since_epoch) ||
	    __builtin_mul_overflow(since_epoch, SL_NS_PER_US, &ns))
		return 0;
	return ns;
}

/* ---- frames ------------------------------------------------------------------------ */

int col_pgoutput_frame_read(struct sl_slice bytes, struct col_pgoutput_frame *out)
{
	struct reader reader = {bytes, false};
	char kind = take_char(&reader);

	memset(out, 0, sizeof(*out));
	if (kind == COL_PGOUTPUT_KEEPALIVE && bytes.len == KEEPALIVE) {
		out->kind = COL_PGOUTPUT_KEEPALIVE;
		out->end_lsn = take_uint(&reader, 8);
		take(&reader, 8);
		out->reply = take_char(&reader) != 0;
		return finish(&reader);
	}
	if (kind != COL_PGOUTPUT_DATA || bytes.len < DATA_HEADER)
		return SL_EMALFORMED;
	out->kind = COL_PGOUTPUT_DATA;
	take(&reader, 8);
	out->end_lsn = take_uint(&reader, 8);
	take(&reader, 8);
	out->message = reader.left;
	return 0;
}

static void put_uint(unsigned char *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(value >> (56 - 8 * i));
}

void col_pgoutput_status(uint64_t written_lsn, uint64_t durable_lsn, int64_t wall_ns,
    unsigned char out[COL_PGOUTPUT_STATUS_BYTES])
{
	out[0] = 'r';
	put_uint(out + 1, written_lsn);
	put_uint(out + 9, durable_lsn);
	put_uint(out + 17, durable_lsn); /* applied */
	put_uint(out + 25, (uint64_t)(wall_ns / SL_NS_PER_US - EPOCH_US));
	out[33] = 0;
}

/* ---- messages ---------------------------------------------------------------------- */

/* PostgreSQL has no NUL in a text; JSON of ours must not have one either. */
static void take_value(struct reader *reader)
{
	struct sl_slice value = take(reader, (uint32_t)take_uint(reader, 4));

	if (value.len > 0 && memchr(value.data, '\0', value.len) != NULL)
		reader->broken = true;
}

static struct col_pgoutput_row take_row(struct reader *reader)
{
	struct col_pgoutput_row row = {.columns = (uint16_t)take_uint(reader, 2)};
	const char *start = reader->left.data;

	if (row.columns > COL_PGOUTPUT_COLUMNS_MAX)
		reader->broken = true;
	for (uint16_t i = 0; i < row.columns && !reader->broken; i++) {
		char kind = take_char(reader);
		if (kind == COL_PGOUTPUT_TEXT)
			take_value(reader);
		else if (kind != COL_PGOUTPUT_NULL && kind != COL_PGOUTPUT_UNCHANGED)
			reader->broken = true;
	}
	row.values = (struct sl_slice){start, (size_t)(reader->left.data - start)};
	return row;
}

static void take_begin(struct reader *reader, struct col_pgoutput *out)
{
	out->u.begin.commit_lsn = take_uint(reader, 8);
	out->u.begin.time_ns = as_ns(take_uint(reader, 8));
	out->u.begin.xid = (uint32_t)take_uint(reader, 4);
}

static void take_commit(struct reader *reader, struct col_pgoutput *out)
{
	take(reader, 1); /* flags: none are defined */
	out->u.commit.commit_lsn = take_uint(reader, 8);
	out->u.commit.end_lsn = take_uint(reader, 8);
	take(reader, 8);
}

static void take_relation(struct reader *reader, struct col_pgoutput *out)
{
	struct col_pgoutput_relation *relation = &out->u.relation;

	relation->id = (uint32_t)take_uint(reader, 4);
	relation->schema = take_text(reader);
	relation->name = take_text(reader);
	relation->identity = take_char(reader);
	relation->columns = (uint16_t)take_uint(reader, 2);
	if (relation->columns > COL_PGOUTPUT_COLUMNS_MAX)
		reader->broken = true;
	const char *start = reader->left.data;
	for (uint16_t i = 0; i < relation->columns && !reader->broken; i++) {
		take(reader, 1);
		take_text(reader);
		take(reader, 8);
	}
	relation->packed = (struct sl_slice){start, (size_t)(reader->left.data - start)};
}

static void take_change(struct reader *reader, struct col_pgoutput *out)
{
	out->u.change.relation = (uint32_t)take_uint(reader, 4);
	char kind = take_char(reader);
	if (kind == 'K' || kind == 'O') {
		out->u.change.old_kind = kind;
		out->u.change.old = take_row(reader);
		if (out->kind == COL_PGOUTPUT_DELETE)
			return;
		kind = take_char(reader);
	}
	if (kind != 'N' || out->kind == COL_PGOUTPUT_DELETE ||
	    (out->kind == COL_PGOUTPUT_INSERT && out->u.change.old_kind != 0))
		reader->broken = true;
	out->u.change.new = take_row(reader);
}

static void take_truncate(struct reader *reader, struct col_pgoutput *out)
{
	uint64_t count = take_uint(reader, 4);
	unsigned char flags = (unsigned char)take_char(reader);

	out->u.truncate.count = (uint32_t)count;
	out->u.truncate.cascade = flags & 1;
	out->u.truncate.restart_identity = flags & 2;
	out->u.truncate.relations = take(reader, (size_t)count * 4);
}

int col_pgoutput_read(struct sl_slice bytes, struct col_pgoutput *out)
{
	struct reader reader = {bytes, false};
	char kind = take_char(&reader);

	memset(out, 0, sizeof(*out));
	out->kind = (enum col_pgoutput_kind)kind;
	switch (kind) {
	case COL_PGOUTPUT_BEGIN:
		take_begin(&reader, out);
		break;
	case COL_PGOUTPUT_COMMIT:
		take_commit(&reader, out);
		break;
	case COL_PGOUTPUT_RELATION:
		take_relation(&reader, out);
		break;
	case COL_PGOUTPUT_INSERT:
	case COL_PGOUTPUT_UPDATE:
	case COL_PGOUTPUT_DELETE:
		take_change(&reader, out);
		break;
	case COL_PGOUTPUT_TRUNCATE:
		take_truncate(&reader, out);
		break;
	case 'O': /* origin */
	case 'Y': /* type */
	case 'M': /* logical message */
		out->kind = COL_PGOUTPUT_OTHER;
		return reader.broken ? SL_EMALFORMED : 0;
	default:
		return SL_EMALFORMED;
	}
	return finish(&reader);
}

enum col_pgoutput_value_kind col_pgoutput_value(
    struct col_pgoutput_row *row, struct sl_slice *text)
{
	struct reader reader = {row->values, false};
	enum col_pgoutput_value_kind kind =
	    (enum col_pgoutput_value_kind)take_char(&reader);

	*text = (struct sl_slice){"", 0};
	if (kind == COL_PGOUTPUT_TEXT)
		*text = take(&reader, (uint32_t)take_uint(&reader, 4));
	row->values = reader.left;
	return kind;
}

struct col_pgoutput_column col_pgoutput_column(struct col_pgoutput_relation *relation)
{
	struct reader reader = {relation->packed, false};
	struct col_pgoutput_column column;

	column.key = take_char(&reader) & 1;
	column.name = take_text(&reader);
	column.type = (uint32_t)take_uint(&reader, 4);
	take(&reader, 4); /* type modifier */
	relation->packed = reader.left;
	return column;
}

uint32_t col_pgoutput_truncated(const struct col_pgoutput *message, uint32_t i)
{
	struct reader reader = {message->u.truncate.relations, false};

	take(&reader, (size_t)i * 4);
	return (uint32_t)take_uint(&reader, 4);
}
