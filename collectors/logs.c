/* SPDX-License-Identifier: Apache-2.0 */
#include "logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "core.h"
#include "crypto.h"
#include "json_out.h"
#include "log.h"
#include "loggrant.h"
#include "logjournal.h"
#include "logread.h"
#include "logrules.h"
#include "source.h"

/*
 * Design notes.  Nothing is read before an aggregator has said how far it has
 * come.  From then on there is one turn of reading at a time: when the kernel
 * tells of a change, at each poll, at once while there is more, and soon again
 * while the ring is full.
 */

#define FIGURES_MS 1000
#define BLOCKED_MS 20
#define NOTIFY_MS  5    /* between two turns that the kernel asked for */
#define FLUSH_MS   1000 /* that the end waits for the ring to be emptied */

struct logs {
	struct sl_process *process;
	const char *name;
	const struct sl_config_collector *section;
	struct col_core *core;
	struct col_logkeep keep;
	struct col_logstate state;
	struct col_logrules rules;
	struct col_logcount count;
	struct col_logfollow follow;
	struct col_logfigures figures;
	struct col_logread read;
	struct col_logjournal **journal;
	size_t journal_count;
	bool going; /* the aggregator has said how far it has come */
	bool blocked;
	int64_t turned_ns;
	struct event *turn, *poll, *figures_timer;
	struct col_loggrants grants;
};

/* ---- turns ----------------------------------------------------------------------------
 */

static void come_again(struct logs *logs, int64_t ms)
{
	struct timeval after = sl_loop_ms(ms);

	event_add(logs->turn, &after);
}

static bool first_is_in(const struct logs *logs, size_t journal)
{
	return logs->read.first != UINT32_MAX &&
	       col_logjournal_has(logs->journal[journal], logs->read.first);
}

/* What is worse wins: blocked, more, idle. */
static enum col_logread_result worse(enum col_logread_result a, enum col_logread_result b)
{
	return a == COL_LOGREAD_BLOCKED || b == COL_LOGREAD_IDLE ? a : b;
}

/* The file, or journal, that was being read when it ended goes before all others. */
static enum col_logread_result read_all(struct logs *logs)
{
	enum col_logread_result result = COL_LOGREAD_IDLE;

	for (size_t i = 0; i < logs->journal_count; i++)
		if (first_is_in(logs, i)) {
			result = col_logjournal_turn(logs->journal[i]);
			if (result == COL_LOGREAD_BLOCKED)
				return result;
			logs->read.first = UINT32_MAX;
		}
	result = worse(col_logread_turn(&logs->read), result);
	if (logs->read.first != UINT32_MAX)
		return result;
	for (size_t i = 0; i < logs->journal_count; i++)
		result = worse(result, col_logjournal_turn(logs->journal[i]));
	return result;
}

static void turn(struct logs *logs)
{
	if (!logs->going)
		return;
	enum col_logread_result result = read_all(logs);
	logs->turned_ns = sl_clock_mono_ns();
	logs->blocked = result == COL_LOGREAD_BLOCKED;
	if (result == COL_LOGREAD_MORE)
		come_again(logs, 0);
	else if (logs->blocked)
		come_again(logs, BLOCKED_MS);
	col_logkeep_renew(&logs->keep, &logs->state, false);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg);
}

static void scan(struct logs *logs)
{
	if (logs->going)
		col_logfollow_scan(&logs->follow, sl_clock_mono_ns());
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct logs *logs = arg;

	(void)fd;
	(void)what;
	scan(logs);
	if (!logs->blocked)
		turn(logs);
}

/* Many small writes become one turn. */
static void on_notify(void *arg, bool folder)
{
	struct logs *logs = arg;
	int64_t passed_ms = (sl_clock_mono_ns() - logs->turned_ns) / SL_NS_PER_MS;

	if (folder)
		scan(logs);
	if (logs->blocked)
		return;
	if (passed_ms >= NOTIFY_MS)
		turn(logs);
	else if (!event_pending(logs->turn, EV_TIMEOUT, NULL))
		come_again(logs, NOTIFY_MS - passed_ms);
}

static void on_journal(void *arg)
{
	struct logs *logs = arg;

	if (!logs->blocked)
		turn(logs);
}

/* ---- what is said about it
 * -------------------------------------------------------------- */

static void on_figures(evutil_socket_t fd, short what, void *arg)
{
	struct logs *logs = arg;
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

	(void)fd;
	(void)what;
	if (!logs->going)
		return;
	logs->figures.files = logs->follow.file_count;
	logs->figures.unreadable = logs->follow.complaints.total;
	logs->figures.truncated = logs->follow.truncated;
	logs->figures.gaps = logs->follow.gaps;
	logs->figures.series_refused = logs->count.refused;
	col_logfigures_push(&logs->figures, logs->core, &tick);
	col_logcount_push(&logs->count, &logs->state, logs->core, &tick);
	col_core_flush(logs->core);
}

static void on_gap(void *arg, const char *path, const char *reason)
{
	struct logs *logs = arg;
	struct sl_json_out json;
	struct sl_buf payload = {0};

	sl_json_out_init(&json, &payload);
	sl_json_out_object_begin(&json);
	sl_json_out_key(&json, "source");
	sl_json_out_text(&json, logs->name);
	sl_json_out_key(&json, "reason");
	sl_json_out_text(&json, reason);
	sl_json_out_key(&json, "from");
	sl_json_out_text(&json, path);
	sl_json_out_object_end(&json);
	sightline_push_event(col_core_collector(logs->core),
	    &(struct sightline_event){.type = "system.source_gap",
		.payload = payload.data,
		.payload_bytes = payload.len},
	    0);
	sl_buf_clear(&payload);
}

/* ---- start
 * -------------------------------------------------------------------------------- */

static void open_journals(struct logs *logs)
{
	const struct sl_config_collector *section = logs->section;

	logs->journal =
	    calloc(section->log_journal_count + 1, sizeof(struct col_logjournal *));
	if (logs->journal == NULL)
		abort();
	for (size_t i = 0; i < section->log_journal_count; i++) {
		struct col_logjournal *journal = col_logjournal_open(&logs->read,
		    &section->log_journal[i], section->log_file_count + i,
		    logs->process->loop, on_journal, logs);

		if (journal != NULL)
			logs->journal[logs->journal_count++] = journal;
	}
}

/* The aggregator says how far it has come: from there it goes on. */
static void on_attach(void *arg)
{
	struct logs *logs = arg;
	unsigned char position[SIGHTLINE_POSITION_BYTES];
	uint64_t chunk = 0, last = 0;

	if (logs->going)
		return;
	logs->going = true;
	if (sightline_journaled(col_core_collector(logs->core), position) == 1)
		col_logread_unpack(position, &chunk, &last);
	logs->read.first = col_logstate_resume(&logs->state, chunk, last);
	col_logcount_restore(&logs->count, &logs->state, logs->rules.rule,
	    logs->rules.count, (size_t)logs->section->logs.count_series_max);
	col_logfollow_resume(&logs->follow);
	col_logfollow_scan(&logs->follow, sl_clock_mono_ns());
	open_journals(logs);
	col_logkeep_renew(&logs->keep, &logs->state, true);
	turn(logs);
}

static void on_service(void *arg)
{
	struct logs *logs = arg;

	if (!logs->going)
		return;
	col_logread_done(&logs->read);
	if (logs->blocked)
		turn(logs);
}

static int state_path(const struct logs *logs, char out[SL_PATHS_MAX])
{
	const char *option = logs->section->logs.state_file;
	char name[SL_PATHS_MAX];

	snprintf(name, sizeof(name), "data/log-%s/state", logs->name);
	return sl_paths_resolve(
	    &logs->process->paths, *option != '\0' ? option : name, out);
}

static int open_state(struct logs *logs)
{
	char path[SL_PATHS_MAX];

	if (state_path(logs, path) != 0 ||
	    col_logkeep_open(&logs->keep, path, &logs->state, &logs->follow.fresh) != 0)
		return EX_CANTCREAT;
	return EX_OK;
}

static int start_timers(struct logs *logs)
{
	struct event_base *loop = logs->process->loop;
	struct timeval poll = sl_loop_ms(logs->section->logs.poll_interval_ms);
	struct timeval figures = sl_loop_ms(FIGURES_MS);

	logs->turn = evtimer_new(loop, on_turn, logs);
	logs->poll = event_new(loop, -1, EV_PERSIST, on_poll, logs);
	logs->figures_timer = event_new(loop, -1, EV_PERSIST, on_figures, logs);
	if (logs->turn == NULL || logs->poll == NULL || logs->figures_timer == NULL ||
	    event_add(logs->poll, &poll) != 0 ||
	    event_add(logs->figures_timer, &figures) != 0)
		return EX_OSERR;
	if (logs->section->logs.notify)
		logs->follow.watch = col_logwatch_open(loop, on_notify, logs);
	col_logfollow_watch_folders(&logs->follow);
	return EX_OK;
}

static int start(struct sl_process *process)
{
	struct logs *logs = process->state;

	int code = col_logrules_load(&logs->rules, logs->section, process->catalog);
	if (code == EX_OK)
		code = open_state(logs);
	if (code == EX_OK)
		code = col_core_open_line(
		    process, logs->name, "log", true, logs->state.line, &logs->core);
	if (code != EX_OK)
		return code;
	logs->follow.section = logs->section;
	logs->follow.state = &logs->state;
	logs->follow.keep = &logs->keep;
	logs->follow.gap = on_gap;
	logs->follow.arg = logs;
	logs->read = (struct col_logread){.core = logs->core,
	    .follow = &logs->follow,
	    .keep = &logs->keep,
	    .state = &logs->state,
	    .count = &logs->count,
	    .figures = &logs->figures,
	    .set = logs->rules.set,
	    .line_max = (size_t)logs->section->logs.line_bytes_max,
	    .rules_max = logs->rules.count,
	    .first = UINT32_MAX};
	col_logread_init(&logs->read);
	code = start_timers(logs);
	if (code != EX_OK)
		return code;
	col_core_on_attach(logs->core, on_attach, logs);
	col_core_on_service(logs->core, on_service, logs);
	if (col_core_attached(logs->core))
		on_attach(logs);
	return EX_OK;
}

/* With the one that it is in: that may not be there before the aggregator has run. */
static void make_folder(const char *path)
{
	char outer[SL_PATHS_MAX];

	snprintf(outer, sizeof(outer), "%s", path);
	*strrchr(outer, '/') = '\0';
	if (*outer != '\0')
		(void)mkdir(outer, 0750); /* what is wrong with it shows below */
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		sl_log_warn("state", "cannot make folder=\"%s\" reason=\"%s\"", path,
		    strerror(errno));
}

static int acquire(struct sl_process *process)
{
	struct logs *logs = process->state;
	char path[SL_PATHS_MAX];

	logs->process = process;
	logs->name = col_source_name(process);
	logs->keep.fd = -1;
	int code = col_core_check(process, logs->name, "log", true);
	if (code != EX_OK)
		return code;
	if (sl_crypto_init() != 0) {
		sl_log_error("log", "the system has no randomness to give");
		return EX_OSERR;
	}
	logs->section = col_source_section(process);
	if (state_path(logs, path) != 0) {
		sl_log_error("state", "state_file is too long");
		return EX_CONFIG;
	}
	*strrchr(path, '/') = '\0';
	make_folder(path);
	return col_loggrants_add(&logs->grants, path) &&
		       col_loggrants_add_section(&logs->grants, logs->section)
		   ? EX_OK
		   : EX_CONFIG;
}

/* ---- confinement
 * ---------------------------------------------------------------------------- */

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	struct logs *logs = process->state;

	out->grants = SL_CONFINE_WATCH;
	sl_confine_path(out, process->paths.run, true);
	/* The first is the state's. */
	for (size_t i = 0; i < logs->grants.count; i++)
		sl_confine_path(out, logs->grants.path[i], i == 0);
}

/* ---- end
 * --------------------------------------------------------------------------------------
 */

/*
 * The options decide which lines become what: a start anew, where it was, is the
 * clean way to others.
 */
static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	(void)old_config;
	(void)old_catalog;
	sl_log_info("config", "ending, to be started with the new configuration");
	sl_process_end(process, EX_TEMPFAIL);
}

static void stop(struct sl_process *process)
{
	struct logs *logs = process->state;

	if (logs->going) {
		if (col_logkeep_flush(&logs->keep) == 0 &&
		    sightline_flush(col_core_collector(logs->core), FLUSH_MS) != 0)
			sl_log_warn("ring",
			    "not everything was taken in time source=%s ms=%d",
			    logs->name, FLUSH_MS);
		sightline_service(col_core_collector(logs->core));
		col_logread_done(&logs->read);
		col_logkeep_renew(&logs->keep, &logs->state, true);
	}
	if (logs->turn != NULL)
		event_free(logs->turn);
	if (logs->poll != NULL)
		event_free(logs->poll);
	if (logs->figures_timer != NULL)
		event_free(logs->figures_timer);
	for (size_t i = 0; i < logs->journal_count; i++)
		col_logjournal_close(logs->journal[i]);
	free(logs->journal);
	col_logread_clear(&logs->read);
	col_logwatch_close(logs->follow.watch);
	col_logfollow_clear(&logs->follow);
	col_logcount_clear(&logs->count);
	col_logrules_clear(&logs->rules);
	col_logstate_clear(&logs->state);
	col_logkeep_close(&logs->keep);
	col_core_close(logs->core);
}

static const struct sl_flag flags[] = {
    {.name = "name",
	.value = "NAME",
	.prose = "Name of the source; its section of the configuration. Default: log."},
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-log",
	    .prose = "Follows logs.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "log",
    .user = col_source_user,
    .acquire = acquire,
    .confine = confine,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int col_logs_main(int argc, char **argv)
{
	static struct logs logs;

	return sl_process_run(&spec, argc, argv, &logs);
}
