/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread runs everything here: rings in, state, alerts, journal, batches
 * out, requests.  The journal has a writer thread of its own, which
 * touches nothing that this file owns.
 *
 * The straight line of a sample: on_work (drain.c) → agg_ingest_turn →
 * agg_state_feed → agg_core_pass → agg_state_settle → agg_judge_changed →
 * agg_publish_pass → sl_bus_publish.  An event goes agg_ingest_turn →
 * agg_event_pack → agg_journal_append → agg_publish_entry instead.
 */
#include "aggregator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "census.h"
#include "command.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/error.h"
#include "common/log.h"
#include "common/zone.h"
#include "core.h"
#include "dedup.h"
#include "open.h"
#include "tally.h"

#define TICK_MS  1000
#define SWEEP_MS 100

/* ---- work ------------------------------------------------------------------------- */

static void on_durable(int fd, short what, void *arg)
{
	struct agg_core *core = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) == (ssize_t)sizeof count)
		agg_sources_progress(core->sources);
}

static void on_sweep(int fd, short what, void *arg)
{
	struct agg_core *core = arg;

	(void)fd, (void)what;
	if (!core->paused)
		agg_state_sweep(core->state, sl_clock_mono_ns());
	agg_core_pass(core, sl_clock_wall_ns(), sl_clock_mono_ns());
}

static void follow_keys(struct agg_core *core)
{
	char error[SL_KEY_ERROR];
	int result = sl_keyring_follow(
	    &core->keyring, core->process->config, &core->process->paths, error);

	if (result < 0)
		sl_log_error("keys", "the former keys stay: %s", error);
	else if (result > 0)
		sl_log_info("keys", "loaded again keys=%zu", core->keyring.keys.count);
}

static void on_tick(int fd, short what, void *arg)
{
	struct agg_core *core = arg;
	int64_t mono_ns = sl_clock_mono_ns();

	(void)fd, (void)what;
	agg_journal_tick(core->journal);
	agg_judge_check_journal(core->judge);
	agg_sources_tick(core->sources, mono_ns);
	agg_sources_progress(core->sources);
	agg_gateways_tick(&core->gateways, mono_ns);
	agg_places_tick(core->places, mono_ns);
	agg_command_tick(core->command, mono_ns);
	follow_keys(core);
	if (!core->paused) {
		agg_own_update(core);
		agg_tally_feed(core->tally, true, sl_clock_wall_ns(), mono_ns);
	}
	if (!core->paused && core->process->config->aggregator.own_figures)
		agg_own_source_update(&core->own_source, &core->gateways, core->state,
		    sl_clock_wall_ns(), mono_ns);
	agg_core_pass(core, sl_clock_wall_ns(), mono_ns);
	agg_publish_heartbeat(core->publish);
}

static void on_update(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	agg_core_aggregate(arg);
}

/* ---- start --------------------------------------------------------------------------
 */

/* One aggregator per directory: taken before any socket is touched. */
static int take_lock(struct agg_core *core, const struct sl_paths *paths)
{
	core->lock_fd = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (core->lock_fd < 0) {
		sl_log_error("lock", "cannot open path=\"%s\" error=\"%s\"", paths->lock,
		    strerror(errno));
		return EX_CANTCREAT;
	}
	if (flock(core->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		sl_log_error("lock",
		    "another aggregator runs in this directory path=\"%s\"", paths->lock);
		return EX_TEMPFAIL;
	}
	return 0;
}

static int load_keys(struct agg_core *core)
{
	char error[SL_KEY_ERROR];

	if (sl_keyring_load(&core->keyring, core->process->config, &core->process->paths,
		error) != 0) {
		sl_log_error("keys", "%s", error);
		return EX_NOINPUT;
	}
	return 0;
}

static int acquire(struct sl_process *process)
{
	struct agg_core *core = process->state;
	struct sl_buf error = {0};
	int code;

	core->process = process;
	if (sl_zone_use(process->config->aggregator.time_zone) != 0) {
		sl_log_error("config", "there is no time_zone \"%s\"",
		    process->config->aggregator.time_zone);
		return EX_CONFIG;
	}
	if (sl_crypto_init() != 0) {
		sl_log_error("crypto", "no randomness");
		return EX_OSERR;
	}
	if (sl_paths_create(&process->paths, &error) != 0) {
		sl_log_error("paths", "%s", sl_buf_text(&error));
		sl_buf_clear(&error);
		return EX_CANTCREAT;
	}
	if ((code = load_keys(core)) != 0 ||
	    (code = take_lock(core, &process->paths)) != 0)
		return code;
	if (sl_attach_listen(process->paths.attach, 0660, &core->listener) != 0) {
		sl_log_error("attach", "cannot listen path=\"%s\" error=\"%s\"",
		    process->paths.attach, strerror(errno));
		return EX_CANTCREAT;
	}
	return 0;
}

static void confine(const struct sl_process *process, struct sl_confine *confine)
{
	sl_confine_path(confine, process->paths.data, true);
	sl_confine_path(confine, process->paths.run, true);
	sl_keyring_confine(process->config, &process->paths, confine);
	sl_confine_path(confine, "/proc/self", false);
	sl_confine_path(confine, "/etc", false);
}

static struct event *every(struct agg_core *core, int64_t ms, event_callback_fn fn)
{
	struct event *event = event_new(core->process->loop, -1, EV_PERSIST, fn, core);
	struct timeval period = sl_loop_ms(ms);

	if (!event || event_add(event, &period) != 0)
		abort();
	return event;
}

static int start(struct sl_process *process)
{
	struct agg_core *core = process->state;
	int code;

	agg_own_start(&core->own);
	if ((code = agg_open(core)) != 0)
		return code;
	agg_core_resume_pause(core);
	core->durable_event =
	    event_new(process->loop, agg_journal_durable_fd(core->journal),
		EV_READ | EV_PERSIST, on_durable, core);
	if (!core->durable_event || event_add(core->durable_event, NULL) != 0)
		return EX_OSERR;
	core->tick_event = every(core, TICK_MS, on_tick);
	core->sweep_event = every(core, SWEEP_MS, on_sweep);
	core->update_event =
	    every(core, process->config->aggregator.update_interval_ms, on_update);
	agg_own_update(core);
	agg_core_aggregate(core);
	return 0;
}

/*
 * Follows SIGHUP: thresholds, rights, intervals, keys.  The modules and metrics
 * of the catalog are the tables' layout and need a restart.
 */
static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct agg_core *core = process->state;
	const struct sl_config_aggregator *config = &process->config->aggregator;
	struct timeval period = sl_loop_ms(config->update_interval_ms);
	char error[SL_KEY_ERROR];

	(void)old_config;
	if (process->catalog != old_catalog)
		sl_log_info(
		    "catalog", "roles are in force, the rest waits for a restart");
	if (sl_keyring_load(&core->keyring, process->config, &process->paths, error) != 0)
		sl_log_error("keys", "the former keys stay: %s", error);
	agg_judge_configure(core->judge, process->config);
	agg_sources_configure(core->sources, process->config);
	agg_publish_configure(core->publish, config->publish_interval_ms,
	    config->enable_real_time_streaming);
	event_add(core->update_event, &period);
}

static void free_event(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void stop(struct sl_process *process)
{
	struct agg_core *core = process->state;

	free_event(&core->durable_event);
	free_event(&core->tick_event);
	free_event(&core->sweep_event);
	free_event(&core->update_event);
	agg_sources_free(core->sources);
	agg_dedup_free(core->ingest.dedup);
	agg_tally_free(core->tally);
	if (core->publish && core->bus)
		agg_publish_pass(core->publish);
	if (core->bus)
		sl_bus_close(core->bus);
	agg_places_free(core->places);
	agg_census_free(core->census);
	agg_command_free(core->command);
	agg_publish_free(core->publish);
	agg_state_free(core->state);
	agg_judge_free(core->judge);
	agg_recent_free(core->recent);
	agg_table_close(core->table);
	agg_journal_close(core->journal);
	agg_own_stop(&core->own);
	sl_keyring_clear(&core->keyring);
	sl_buf_clear(&core->ingest.body);
	sl_buf_clear(&core->ingest.packed);
	free(core->ingest.samples);
	if (core->listener >= 0) {
		unlink(process->paths.attach);
		close(core->listener);
	}
	if (core->lock_fd >= 0)
		close(core->lock_fd);
}

static const char *user(const struct sl_process *process)
{
	return process->config->aggregator.user;
}

static int64_t drain_ms(const struct sl_process *process)
{
	return process->config->aggregator.drain_timeout_ms;
}

int agg_aggregator_main(int argc, char **argv)
{
	static const struct sl_process_spec spec = {
	    .program =
		{
		    .name = "sightline-aggregator",
		    .prose = "Reads all rings, keeps state and journal, judges alerts, "
			     "publishes to the gateways.",
		    .operands = "",
		},
	    .scope = "aggregator",
	    .user = user,
	    .acquire = acquire,
	    .confine = confine,
	    .start = start,
	    .reload = reload,
	    .drain_ms = drain_ms,
	    .stop = stop,
	};
	struct agg_core *core = calloc(1, sizeof *core);
	int code;

	if (!core)
		return EX_OSERR;
	core->lock_fd = core->listener = -1;
	code = sl_process_run(&spec, argc, argv, core);
	free(core);
	return code;
}
