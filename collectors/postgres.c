/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "core.h"
#include "log.h"
#include "pgchange.h"
#include "pgcheck.h"
#include "pgfigures.h"
#include "pgquery.h"
#include "pgsession.h"
#include "pgslot.h"
#include "pgstream.h"
#include "source.h"

/*
 * Design notes.  Two connections: the stream of changes, and a session for
 * queries.  The source can be attached only once the stream has told which
 * cluster this is (the line of its positions), and nothing is streamed before
 * an aggregator has said how far it has come.  From then on both run by
 * themselves; a cluster that is another one after a reconnect ends the
 * process, so that it begins anew.
 */

#define FIGURES_MS 1000
#define LOOK_MS    10 /* between two looks for queries that have become due */

struct postgres {
	struct sl_process *process;
	const struct sl_config_collector *section;
	struct col_core *core; /* NULL until the cluster is known */
	uint64_t line;
	struct col_pgsession *session;
	struct col_pgqueries *queries;
	struct col_pgstream *stream;
	struct col_pgchange change;
	struct col_pgslot slot; /* as last seen */
	int64_t slot_due_ns;
	bool going;
	struct event *due;            /* the next query */
	struct event *figures;        /* every second */
	char *file[COL_PGCONN_FILES]; /* that the connection needs */
	size_t file_count;
};

/* ---- queries -------------------------------------------------------------------------
 */

static void on_slot(void *arg, const struct col_pgconn_result *result, bool failed)
{
	struct postgres *postgres = arg;

	if (result != NULL)
		col_pgslot_read(&postgres->slot, result);
	else if (failed)
		postgres->slot.lag_bytes = postgres->slot.safe_bytes = NAN;
}

/* Starts what is due, else comes again when the next is. */
static void run_due(struct postgres *postgres)
{
	int64_t now_ns = sl_clock_mono_ns();
	int64_t next_ns;

	if (postgres->core == NULL)
		return;
	if (now_ns >= postgres->slot_due_ns && col_pgsession_idle(postgres->session)) {
		postgres->slot_due_ns =
		    now_ns + postgres->section->postgres.watch_interval_ms * SL_NS_PER_MS;
		col_pgsession_run(postgres->session, "slot",
		    col_pgslot_query(postgres->section), on_slot, postgres);
		return;
	}
	next_ns = col_pgquery_run(postgres->queries, now_ns);
	if (next_ns > postgres->slot_due_ns)
		next_ns = postgres->slot_due_ns;
	/* No longer, as a change makes a query due earlier. */
	int64_t wait_ms = (next_ns - now_ns) / SL_NS_PER_MS + 1;
	struct timeval after = sl_loop_ms(wait_ms < 1         ? 1
					  : wait_ms > LOOK_MS ? LOOK_MS
							      : wait_ms);
	event_add(postgres->due, &after);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_due(arg);
}

static void on_idle(void *arg)
{
	run_due(arg);
}

static void on_figures(evutil_socket_t fd, short what, void *arg)
{
	struct postgres *postgres = arg;

	(void)fd;
	(void)what;
	if (postgres->core != NULL)
		col_pgfigures_push(&postgres->change, &postgres->slot,
		    col_pgstream_streaming(postgres->stream));
}

/* ---- the stream
 * ------------------------------------------------------------------------ */

static void on_attach(void *arg)
{
	struct postgres *postgres = arg;
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	if (postgres->going)
		return;
	postgres->going = true;
	if (sightline_journaled(col_core_collector(postgres->core), position) == 1)
		postgres->change.last = col_pgplace_unpack(position);
	col_pgstream_go(postgres->stream);
}

static void on_identified(void *arg, uint64_t line)
{
	struct postgres *postgres = arg;

	if (postgres->core != NULL && line != postgres->line) {
		sl_log_error("stream",
		    "this is another cluster, or one restored from a backup: ending, to "
		    "begin anew");
		sl_process_end(postgres->process, EX_TEMPFAIL);
	}
	if (postgres->core != NULL)
		return;
	postgres->line = line;
	int code = col_core_open_line(postgres->process, postgres->section->title,
	    "postgres", true, line, &postgres->core);
	if (code != EX_OK) {
		sl_process_end(postgres->process, code);
		return;
	}
	postgres->queries = col_pgquery_new(postgres->core, postgres->session);
	postgres->change.core = postgres->core;
	postgres->change.queries = postgres->queries;
	col_core_on_attach(postgres->core, on_attach, postgres);
	if (col_core_attached(postgres->core))
		on_attach(postgres);
	run_due(postgres);
}

static struct col_pgchange *get_change(void *arg)
{
	struct postgres *postgres = arg;

	return &postgres->change;
}

/* ---- life cycle
 * -------------------------------------------------------------------------- */

static int start(struct sl_process *process)
{
	struct postgres *postgres = process->state;
	const char *name = col_source_name(process);
	int code = col_core_check(process, name, "postgres", true);

	if (code != EX_OK)
		return code;
	postgres->process = process;
	postgres->section = col_source_section(process);
	code = col_pgcheck_section(process, postgres->section);
	if (code != EX_OK)
		return code;
	postgres->change.tables.section = postgres->section;
	postgres->change.value_max = (size_t)postgres->section->postgres.value_bytes_max;
	postgres->slot.lag_bytes = postgres->slot.safe_bytes = NAN;
	postgres->due = evtimer_new(process->loop, on_due, postgres);
	postgres->figures =
	    event_new(process->loop, -1, EV_PERSIST, on_figures, postgres);
	struct timeval every = sl_loop_ms(FIGURES_MS);
	if (postgres->due == NULL || postgres->figures == NULL ||
	    event_add(postgres->figures, &every) != 0)
		return EX_OSERR;
	const struct sl_config_postgres *options = &postgres->section->postgres;
	postgres->session = col_pgsession_open(process->loop, options->conninfo,
	    options->query_timeout_ms, on_idle, postgres);
	const struct col_pgstream_user user = {
	    .identified = on_identified, .change = get_change, .arg = postgres};
	postgres->stream = col_pgstream_open(process->loop, postgres->section, &user);
	return EX_OK;
}

/* Everything that holds on to the section, as a reload brings another one. */
static void shut(struct postgres *postgres)
{
	col_pgstream_close(postgres->stream);
	col_pgsession_close(postgres->session);
	col_pgquery_free(postgres->queries);
	if (postgres->due != NULL)
		event_free(postgres->due);
	if (postgres->figures != NULL)
		event_free(postgres->figures);
	col_pgchange_clear(&postgres->change);
	col_core_close(postgres->core);
	for (size_t i = 0; i < postgres->file_count; i++)
		free(postgres->file[i]);
	*postgres = (struct postgres){.process = postgres->process};
}

/*
 * The options decide which rows become which events: a start anew, at the place
 * that is journaled, is the clean way to others.
 */
static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	(void)old_config;
	(void)old_catalog;
	sl_log_info("config", "ending, to be started with the new configuration");
	shut(process->state);
	sl_process_end(process, EX_TEMPFAIL);
}

static void stop(struct sl_process *process)
{
	shut(process->state);
}

static void keep_file(void *arg, const char *path)
{
	struct postgres *postgres = arg;

	if (postgres->file_count < COL_PGCONN_FILES)
		postgres->file[postgres->file_count++] = strdup(path);
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	struct postgres *postgres = process->state;
	const struct sl_config_collector *section = col_source_section(process);

	out->grants = SL_CONFINE_INET_CONNECT;
	/* Names of hosts and users, certificates. */
	sl_confine_path(out, "/etc", false);
	sl_confine_path(out, process->paths.run, true);
	if (section != NULL)
		col_pgconn_visit_files(section->postgres.conninfo, keep_file, postgres);
	for (size_t i = 0; i < postgres->file_count; i++)
		sl_confine_path(out, postgres->file[i], false);
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("postgres"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-postgres",
	    .prose = "Follows the tables of a PostgreSQL database.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "postgres",
    .user = col_source_user,
    .confine = confine,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int col_postgres_main(int argc, char **argv)
{
	struct postgres postgres = {0};

	return sl_process_run(&spec, argc, argv, &postgres);
}
