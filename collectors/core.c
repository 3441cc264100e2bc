/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "log.h"
#include "series.h"

/* Samples that are handed to the ring in one go. */
#define BATCH 256

/* Drops are reported at most this often. */
#define REPORT_NS (10 * SL_NS_PER_S)

struct col_core {
	const struct sl_process *process;
	char name[SIGHTLINE_SOURCE_MAX + 1];
	struct sightline_collector *collector;
	struct event *attach_event;
	enum sightline_state state;
	char refusal[256]; /* last one that was logged */
	void (*on_attach)(void *arg);
	void *on_attach_arg;
	void (*on_service)(void *arg);
	void *on_service_arg;

	struct col_series series;
	bool define_failed; /* logged once */
	struct sightline_sample batch[BATCH];
	size_t batch_count;
	uint64_t dropped_reported;
	int64_t report_due_ns;
};

/* ---- attachment -------------------------------------------------------------- */

/* Says why nobody answers, as far as one can see it from here. */
static void log_detached(const struct col_core *core, bool was_attached)
{
	const char *path = core->process->paths.attach;

	if (was_attached)
		sl_log_warn("attach",
		    "aggregator is gone, samples wait in the ring source=%s path=%s",
		    core->name, path);
	else if (access(path, W_OK) == 0)
		sl_log_info(
		    "attach", "nobody answers yet source=%s path=%s", core->name, path);
	else
		sl_log_warn("attach",
		    "cannot reach the attach socket, trying again source=%s path=%s "
		    "error=\"%s\"",
		    core->name, path, strerror(errno));
}

static void log_attached(const struct col_core *core)
{
	struct sightline_counters counters;

	sightline_get_counters(core->collector, &counters);
	sl_log_info("attach", "attached source=%s path=%s times=%llu", core->name,
	    core->process->paths.attach, (unsigned long long)counters.attaches);
}

static void log_refused(struct col_core *core)
{
	const char *reason = sightline_refusal(core->collector);

	/* It is tried again and again: a line for each new reason is enough. */
	if (strncmp(reason, core->refusal, sizeof(core->refusal) - 1) == 0)
		return;
	strncpy(core->refusal, reason, sizeof(core->refusal) - 1);
	sl_log_error("attach", "refused, trying again source=%s path=%s reason=\"%s\"",
	    core->name, core->process->paths.attach, reason);
}

static void change_state(struct col_core *core, enum sightline_state state)
{
	enum sightline_state old = core->state;

	if (state == old)
		return;
	core->state = state;
	sl_log_debug(
	    "attach", "state source=%s from=%d to=%d", core->name, (int)old, (int)state);
	switch (state) {
	case SIGHTLINE_ATTACHED:
		core->refusal[0] = '\0';
		log_attached(core);
		if (core->on_attach != NULL)
			core->on_attach(core->on_attach_arg);
		break;
	case SIGHTLINE_REFUSED:
		log_refused(core);
		break;
	case SIGHTLINE_DETACHED:
		/* Between two tries after a refusal nothing is new. */
		if (core->refusal[0] == '\0')
			log_detached(core, old == SIGHTLINE_ATTACHED);
		break;
	case SIGHTLINE_ATTACHING:
		break;
	}
}

static void on_attach_ready(evutil_socket_t fd, short what, void *arg)
{
	struct col_core *core = arg;

	(void)fd;
	(void)what;
	change_state(core, sightline_service(core->collector));
	if (core->on_service != NULL)
		core->on_service(core->on_service_arg);
}

/* ---- life cycle --------------------------------------------------------------- */

int col_core_check(
    const struct sl_process *process, const char *name, const char *type, bool required)
{
	const struct sl_config_collector *section =
	    sl_config_collector_find(process->config, name);
	const char *file = process->paths.config;

	if (section == NULL && required) {
		sl_log_error(
		    "config", "no section collector \"%s\" in file=%s", name, file);
		return EX_CONFIG;
	}
	if (section == NULL) {
		sl_log_info("config",
		    "no section collector \"%s\" in file=%s: default tenant and all "
		    "modules, if it runs as the aggregator's user",
		    name, file);
		return EX_OK;
	}
	if (strcmp(section->type, type) != 0) {
		sl_log_error("config",
		    "collector \"%s\" in file=%s has type %s, this program is %s", name,
		    file, section->type, type);
		return EX_CONFIG;
	}
	if (!section->enabled) {
		sl_log_error(
		    "config", "collector \"%s\" in file=%s is not enabled", name, file);
		return EX_CONFIG;
	}
	return EX_OK;
}

int col_core_open(struct sl_process *process, const char *name, const char *type,
    bool section_required, struct col_core **out)
{
	return col_core_open_line(process, name, type, section_required, 0, out);
}

int col_core_open_line(struct sl_process *process, const char *name, const char *type,
    bool section_required, uint64_t line, struct col_core **out)
{
	int code = col_core_check(process, name, type, section_required);
	if (code != EX_OK)
		return code;
	struct col_core *core = calloc(1, sizeof(*core));
	if (core == NULL)
		abort();
	core->process = process;
	core->state = SIGHTLINE_ATTACHING;
	strncpy(core->name, name, sizeof(core->name) - 1);

	const struct sl_config_collector *section = col_core_section(core);
	struct sightline_options options = {
	    .source = name,
	    .attach_path = process->paths.attach,
	    .line = line,
	    .ring_bytes = section != NULL ? (size_t)section->ring_bytes : 0,
	};
	int rc = sightline_open(&core->collector, &options);
	if (rc != 0) {
		sl_log_error("attach",
		    "cannot make the ring source=\"%s\" ring_bytes=%zu path=%s "
		    "error=\"%s\"",
		    name, options.ring_bytes, options.attach_path,
		    rc == SIGHTLINE_ESYS ? strerror(errno) : sightline_strerror(rc));
		free(core);
		return rc == SIGHTLINE_EINVAL || rc == SIGHTLINE_ETOOBIG ? EX_CONFIG
									 : EX_OSERR;
	}
	core->attach_event = event_new(process->loop, sightline_fd(core->collector),
	    EV_READ | EV_PERSIST, on_attach_ready, core);
	if (core->attach_event == NULL || event_add(core->attach_event, NULL) != 0) {
		sl_log_error("attach", "cannot watch the attach socket source=%s", name);
		col_core_close(core);
		return EX_OSERR;
	}
	change_state(core, sightline_service(core->collector));
	*out = core;
	return EX_OK;
}

void col_core_close(struct col_core *core)
{
	struct sightline_counters counters;

	if (core == NULL)
		return;
	col_core_flush(core);
	sightline_get_counters(core->collector, &counters);
	sl_log_info("attach",
	    "done source=%s samples=%llu samples_dropped=%llu events=%llu "
	    "doorbells=%llu attaches=%llu",
	    core->name, (unsigned long long)counters.samples_pushed,
	    (unsigned long long)counters.samples_dropped,
	    (unsigned long long)counters.events_pushed,
	    (unsigned long long)counters.doorbells,
	    (unsigned long long)counters.attaches);
	if (core->attach_event != NULL)
		event_free(core->attach_event);
	sightline_close(core->collector);
	col_series_clear(&core->series);
	free(core);
}

const struct sl_config_collector *col_core_section(const struct col_core *core)
{
	return sl_config_collector_find(core->process->config, core->name);
}

struct sightline_collector *col_core_collector(struct col_core *core)
{
	return core->collector;
}

bool col_core_attached(const struct col_core *core)
{
	return core->state == SIGHTLINE_ATTACHED;
}

void col_core_on_attach(struct col_core *core, void (*fn)(void *arg), void *arg)
{
	core->on_attach = fn;
	core->on_attach_arg = arg;
}

void col_core_on_service(struct col_core *core, void (*fn)(void *arg), void *arg)
{
	core->on_service = fn;
	core->on_service_arg = arg;
}

/* ---- series and samples ------------------------------------------------------- */

int col_core_gauge(struct col_core *core, const char *metric, const char *unit,
    const struct col_label *labels, size_t label_count, uint32_t *handle)
{
	struct sightline_label out[COL_CORE_LABELS_MAX];

	if (label_count > COL_CORE_LABELS_MAX)
		return SL_EINVAL;
	if (col_series_find(&core->series, metric, labels, label_count, handle) == 0)
		return 0;
	for (size_t i = 0; i < label_count; i++)
		out[i] = (struct sightline_label){labels[i].key, labels[i].value};
	int rc = sightline_define(core->collector,
	    &(struct sightline_metric){.name = metric,
		.kind = SIGHTLINE_GAUGE,
		.unit = unit,
		.labels = out,
		.label_count = label_count},
	    handle);
	if (rc != 0) {
		if (!core->define_failed)
			sl_log_error("series",
			    "cannot define more series source=%s metric=%s "
			    "error=\"%s\"",
			    core->name, metric, sightline_strerror(rc));
		core->define_failed = true;
		return rc == SIGHTLINE_EINVAL ? SL_EINVAL : SL_ETOOBIG;
	}
	col_series_add(&core->series, metric, labels, label_count, *handle);
	return 0;
}

bool col_core_has_gauge(const struct col_core *core, const char *metric,
    const struct col_label *labels, size_t label_count)
{
	uint32_t handle;

	return col_series_find(&core->series, metric, labels, label_count, &handle) == 0;
}

void col_core_push(
    struct col_core *core, uint32_t handle, double value, const struct col_tick *tick)
{
	if (!isfinite(value))
		return;
	if (core->batch_count == BATCH)
		col_core_flush(core);
	core->batch[core->batch_count++] = (struct sightline_sample){
	    .handle = handle, .value = value, .time_ns = tick->wall_ns};
}

static void report_drops(struct col_core *core)
{
	struct sightline_counters counters;
	int64_t now_ns = sl_clock_mono_ns();

	if (now_ns < core->report_due_ns)
		return;
	sightline_get_counters(core->collector, &counters);
	sl_log_warn("ring",
	    "full, newest samples dropped source=%s dropped=%llu in_all=%llu", core->name,
	    (unsigned long long)(counters.samples_dropped - core->dropped_reported),
	    (unsigned long long)counters.samples_dropped);
	core->dropped_reported = counters.samples_dropped;
	core->report_due_ns = now_ns + REPORT_NS;
}

void col_core_flush(struct col_core *core)
{
	if (core->batch_count == 0)
		return;
	size_t written =
	    sightline_push_batch(core->collector, core->batch, core->batch_count);
	if (written < core->batch_count)
		report_drops(core);
	core->batch_count = 0;
}
