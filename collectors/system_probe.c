/* SPDX-License-Identifier: Apache-2.0 */
/* Response time of the configured URLs and sockets. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "probe.h"
#include "system.h"
#include "window.h"

#define NAME_MAX_BYTES 128

/*
 * A probe that has never succeeded says nothing about availability for this
 * long: an instance that is being started is not an outage.
 */
#define GRACE_NS (15 * SL_NS_PER_S)

struct probes;

enum probe_state { UNKNOWN, GOOD, BAD };

struct one {
	struct probes *probes;
	char name[NAME_MAX_BYTES];
	struct col_probe *probe;
	uint32_t response_time, success;
	bool defined;
	enum probe_state state; /* changes are logged */
	bool has_succeeded;
};

struct probes {
	struct col_system *system;
	struct col_resolver resolver;
	struct one *one;
	size_t count;
	struct col_window window; /* all probes together */
	int64_t opened_ns;        /* monotonic */
	uint32_t uptime;
};

/* The one place where a probe's state changes. */
static void change_state(struct one *one, bool good, const char *reason)
{
	enum probe_state state = good ? GOOD : BAD;

	if (one->state == state)
		return;
	if (!good)
		sl_log_warn(
		    "probe", "failed name=\"%s\" reason=\"%s\"", one->name, reason);
	else if (one->state == BAD)
		sl_log_info("probe", "answers again name=\"%s\"", one->name);
	one->state = state;
}

static void on_done(void *arg, bool success, int64_t elapsed_ns, const char *reason)
{
	struct one *one = arg;
	struct col_system *system = one->probes->system;
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};
	double percent;

	change_state(one, success, reason);
	one->has_succeeded = one->has_succeeded || success;
	if (one->defined) {
		if (success)
			col_core_push(system->core, one->response_time,
			    (double)elapsed_ns / (double)SL_NS_PER_MS, &tick);
		col_core_push(system->core, one->success, success ? 1.0 : 0.0, &tick);
	}
	if (one->has_succeeded || tick.mono_ns - one->probes->opened_ns >= GRACE_NS)
		col_window_add(&one->probes->window, tick.mono_ns, success);
	if (col_window_percent(&one->probes->window, tick.mono_ns, &percent))
		col_system_push(system, &one->probes->uptime, "uptime_percentage",
		    "percent", percent, &tick);
	col_core_flush(system->core);
}

/* A socket that is a path of the instance becomes absolute; host:port stays. */
static const char *resolve_socket(
    const struct sl_process *process, const char *socket, char path[SL_PATHS_MAX])
{
	if (strchr(socket, '/') == NULL)
		return socket;
	return sl_paths_resolve(&process->paths, socket, path) == 0 ? path : socket;
}

static void add(struct probes *probes, const struct sl_config_probe *config)
{
	struct col_system *system = probes->system;
	struct one *one = &probes->one[probes->count];
	char path[SL_PATHS_MAX];
	struct col_probe_target target;
	const char *problem;

	if (col_probe_target_parse(config->url,
		resolve_socket(system->process, config->socket, path), &target,
		&problem) != 0) {
		sl_log_error("config",
		    "probe \"%s\" is left out, it %s url=\"%s\" socket=\"%s\" file=%s",
		    config->title, problem, config->url, config->socket,
		    system->process->paths.config);
		return;
	}
	*one = (struct one){.probes = probes};
	strncpy(one->name, config->title, sizeof(one->name) - 1);
	struct col_label label = {"probe", one->name};
	one->defined = col_core_gauge(system->core, "response_time", "ms", &label, 1,
			   &one->response_time) == 0 &&
		       col_core_gauge(system->core, "probe_success", "", &label, 1,
			   &one->success) == 0;
	one->probe =
	    col_probe_new(&probes->resolver, &target, config->timeout_ms, on_done, one);
	probes->count++;
}

static void drop_all(struct probes *probes)
{
	for (size_t i = 0; i < probes->count; i++)
		col_probe_free(probes->one[i].probe);
	free(probes->one);
	probes->one = NULL;
	probes->count = 0;
}

static void probe_reload(void *arg)
{
	struct probes *probes = arg;
	const struct sl_config_collector *section =
	    col_core_section(probes->system->core);

	drop_all(probes);
	if (section->probe_count == 0)
		return;
	probes->one = col_system_alloc(section->probe_count * sizeof(*probes->one));
	for (size_t i = 0; i < section->probe_count; i++)
		add(probes, &section->probe[i]);
}

static void *probe_open(struct col_system *system)
{
	struct probes *probes = col_system_alloc(sizeof(*probes));

	probes->system = system;
	probes->resolver.loop = system->process->loop;
	probes->uptime = COL_SYSTEM_UNDEFINED;
	probes->opened_ns = sl_clock_mono_ns();
	probe_reload(probes);
	return probes;
}

static void probe_close(void *arg)
{
	struct probes *probes = arg;

	drop_all(probes);
	col_resolver_clear(&probes->resolver);
	free(probes);
}

static void probe_run(void *arg, const struct col_tick *tick)
{
	struct probes *probes = arg;

	(void)tick;
	for (size_t i = 0; i < probes->count; i++)
		col_probe_start(probes->one[i].probe);
}

const struct col_system_group col_system_probe = {
    .name = "probe",
    .interval_offset = offsetof(struct sl_config_system, probe_interval_ms),
    .open = probe_open,
    .run = probe_run,
    .reload = probe_reload,
    .close = probe_close,
};
