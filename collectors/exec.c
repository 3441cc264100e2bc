/* SPDX-License-Identifier: Apache-2.0 */
#include "exec.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "crypto.h"
#include "keeper.h"
#include "log.h"
#include "script.h"
#include "source.h"

/*
 * Design notes.  This process parses; the keeper, which it forks before it is
 * confined, starts the scripts and sees to it that nothing stays of them
 * (keeper.h, nanny.c).  Between the two go numbers of scripts and descriptors.
 */

#define FIGURES_MS 1000

/* How long the end waits until the aggregator has taken what is in the ring. */
#define FLUSH_MS 1000

/* What a drain may take besides twice the longest stop_timeout. */
#define DRAIN_MS 5000

#define IDS_MAX 8192 /* of events, that are remembered; 48 bytes each */

struct exec {
	struct col_script_world world;
	int keeper; /* descriptor, until start */
	struct col_script **script;
	size_t count;
	int64_t drain_ms;
	struct event *figures_timer;
};

const struct sl_config_collector *col_script_world_section(
    const struct col_script_world *world)
{
	return col_source_section(world->process);
}

/* ---- start ------------------------------------------------------------------------- */

static int acquire(struct sl_process *process)
{
	struct exec *exec = process->state;

	exec->keeper = -1;
	exec->world.process = process;
	exec->world.source = col_source_name(process);
	int code = col_core_check(process, exec->world.source, "exec", true);
	if (code == EX_OK && sl_crypto_init() != 0) {
		sl_log_error("exec", "the system has no randomness to give");
		return EX_OSERR;
	}
	return code;
}

/* The keeper's end is nobody's business: it is told by the socket between us. */
static int divide(struct sl_process *process)
{
	struct exec *exec = process->state;

	if (col_keeper_fork(col_source_section(process), &exec->keeper) != 0) {
		sl_log_error(
		    "exec", "cannot fork the keeper error=\"%s\"", strerror(errno));
		return EX_OSERR;
	}
	signal(SIGCHLD, SIG_IGN);
	return EX_OK;
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	sl_confine_path(out, process->paths.run, true);
}

static void on_started(void *arg, size_t script, int out, int err, int in)
{
	struct exec *exec = arg;

	col_script_on_started(exec->script[script], out, err, in);
}

static void on_failed(void *arg, size_t script, int error)
{
	struct exec *exec = arg;

	col_script_on_failed(exec->script[script], error);
}

static void on_ended(void *arg, size_t script, int status)
{
	struct exec *exec = arg;

	col_script_on_ended(exec->script[script], status);
}

static void on_gone(void *arg)
{
	struct exec *exec = arg;

	sl_log_error("exec", "the keeper has ended, and with it all scripts");
	sl_process_end(exec->world.process, EX_SOFTWARE);
}

static const struct col_keeper_handler keeper_handler = {
    on_started, on_failed, on_ended, on_gone};

static void on_attach(void *arg)
{
	struct exec *exec = arg;

	col_give_begin(exec->world.give);
	for (size_t i = 0; i < exec->count; i++)
		col_script_retry(exec->script[i]);
}

static void on_figures(evutil_socket_t fd, short what, void *arg)
{
	struct exec *exec = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < exec->count; i++)
		col_script_say_up(exec->script[i]);
	col_exec_figures_push(&exec->world.figures, exec->world.core);
}

static void on_script_idle(void *arg)
{
	struct exec *exec = arg;

	if (!exec->world.process->draining)
		return;
	for (size_t i = 0; i < exec->count; i++)
		if (!col_script_is_idle(exec->script[i]))
			return;
	sl_process_end(exec->world.process, EX_OK);
}

static void make_scripts(struct exec *exec)
{
	const struct sl_config_collector *section =
	    col_script_world_section(&exec->world);

	exec->script = calloc(section->script_count + 1, sizeof(struct col_script *));
	if (exec->script == NULL)
		abort();
	for (; exec->count < section->script_count; exec->count++) {
		const struct sl_config_script *script = &section->script[exec->count];
		exec->script[exec->count] = col_script_new(
		    &exec->world, exec->count, script, on_script_idle, exec);
		if (script->stop_timeout_ms > exec->drain_ms)
			exec->drain_ms = script->stop_timeout_ms;
	}
}

static int start(struct sl_process *process)
{
	struct exec *exec = process->state;
	struct col_script_world *world = &exec->world;
	struct timeval every = sl_loop_ms(FIGURES_MS);

	int code = col_core_open(process, world->source, "exec", true, &world->core);
	if (code != EX_OK)
		return code;
	world->ids = col_seen_new(IDS_MAX);
	world->give = col_give_new(world->core, world->ids);
	world->mapping =
	    col_mapping_new(col_script_world_section(world), process->catalog, "");
	make_scripts(exec);
	world->link = col_keeper_link_new(
	    process->loop, exec->keeper, exec->count, &keeper_handler, exec);
	exec->keeper = -1;
	col_core_on_attach(world->core, on_attach, exec);
	if (col_core_attached(world->core))
		on_attach(exec);
	exec->figures_timer = event_new(process->loop, -1, EV_PERSIST, on_figures, exec);
	if (exec->figures_timer == NULL || event_add(exec->figures_timer, &every) != 0)
		return EX_OSERR;
	if (exec->count == 0)
		sl_log_warn("exec", "its section has no script source=%s", world->source);
	for (size_t i = 0; i < exec->count; i++)
		col_script_begin(exec->script[i]);
	return EX_OK;
}

/* ---- changes and end ------------------------------------------------------------------
 */

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct exec *exec = process->state;
	const struct sl_config_collector *section = col_source_section(process);

	(void)old_config;
	(void)old_catalog;
	if (section == NULL) {
		sl_log_error("config", "collector \"%s\" has no section any more",
		    exec->world.source);
		sl_process_end(process, EX_CONFIG);
		return;
	}
	if (section->script_count != exec->count)
		sl_log_warn("config", "needs-restart option=collector.%s.script",
		    exec->world.source);
	col_mapping_free(exec->world.mapping);
	exec->world.mapping = col_mapping_new(section, process->catalog, "");
}

static void drain(struct sl_process *process)
{
	struct exec *exec = process->state;

	for (size_t i = 0; i < exec->count; i++)
		col_script_end(exec->script[i]);
	on_script_idle(exec);
}

static int64_t drain_ms(const struct sl_process *process)
{
	const struct exec *exec = process->state;

	/* Once for the end of its input, once for SIGTERM. */
	return 2 * exec->drain_ms + DRAIN_MS;
}

static void stop(struct sl_process *process)
{
	struct exec *exec = process->state;
	struct col_script_world *world = &exec->world;

	for (size_t i = 0; i < exec->count; i++)
		col_script_free(exec->script[i]);
	free(exec->script);
	col_keeper_link_close(world->link);
	if (exec->keeper >= 0)
		close(exec->keeper);
	if (world->core != NULL &&
	    sightline_flush(col_core_collector(world->core), FLUSH_MS) != 0)
		sl_log_warn("ring", "not everything was taken in time source=%s ms=%d",
		    world->source, FLUSH_MS);
	if (exec->figures_timer != NULL)
		event_free(exec->figures_timer);
	col_give_free(world->give);
	col_seen_free(world->ids);
	col_mapping_free(world->mapping);
	col_core_close(world->core);
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("exec"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-exec",
	    .prose = "Reads what scripts write.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "exec",
    .user = col_source_user,
    .acquire = acquire,
    .divide = divide,
    .confine = confine,
    .start = start,
    .reload = reload,
    .drain = drain,
    .drain_ms = drain_ms,
    .stop = stop,
};

int col_exec_main(int argc, char **argv)
{
	struct exec exec = {0};

	return sl_process_run(&spec, argc, argv, &exec);
}
