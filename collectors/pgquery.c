/* SPDX-License-Identifier: Apache-2.0 */
#include "pgquery.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "pgtable.h"
#include "pgvisible.h"

/*
 * Design notes.  A query is due when its tables have been quiet for debounce,
 * at the latest floor after the first change, never less than floor after its
 * last run, and ceiling after that in any case.  What changes while it runs
 * makes it due again.  A run whose snapshot does not yet contain what the
 * stream has shown (pgvisible.h) counts, but is repeated.
 */

struct query {
	const struct sl_config_query *config;
	bool dirty;
	int64_t first_change_ns, last_change_ns;
	int64_t last_run_ns; /* its start; 0: never */
	bool defined;
	uint32_t handle;
};

struct col_pgqueries {
	struct col_core *core;
	struct col_pgsession *session;
	struct query *query;
	size_t count;
	struct col_pgvisible visible;
	uint64_t failures;
	struct sl_buf sql;

	/* the run under way */
	struct query *running;
	size_t noted; /* transactions at its start */
	bool visible_all;
	bool has_value;
	double value;
	int results;

	/* all of them in an exported snapshot */
	char snapshot[64];
	size_t snapshot_at;
	void (*done)(void *arg);
	void *done_arg;
};

struct col_pgqueries *col_pgquery_new(
    struct col_core *core, struct col_pgsession *session)
{
	const struct sl_config_collector *section = col_core_section(core);
	struct col_pgqueries *queries = calloc(1, sizeof(*queries));

	if (queries == NULL)
		abort();
	queries->core = core;
	queries->session = session;
	queries->count = section->query_count;
	queries->query = calloc(queries->count + 1, sizeof(*queries->query));
	if (queries->query == NULL)
		abort();
	for (size_t i = 0; i < queries->count; i++) {
		queries->query[i].config = &section->query[i];
		queries->query[i].dirty = true;
	}
	return queries;
}

void col_pgquery_free(struct col_pgqueries *queries)
{
	if (queries == NULL)
		return;
	sl_buf_clear(&queries->sql);
	free(queries->query);
	free(queries);
}

void col_pgquery_changed(
    struct col_pgqueries *queries, uint64_t mask, uint32_t xid, int64_t now_ns)
{
	if (mask == 0)
		return;
	col_pgvisible_note(&queries->visible, xid);
	for (size_t i = 0; i < queries->count; i++) {
		struct query *query = &queries->query[i];
		if (!(mask >> i & 1))
			continue;
		if (!query->dirty)
			query->first_change_ns = now_ns;
		query->dirty = true;
		query->last_change_ns = now_ns;
	}
}

static int64_t due_ns(const struct query *query)
{
	const struct sl_config_query *config = query->config;
	int64_t floor_ns = config->floor_ms * SL_NS_PER_MS;
	int64_t due = query->last_run_ns + config->ceiling_ms * SL_NS_PER_MS;

	if (query->last_run_ns == 0)
		return 0;
	if (query->dirty) {
		int64_t quiet =
		    query->last_change_ns + config->debounce_ms * SL_NS_PER_MS;
		int64_t latest = query->first_change_ns + floor_ns;
		int64_t wanted = quiet < latest ? quiet : latest;
		int64_t earliest = query->last_run_ns + floor_ns;
		if (wanted < earliest)
			wanted = earliest;
		if (wanted < due)
			due = wanted;
	}
	return due;
}

/* ---- one run --------------------------------------------------------------------------
 */

static bool read_number(const char *text, double *value)
{
	char *end;

	if (text == NULL)
		return false;
	if (strcmp(text, "t") == 0 || strcmp(text, "f") == 0) {
		*value = text[0] == 't';
		return true;
	}
	*value = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*value);
}

/* The second result with rows is the answer; the first is the snapshot. */
static void on_rows(struct col_pgqueries *queries, const struct col_pgconn_result *result)
{
	const char *text = col_pgconn_value(result, 0, 0);

	if (queries->results++ == 0)
		queries->visible_all =
		    text != NULL && col_pgvisible_check(&queries->visible, text) == 1;
	else if (queries->results == 2)
		queries->has_value = col_pgconn_rows(result) == 1 &&
				     col_pgconn_columns(result) == 1 &&
				     read_number(text, &queries->value);
}

static void push_value(struct col_pgqueries *queries, struct query *query)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

	if (!query->defined && col_core_gauge(queries->core, query->config->title, NULL,
				   NULL, 0, &query->handle) != 0)
		return;
	query->defined = true;
	col_core_push(queries->core, query->handle, queries->value, &tick);
	col_core_flush(queries->core);
}

static void snapshot_next(struct col_pgqueries *queries);

static void on_result(void *arg, const struct col_pgconn_result *result, bool failed)
{
	struct col_pgqueries *queries = arg;
	struct query *query = queries->running;

	if (result != NULL) {
		if (col_pgconn_columns(result) > 0)
			on_rows(queries, result);
		return;
	}
	queries->running = NULL;
	if (!failed && queries->has_value)
		push_value(queries, query);
	else if (!failed)
		sl_log_warn(
		    "query", "does not give one number metric=%s", query->config->title);
	if (failed || !queries->has_value)
		queries->failures++;
	if (queries->done != NULL) {
		/* What came after the snapshot is still to be asked for. */
		query->dirty = true;
		snapshot_next(queries);
	} else if (failed || !queries->visible_all) {
		query->dirty = true;
	} else if (queries->noted == queries->visible.count) {
		queries->visible.count = 0;
	}
}

static void run(struct col_pgqueries *queries, struct query *query)
{
	queries->running = query;
	queries->noted = queries->visible.count;
	queries->results = 0;
	queries->has_value = queries->visible_all = false;
	query->dirty = false;
	query->last_run_ns = sl_clock_mono_ns();
	/* A change that comes from now on counts from its own time. */
	query->first_change_ns = query->last_change_ns = query->last_run_ns;
	sl_buf_reset(&queries->sql);
	sl_buf_adds(&queries->sql, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;");
	if (queries->done != NULL)
		sl_buf_addf(
		    &queries->sql, "SET TRANSACTION SNAPSHOT '%s';", queries->snapshot);
	sl_buf_addf(&queries->sql, "SELECT pg_current_snapshot()::text;%s\n;COMMIT",
	    query->config->sql);
	col_pgsession_run(queries->session, query->config->title,
	    sl_buf_text(&queries->sql), on_result, queries);
}

int64_t col_pgquery_run(struct col_pgqueries *queries, int64_t now_ns)
{
	int64_t next = INT64_MAX;

	if (queries->done != NULL || !col_pgsession_idle(queries->session))
		return INT64_MAX;
	for (size_t i = 0; i < queries->count; i++) {
		int64_t due = due_ns(&queries->query[i]);
		if (due <= now_ns) {
			run(queries, &queries->query[i]);
			return INT64_MAX;
		}
		if (due < next)
			next = due;
	}
	return next;
}

/* ---- all in one snapshot
 * --------------------------------------------------------------- */

static void snapshot_next(struct col_pgqueries *queries)
{
	if (queries->snapshot_at < queries->count &&
	    col_pgsession_idle(queries->session)) {
		run(queries, &queries->query[queries->snapshot_at++]);
		return;
	}
	void (*done)(void *arg) = queries->done;
	queries->done = NULL;
	done(queries->done_arg);
}

void col_pgquery_snapshot(struct col_pgqueries *queries, const char *snapshot,
    void (*done)(void *arg), void *arg)
{
	snprintf(queries->snapshot, sizeof(queries->snapshot), "%.*s",
	    (int)strspn(snapshot, "0123456789ABCDEFabcdef-"), snapshot);
	queries->snapshot_at = 0;
	queries->done = done;
	queries->done_arg = arg;
	/* A run under way goes on with the snapshot when it ends. */
	if (queries->running == NULL)
		snapshot_next(queries);
}

uint64_t col_pgquery_failures(const struct col_pgqueries *queries)
{
	return queries->failures;
}
