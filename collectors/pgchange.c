/* SPDX-License-Identifier: Apache-2.0 */
#include "pgchange.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "json_out.h"
#include "log.h"
#include "pgevent.h"

/*
 * Design notes.  Protocol 1 sends a transaction when it has committed, so each
 * change can go into the ring at once and none is kept here, however large the
 * transaction.  A change's place is (commit LSN, number in the transaction),
 * counted over all changes, whether or not an event is made of them: a repeated
 * transaction gives the same places, and what is not after change->last has
 * been written before.
 */

static void refuse(struct col_pgchange *change, const char *table, const char *error)
{
	change->refused++;
	if (!change->refused_logged)
		sl_log_warn("event",
		    "cannot be written, counted from now on table=%s error=\"%s\"", table,
		    error);
	change->refused_logged = true;
}

/* The server's clock may be ahead of ours, and what comes from the future is refused. */
static int64_t event_time_ns(const struct col_pgchange *change)
{
	int64_t now_ns = sl_clock_wall_ns();

	return change->time_ns <= 0 || change->time_ns > now_ns ? now_ns
								: change->time_ns;
}

static int push(struct col_pgchange *change, const char *type, struct col_pgplace place,
    const char *table)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	col_pgplace_pack(place, position);
	struct sightline_event event = {.type = type,
	    .time_ns = event_time_ns(change),
	    .position = position,
	    .payload = change->payload.data,
	    .payload_bytes = change->payload.len};
	int rc = sightline_push_event(col_core_collector(change->core), &event, 0);
	if (rc == SIGHTLINE_EFULL)
		return SL_EAGAIN;
	if (rc != 0) {
		refuse(change, table, sightline_strerror(rc));
		return 0;
	}
	change->last = place;
	change->events++;
	return 0;
}

static struct col_pgplace next_place(const struct col_pgchange *change, uint64_t ahead)
{
	return (struct col_pgplace){change->commit_lsn, change->index + ahead};
}

static int take_row(struct col_pgchange *change, const struct col_pgoutput *message)
{
	const struct col_pgtable *table =
	    col_pgtable_find(&change->tables, message->u.change.relation);
	struct col_pgplace place = next_place(change, 1);
	int rc = 0;

	if (table != NULL && table->config != NULL) {
		if (!col_pgplace_after(place, change->last)) {
			change->repeated++;
		} else {
			const char *type = col_pgevent_change(
			    table, message, change->value_max, &change->payload);
			if (type != NULL)
				rc = push(change, type, place, table->name);
		}
	}
	if (rc != 0)
		return rc;
	change->queries_hit |=
	    table != NULL ? table->queries : col_pgtable_any(change->tables.section);
	change->index++;
	change->changes++;
	return 0;
}

static int take_truncate(struct col_pgchange *change, const struct col_pgoutput *message)
{
	for (uint32_t i = 0; i < message->u.truncate.count; i++) {
		const struct col_pgtable *table =
		    col_pgtable_find(&change->tables, col_pgoutput_truncated(message, i));
		struct col_pgplace place = next_place(change, i + 1);
		change->queries_hit |= table != NULL
					   ? table->queries
					   : col_pgtable_any(change->tables.section);
		/* Also where only the second of two tables found the ring full. */
		if (table == NULL || !col_pgplace_after(place, change->last))
			continue;
		const char *type = col_pgevent_truncate(table, message, &change->payload);
		if (type != NULL && push(change, type, place, table->name) != 0)
			return SL_EAGAIN;
	}
	change->index += message->u.truncate.count;
	change->changes++;
	return 0;
}

static int take_begin(struct col_pgchange *change, const struct col_pgoutput *message)
{
	if (change->in_transaction)
		return SL_EMALFORMED;
	change->in_transaction = true;
	change->commit_lsn = message->u.begin.commit_lsn;
	change->time_ns = message->u.begin.time_ns;
	change->xid = message->u.begin.xid;
	change->index = 0;
	change->queries_hit = 0;
	return 0;
}

static int take_commit(struct col_pgchange *change, const struct col_pgoutput *message)
{
	if (!change->in_transaction)
		return SL_EMALFORMED;
	change->in_transaction = false;
	col_pgplace_add(&change->pending, change->last, message->u.commit.end_lsn);
	col_pgquery_changed(
	    change->queries, change->queries_hit, change->xid, sl_clock_mono_ns());
	return 0;
}

int col_pgchange_take(struct col_pgchange *change, struct sl_slice bytes)
{
	struct col_pgoutput message;
	int rc = col_pgoutput_read(bytes, &message);

	if (rc != 0)
		return rc;
	switch (message.kind) {
	case COL_PGOUTPUT_BEGIN:
		return take_begin(change, &message);
	case COL_PGOUTPUT_COMMIT:
		return take_commit(change, &message);
	case COL_PGOUTPUT_RELATION:
		col_pgtable_learn(&change->tables, &message.u.relation);
		return 0;
	case COL_PGOUTPUT_INSERT:
	case COL_PGOUTPUT_UPDATE:
	case COL_PGOUTPUT_DELETE:
		return change->in_transaction ? take_row(change, &message)
					      : SL_EMALFORMED;
	case COL_PGOUTPUT_TRUNCATE:
		return change->in_transaction ? take_truncate(change, &message)
					      : SL_EMALFORMED;
	case COL_PGOUTPUT_OTHER:
		return 0;
	}
	return SL_EMALFORMED;
}

static void add_lsn(struct sl_json_out *json, const char *key, uint64_t lsn)
{
	char text[32];

	snprintf(text, sizeof(text), "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn);
	sl_json_out_key(json, key);
	sl_json_out_text(json, text);
}

int col_pgchange_gap(
    struct col_pgchange *change, const char *source, const char *reason, uint64_t lsn)
{
	struct sl_json_out json;

	sl_buf_reset(&change->payload);
	sl_json_out_init(&json, &change->payload);
	sl_json_out_object_begin(&json);
	sl_json_out_key(&json, "source");
	sl_json_out_text(&json, source);
	sl_json_out_key(&json, "reason");
	sl_json_out_text(&json, reason);
	add_lsn(&json, "from", change->last.lsn);
	add_lsn(&json, "to", lsn);
	sl_json_out_object_end(&json);
	change->time_ns = 0;
	return push(
	    change, "system.source_gap", (struct col_pgplace){lsn, 0}, "all tables");
}

void col_pgchange_begin(struct col_pgchange *change)
{
	change->in_transaction = false;
}

uint64_t col_pgchange_confirmed(struct col_pgchange *change)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES] = {0};

	sightline_durable(col_core_collector(change->core), position);
	col_pgplace_durable(&change->pending, col_pgplace_unpack(position));
	return change->pending.confirmed_lsn;
}

void col_pgchange_clear(struct col_pgchange *change)
{
	sl_buf_clear(&change->payload);
	col_pgtable_clear(&change->tables);
}
