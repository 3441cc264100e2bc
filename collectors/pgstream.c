/* SPDX-License-Identifier: Apache-2.0 */
#include "pgstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "log.h"
#include "pgconn.h"
#include "pgslot.h"

/*
 * Design notes.  One connection, one state at a time:
 *
 *	CONNECT  IDENTIFY  (attach)  LOOK  [GAP]  [DROP]  [CREATE  SNAPSHOT]  START STREAM
 *
 * Whatever fails closes the connection and begins at CONNECT after a pause.
 * A gap is journaled before the slot that lost something is dropped: who dies
 * in between says it twice, never not at all.  A slot is made only with its
 * snapshot, which lives until the next command on this connection.
 */

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000
#define FULL_MS      2   /* between two tries while the ring is full */
#define DETACHED_MS  100 /* the same while nobody takes anything out of it */
#define JOURNAL_MS   20  /* between two looks whether a gap is journaled */
#define STATUS_MS    500 /* between two reports of what is durable */

enum state {
	CONNECT,
	IDENTIFY,
	ATTACH,
	LOOK,
	GAP,
	DROP,
	CREATE,
	SNAPSHOT,
	START,
	STREAM
};

static const char *const state_names[] = {"connect", "identify", "attach", "look", "gap",
    "drop", "create", "snapshot", "start", "stream"};

struct col_pgstream {
	struct event_base *loop;
	const struct sl_config_collector *section;
	struct col_pgstream_user user;
	struct col_pgconn *conn;
	enum state state;
	bool attached;
	struct event *timer;  /* of CONNECT, GAP and a full ring */
	struct event *status; /* of STREAM */
	int64_t retry_ms;
	struct col_pgslot slot; /* as seen by LOOK */
	uint64_t received_lsn;
	char snapshot[64];
	char problem[512]; /* of the query under way; "" if none */
};

static void enter(struct col_pgstream *stream, enum state state);

static void after_ms(struct event *timer, int64_t ms)
{
	struct timeval after = sl_loop_ms(ms);

	event_add(timer, &after);
}

/* ---- failing
 * --------------------------------------------------------------------------- */

static void give_up(struct col_pgstream *stream, const char *reason)
{
	sl_log_warn("stream", "begins again state=%s slot=%s ms=%lld error=\"%s\"",
	    state_names[stream->state], stream->section->postgres.slot,
	    (long long)stream->retry_ms, reason);
	event_del(stream->status);
	col_pgconn_close(stream->conn);
	stream->conn = NULL;
	stream->state = CONNECT;
	after_ms(stream->timer, stream->retry_ms);
	stream->retry_ms =
	    stream->retry_ms * 2 < RETRY_MAX_MS ? stream->retry_ms * 2 : RETRY_MAX_MS;
}

static void on_lost(void *arg, const char *sqlstate, const char *reason)
{
	(void)sqlstate;
	give_up(arg, reason);
}

/* ---- queries of each state
 * --------------------------------------------------------------- */

static void start_streaming(struct col_pgstream *stream)
{
	const struct sl_config_postgres *postgres = &stream->section->postgres;
	uint64_t from = stream->user.change(stream->user.arg)->last.lsn;
	char sql[512];

	snprintf(sql, sizeof(sql),
	    "START_REPLICATION SLOT \"%s\" LOGICAL %X/%X (proto_version '1', "
	    "publication_names '\"%s\"')",
	    postgres->slot, (unsigned)(from >> 32), (unsigned)from,
	    postgres->publication);
	col_pgconn_query(stream->conn, sql);
}

static void query(struct col_pgstream *stream, const char *format)
{
	char sql[256];

	snprintf(sql, sizeof(sql), format, stream->section->postgres.slot);
	col_pgconn_query(stream->conn, sql);
}

/* Missing is a loss only if there was something before it. */
static void judge(struct col_pgstream *stream)
{
	const struct sl_config_postgres *postgres = &stream->section->postgres;
	struct col_pgchange *change = stream->user.change(stream->user.arg);
	const char *fault = col_pgslot_fault(&stream->slot, postgres->require_wal_cap);
	bool before = change->last.lsn > 0;

	if (fault != NULL)
		give_up(stream, fault);
	else if (stream->slot.exists && !stream->slot.lost)
		enter(stream, START);
	else if (before || stream->slot.lost)
		enter(stream, GAP);
	else
		enter(stream, CREATE);
}

static void write_gap(struct col_pgstream *stream)
{
	struct col_pgchange *change = stream->user.change(stream->user.arg);
	unsigned char position[SIGHTLINE_POSITION_BYTES] = {0};
	struct col_pgplace gap = {stream->slot.now_lsn, 0};
	const char *reason = stream->slot.exists
				 ? "the server dropped log that the slot still needed"
				 : "the slot does not exist any more";

	if (col_pgplace_after(gap, change->last)) {
		sl_log_error("stream", "changes are lost slot=%s reason=\"%s\"",
		    stream->section->postgres.slot, reason);
		col_pgchange_gap(change, stream->section->title, reason, gap.lsn);
	}
	sightline_journaled(col_core_collector(change->core), position);
	if (col_pgplace_after(gap, col_pgplace_unpack(position)))
		after_ms(stream->timer, JOURNAL_MS);
	else
		enter(stream, stream->slot.exists ? DROP : CREATE);
}

static void on_snapshot_done(void *arg)
{
	struct col_pgstream *stream = arg;

	/* The connection may have been lost meanwhile. */
	if (stream->state == SNAPSHOT)
		enter(stream, START);
}

static void enter(struct col_pgstream *stream, enum state state)
{
	sl_log_debug("stream", "state from=%s to=%s", state_names[stream->state],
	    state_names[state]);
	stream->state = state;
	stream->problem[0] = '\0';
	switch (state) {
	case IDENTIFY:
		query(stream, "IDENTIFY_SYSTEM");
		break;
	case ATTACH:
		if (stream->attached)
			enter(stream, LOOK);
		break;
	case LOOK:
		col_pgconn_query(stream->conn, col_pgslot_query(stream->section));
		break;
	case GAP:
		write_gap(stream);
		break;
	case DROP:
		query(stream, "DROP_REPLICATION_SLOT \"%s\"");
		break;
	case CREATE:
		query(stream, "CREATE_REPLICATION_SLOT \"%s\" LOGICAL pgoutput "
			      "(SNAPSHOT 'export')");
		break;
	case SNAPSHOT:
		col_pgquery_snapshot(stream->user.change(stream->user.arg)->queries,
		    stream->snapshot, on_snapshot_done, stream);
		break;
	case START:
		start_streaming(stream);
		break;
	case STREAM:
		sl_log_info("stream", "streaming slot=%s publication=%s",
		    stream->section->postgres.slot,
		    stream->section->postgres.publication);
		stream->retry_ms = RETRY_MIN_MS;
		col_pgchange_begin(stream->user.change(stream->user.arg));
		after_ms(stream->status, STATUS_MS);
		break;
	case CONNECT:
		break;
	}
}

/* ---- answers
 * ------------------------------------------------------------------------------ */

static void take_rows(struct col_pgstream *stream, const struct col_pgconn_result *result)
{
	const char *system = col_pgconn_value(result, 0, 0);
	const char *second = col_pgconn_value(result, 0, 1);
	const char *third = col_pgconn_value(result, 0, 2);

	if (stream->state == IDENTIFY && system != NULL && second != NULL)
		stream->user.identified(stream->user.arg,
		    col_pgplace_line(system, second, stream->section->postgres.slot));
	if (stream->state == LOOK)
		col_pgslot_read(&stream->slot, result);
	if (stream->state == CREATE && second != NULL && third != NULL) {
		snprintf(stream->snapshot, sizeof(stream->snapshot), "%s", third);
		sl_log_info("stream", "slot made slot=%s consistent_point=%s",
		    stream->section->postgres.slot, second);
	}
}

static void on_result(void *arg, const struct col_pgconn_result *result)
{
	struct col_pgstream *stream = arg;

	if (result != NULL) {
		const char *error = col_pgconn_error(result);
		if (error != NULL)
			snprintf(stream->problem, sizeof(stream->problem), "%s", error);
		else if (col_pgconn_copying(result))
			enter(stream, STREAM);
		else if (col_pgconn_rows(result) > 0)
			take_rows(stream, result);
		return;
	}
	if (stream->problem[0] != '\0') {
		give_up(stream, stream->problem);
		return;
	}
	switch (stream->state) {
	case IDENTIFY:
		enter(stream, ATTACH);
		break;
	case LOOK:
		judge(stream);
		break;
	case DROP:
		enter(stream, CREATE);
		break;
	case CREATE:
		enter(stream, SNAPSHOT);
		break;
	default:
		give_up(stream, "the server has ended the stream");
	}
}

static void on_ready(void *arg)
{
	enter(arg, IDENTIFY);
}

/* ---- the stream
 * ----------------------------------------------------------------------------- */

static void send_status(struct col_pgstream *stream)
{
	unsigned char message[COL_PGOUTPUT_STATUS_BYTES];
	uint64_t confirmed =
	    col_pgchange_confirmed(stream->user.change(stream->user.arg));

	if (stream->received_lsn < confirmed)
		stream->received_lsn = confirmed;
	col_pgoutput_status(stream->received_lsn, confirmed, sl_clock_wall_ns(), message);
	col_pgconn_send(stream->conn, message, sizeof(message));
}

static bool on_data(void *arg, struct sl_slice bytes)
{
	struct col_pgstream *stream = arg;
	struct col_pgchange *change = stream->user.change(stream->user.arg);
	struct col_pgoutput_frame frame;
	int rc = col_pgoutput_frame_read(bytes, &frame);

	if (rc == 0 && frame.kind == COL_PGOUTPUT_DATA)
		rc = col_pgchange_take(change, frame.message);
	if (rc == SL_EAGAIN) {
		after_ms(stream->timer,
		    col_core_attached(change->core) ? FULL_MS : DETACHED_MS);
		return false;
	}
	if (rc != 0) {
		give_up(stream, "the server sent something that is not pgoutput's");
		return true;
	}
	if (frame.end_lsn > stream->received_lsn)
		stream->received_lsn = frame.end_lsn;
	if (frame.kind == COL_PGOUTPUT_KEEPALIVE) {
		if (!change->in_transaction) {
			col_pgchange_confirmed(change);
			col_pgplace_idle(&change->pending, frame.end_lsn);
		}
		if (frame.reply)
			send_status(stream);
	}
	return true;
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
	struct col_pgstream *stream = arg;

	(void)fd;
	(void)what;
	if (stream->state != STREAM)
		return;
	send_status(stream);
	after_ms(stream->status, STATUS_MS);
}

/* ---- life cycle
 * ------------------------------------------------------------------------------- */

static void connect_now(struct col_pgstream *stream)
{
	static const struct col_pgconn_setting settings[] = {{"replication", "database"},
	    {"fallback_application_name", "sightline"}, {NULL, NULL}};
	const struct col_pgconn_user user = {.ready = on_ready,
	    .result = on_result,
	    .data = on_data,
	    .lost = on_lost,
	    .arg = stream};

	stream->conn = col_pgconn_open(
	    stream->loop, stream->section->postgres.conninfo, settings, &user);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct col_pgstream *stream = arg;

	(void)fd;
	(void)what;
	if (stream->state == CONNECT)
		connect_now(stream);
	else if (stream->state == GAP)
		write_gap(stream);
	else if (stream->state == STREAM)
		col_pgconn_resume(stream->conn);
}

struct col_pgstream *col_pgstream_open(struct event_base *loop,
    const struct sl_config_collector *section, const struct col_pgstream_user *user)
{
	struct col_pgstream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		abort();
	stream->loop = loop;
	stream->section = section;
	stream->user = *user;
	stream->retry_ms = RETRY_MIN_MS;
	stream->timer = evtimer_new(loop, on_timer, stream);
	stream->status = evtimer_new(loop, on_status, stream);
	if (stream->timer == NULL || stream->status == NULL)
		abort();
	connect_now(stream);
	return stream;
}

void col_pgstream_close(struct col_pgstream *stream)
{
	if (stream == NULL)
		return;
	col_pgconn_close(stream->conn);
	event_free(stream->timer);
	event_free(stream->status);
	free(stream);
}

void col_pgstream_go(struct col_pgstream *stream)
{
	stream->attached = true;
	if (stream->state == ATTACH)
		enter(stream, LOOK);
}

bool col_pgstream_streaming(const struct col_pgstream *stream)
{
	return stream->state == STREAM;
}
