/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "keyhash.h"
#include "log.h"
#include "place.h"
#include "prombody.h"
#include "scrape_due.h"
#include "scrape_secret.h"
#include "scrape_series.h"

/*
 * Design notes.  A scrape counts as a whole: its samples are gathered while the
 * answer is read and pushed when all of it was good, so that an answer which is
 * cut off or turns into something else halfway leaves no half of a moment
 * behind.  What is gathered is handles and numbers, bounded by samples_max; of
 * the answer itself no more than a line is held.
 *
 * A target that fails is only its own failure: up is 0, its reason is logged
 * when it changes, and its series turn stale as nothing feeds them.
 */

/* The first scrapes of all targets spread over this. */
#define FIRST_NS SL_NS_PER_S

/* What the aggregator still takes (DESIGN §5). */
#define FUTURE_NS (5 * SL_NS_PER_S)

#define REDIRECTS_MAX 5

#define ACCEPT                                                                           \
	"application/openmetrics-text;version=1.0.0,"                                    \
	"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

struct gathered {
	struct col_scrape_entry *entry;
	double value;
	int64_t time_ns; /* 0: the scrape's */
};

enum state { UNKNOWN, UP, DOWN };

struct col_scrape_target {
	struct col_scrape_shared *shared;
	const struct sl_config_target *config;
	char *url;
	struct col_place place;
	struct col_scrape_series *series;
	struct event *timer;
	int64_t offset_ns;
	struct col_fetch_transfer *transfer; /* NULL: none is under way */
	struct col_tick began;
	bool body_begun;
	struct col_prombody body;
	struct gathered *gathered;
	size_t gathered_count, gathered_cap;
	size_t read; /* samples of the answer so far */
	uint64_t left_out, unknown, refused, not_finite; /* of these */
	enum state state;
	char reason[COL_PROMBODY_ERROR]; /* of DOWN, as logged */
	bool limit_logged;
};

/* ---- when ----------------------------------------------------------------------- */

static void arm(struct col_scrape_target *target, int64_t due_ns)
{
	int64_t wait_ns = due_ns - sl_clock_mono_ns();
	struct timeval after =
	    sl_loop_ms(wait_ns > 0 ? (wait_ns + SL_NS_PER_MS - 1) / SL_NS_PER_MS : 0);

	event_add(target->timer, &after);
}

/* ---- up and down ------------------------------------------------------------------- */

static void push_own(struct col_scrape_target *target, const char *metric,
    const char *unit, double value, const struct col_tick *tick)
{
	const struct col_label label[] = {
	    {"target", target->config->title}, {"instance", target->place.authority}};
	uint32_t handle;

	if (col_core_gauge(target->shared->core, metric, unit, label, 2, &handle) == 0)
		col_core_push(target->shared->core, handle, value, tick);
}

/* The one place where a target's state changes. */
static void change_state(
    struct col_scrape_target *target, enum state state, const char *reason)
{
	const char *name = target->config->title;

	if (state == target->state && strcmp(reason, target->reason) == 0)
		return;
	if (state == DOWN)
		sl_log_warn("target", "down target=\"%s\" url=\"%s\" reason=\"%s\"", name,
		    target->url, reason);
	else
		sl_log_info("target", "up target=\"%s\" url=\"%s\"", name, target->url);
	target->state = state;
	snprintf(target->reason, sizeof(target->reason), "%s", reason);
}

static void log_limits(struct col_scrape_target *target)
{
	if (target->refused == 0 || target->limit_logged)
		return;
	target->limit_logged = true;
	sl_log_warn("target",
	    "samples refused target=\"%s\" url=\"%s\" samples=%llu series_max=%lld: more "
	    "series than that, labels that do not fit, a module that is not its own, or "
	    "a time ahead",
	    target->config->title, target->url, (unsigned long long)target->refused,
	    (long long)target->config->series_max);
}

static void push_gathered(struct col_scrape_target *target, int64_t mono_ns)
{
	struct col_core *core = target->shared->core;

	for (size_t i = 0; i < target->gathered_count; i++) {
		const struct gathered *one = &target->gathered[i];
		struct col_tick tick = {
		    one->time_ns != 0 ? one->time_ns : target->began.wall_ns, mono_ns};
		double value;
		if (col_scrape_entry_take(one->entry, one->value, mono_ns, &value))
			col_core_push(core, one->entry->handle, value, &tick);
	}
	struct col_tick tick = {target->began.wall_ns, mono_ns};
	col_scrape_series_push(target->series, &tick);
}

/* What a scrape was worth; reason "" for one that is good. */
static void settle(struct col_scrape_target *target, const char *reason)
{
	struct col_scrape_figures *figures = &target->shared->figures;
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};
	bool good = reason[0] == '\0';
	size_t taken = good ? target->gathered_count : 0;

	figures->scrapes++;
	figures->failures += !good;
	if (good) {
		push_gathered(target, target->began.mono_ns);
		figures->samples += taken;
		figures->left_out += target->left_out;
		figures->unknown += target->unknown;
		figures->refused += target->refused;
		figures->not_finite += target->not_finite;
		figures->gone += col_scrape_series_sweep(target->series);
		log_limits(target);
	}
	push_own(target, "scrape_up", NULL, good, &tick);
	push_own(target, "scrape_duration", "ms",
	    (double)(tick.mono_ns - target->began.mono_ns) / (double)SL_NS_PER_MS, &tick);
	push_own(target, "scrape_samples_scraped", "samples", (double)taken, &tick);
	col_core_flush(target->shared->core);
	change_state(target, good ? UP : DOWN, reason);
}

/* ---- the answer ----------------------------------------------------------------------
 */

static void gather(struct col_scrape_target *target, struct col_scrape_entry *entry,
    const struct col_promtext_sample *sample)
{
	if (target->gathered_count == target->gathered_cap) {
		target->gathered_cap =
		    target->gathered_cap > 0 ? 2 * target->gathered_cap : 256;
		target->gathered = reallocarray(
		    target->gathered, target->gathered_cap, sizeof(*target->gathered));
		if (target->gathered == NULL)
			abort();
	}
	bool timed = sample->has_time && target->config->honor_timestamps;
	target->gathered[target->gathered_count++] =
	    (struct gathered){entry, sample->value, timed ? sample->time_ns : 0};
}

static int on_sample(
    void *arg, const struct col_promtext_sample *sample, char error[COL_PROMBODY_ERROR])
{
	struct col_scrape_target *target = arg;

	if (target->read++ == (size_t)target->config->samples_max) {
		snprintf(error, COL_PROMBODY_ERROR,
		    "the answer has more than %lld samples",
		    (long long)target->config->samples_max);
		return SL_ETOOBIG;
	}
	struct col_scrape_entry *entry = col_scrape_series_find(target->series, sample);
	bool ahead = sample->has_time && target->config->honor_timestamps &&
		     sample->time_ns > target->began.wall_ns + FUTURE_NS;
	bool used = entry->fate == COL_SCRAPE_TAKEN || entry->histogram != NULL;
	if (used && !ahead && isfinite(sample->value))
		gather(target, entry, sample);
	else if (used && !ahead)
		target->not_finite++;
	else if (entry->fate == COL_SCRAPE_LEFT_OUT)
		target->left_out++;
	else if (entry->fate == COL_SCRAPE_UNKNOWN)
		target->unknown++;
	else
		target->refused++;
	return 0;
}

static int on_body(void *arg, const char *type, const char *data, size_t len)
{
	struct col_scrape_target *target = arg;

	if (!target->body_begun)
		col_prombody_begin(
		    &target->body, col_promtext_form_of(type), on_sample, target);
	target->body_begun = true;
	return col_prombody_feed(&target->body, data, len);
}

static void on_done(void *arg, const struct col_fetch_result *result)
{
	struct col_scrape_target *target = arg;
	const char *reason = result->reason;

	target->transfer = NULL;
	target->shared->figures.bytes += (uint64_t)result->bytes;
	if (!target->body_begun)
		col_prombody_begin(&target->body, COL_PROMTEXT_PLAIN, on_sample, target);
	if (result->success)
		col_prombody_end(&target->body);
	if (target->body.code != 0)
		reason = target->body.error;
	settle(target, reason);
}

/* ---- the request
 * ------------------------------------------------------------------------ */

/* Reads the secret, if there is one; false after the scrape has failed for it. */
static bool load_secret(struct col_scrape_target *target, struct sl_buf *secret)
{
	bool basic = *target->config->basic_file != '\0';
	const char *option =
	    basic ? target->config->basic_file : target->config->bearer_file;
	char path[SL_PATHS_MAX], error[COL_SCRAPE_SECRET_ERROR],
	    reason[COL_PROMBODY_ERROR];

	if (*option == '\0')
		return true;
	if (sl_paths_resolve(&target->shared->process->paths, option, path) != 0)
		snprintf(error, sizeof(error), "its path is too long");
	else if (col_scrape_secret_load(path, basic, secret, error) == 0)
		return true;
	snprintf(reason, sizeof(reason), "%s: %s", basic ? "basic_file" : "bearer_file",
	    error);
	settle(target, reason);
	return false;
}

/* The path of an option's file, whose length was checked; NULL without one. */
static const char *resolve(
    const struct col_scrape_target *target, const char *option, char path[SL_PATHS_MAX])
{
	const struct sl_paths *paths = &target->shared->process->paths;

	return *option != '\0' && sl_paths_resolve(paths, option, path) == 0 ? path
									     : NULL;
}

static void begin(struct col_scrape_target *target)
{
	const struct sl_config_target *config = target->config;
	char ca_file[SL_PATHS_MAX], certificate[SL_PATHS_MAX], key[SL_PATHS_MAX],
	    agent[64];
	struct sl_buf secret = {0};

	target->began = (struct col_tick){sl_clock_wall_ns(), sl_clock_mono_ns()};
	target->body_begun = false;
	target->gathered_count = target->read = 0;
	target->left_out = target->unknown = target->refused = target->not_finite = 0;
	if (!load_secret(target, &secret))
		return;
	snprintf(agent, sizeof(agent), "sightline/%s", sl_args_version());
	const char *text = secret.len > 0 ? sl_buf_text(&secret) : NULL;
	const struct col_fetch_request request = {
	    .url = target->url,
	    .accept = ACCEPT,
	    .user_agent = agent,
	    .timeout_ms = config->timeout_ms < config->interval_ms ? config->timeout_ms
								   : config->interval_ms,
	    .bytes_max = config->body_bytes_max,
	    .redirects_max = config->redirects ? REDIRECTS_MAX : 0,
	    .bearer = *config->bearer_file != '\0' ? text : NULL,
	    .basic = *config->basic_file != '\0' ? text : NULL,
	    .ca_file = resolve(target, config->ca_file, ca_file),
	    .certificate_file = resolve(target, config->tls_certificate, certificate),
	    .key_file = resolve(target, config->tls_key, key),
	    .insecure = !config->tls_verify,
	};
	const struct col_fetch_user user = {
	    .arg = target, .body = on_body, .done = on_done};
	target->transfer = col_fetch_start(target->shared->fetch, &request, &user);
	col_scrape_secret_wipe(&secret);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct col_scrape_target *target = arg;
	int64_t now_ns = sl_clock_mono_ns();

	(void)fd;
	(void)what;
	arm(target, col_scrape_due_after(now_ns, target->offset_ns,
			target->config->interval_ms * SL_NS_PER_MS));
	/* A timeout of a whole interval may end a moment after it. */
	if (target->transfer == NULL)
		begin(target);
}

/* ---- life cycle
 * ---------------------------------------------------------------------------- */

static int64_t offset_of(const char *title, const char *url)
{
	uint64_t hash =
	    col_keyhash(url, strlen(url), col_keyhash(title, strlen(title), 0));

	return (int64_t)(hash >> 1);
}

struct col_scrape_target *col_scrape_target_new(struct col_scrape_shared *shared,
    const struct sl_config_target *config, const char *url)
{
	struct col_scrape_target *target = calloc(1, sizeof(*target));
	int64_t interval_ns = config->interval_ms * SL_NS_PER_MS;
	const char *problem;

	if (target == NULL)
		abort();
	target->shared = shared;
	target->config = config;
	col_place_url(url, &target->place, &problem);
	target->url = strdup(url);
	target->timer = evtimer_new(shared->process->loop, on_timer, target);
	if (target->url == NULL || target->timer == NULL)
		abort();
	target->series = col_scrape_series_new(&(struct col_scrape_owner){
	    .core = shared->core,
	    .mapping = shared->mapping,
	    .target = config->title,
	    .instance = target->place.authority,
	    .labels = &config->labels,
	    .honor_labels = config->honor_labels,
	    .series_max = (size_t)config->series_max,
	});
	int64_t offset_ns = offset_of(config->title, url);
	target->offset_ns = offset_ns % interval_ns;
	arm(target, sl_clock_mono_ns() +
			offset_ns % (interval_ns < FIRST_NS ? interval_ns : FIRST_NS));
	return target;
}

void col_scrape_target_free(struct col_scrape_target *target)
{
	if (target == NULL)
		return;
	if (target->transfer != NULL)
		col_fetch_cancel(target->transfer);
	event_free(target->timer);
	col_scrape_series_free(target->series);
	col_prombody_clear(&target->body);
	free(target->gathered);
	free(target->url);
	free(target);
}
