/* SPDX-License-Identifier: Apache-2.0 */
#include "synthetic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "core.h"
#include "load_options.h"
#include "log.h"
#include "source.h"

/*
 * Design notes.  Events carry n = 0, 1, 2, … and their position is n, so the
 * aggregator recognises what it has journaled.  Nothing is written before an
 * aggregator has accepted the source and so said where to go on: a former run
 * may have left events.  Later, without an aggregator, events go on into the
 * ring; when it is full, n waits and is never skipped.
 *
 * Samples need nobody: their value is a count per series (0, 1, 2, …), so
 * that a reader can see what was lost.
 */

/* One turn of the loop writes at most this much, so that signals are heard. */
#define SAMPLES_PER_TURN 65536u
#define SAMPLES_PER_PUSH 512u
#define EVENTS_PER_TURN  2048u

/* Ticks are never closer than this: higher rates write batches. */
#define TICK_NS SL_NS_PER_MS

/* How long an event waits for space before the loop looks at signals again. */
#define WAIT_MS 1000

/* How long the end waits until the aggregator has taken everything; when told to stop,
 * less. */
#define FLUSH_MS 5000
#define DRAIN_MS 1000

struct synthetic {
	struct sl_process *process;
	struct col_core *core;

	struct col_load_options options;

	/* samples */
	int sample_fd;
	struct event *sample_event;
	struct col_pace sample_pace;
	uint64_t samples; /* written or dropped: decides series and value of the next */

	/* events */
	int event_fd;
	struct event *event_event;
	struct col_pace event_pace;
	bool begun; /* knows where n goes on */
	uint64_t first_n, n;
	uint64_t written;
	struct sl_buf payload;

	struct event *end;
	int64_t started_ns; /* monotonic */
};

/* ---- command line ------------------------------------------------------------ */

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("synthetic"),
    {.name = "metrics", .value = "N", .prose = "Series of bench_value to write."},
    {.name = "rate",
	.value = "R",
	.prose =
	    "Samples per second of all series together; 0 writes as fast as it can."},
    {.name = "events", .value = "R", .prose = "Events per second; 0 writes none."},
    {.name = "event-type", .value = "TYPE", .prose = "Type of the events."},
    {.name = "payload-bytes",
	.value = "B",
	.prose = "Length that each payload is filled up to."},
    {.name = "seconds", .value = "S", .prose = "Time after which it ends; 0: never."},
    {.name = NULL},
};

/* ---- samples ------------------------------------------------------------------ */

static void push_samples(struct synthetic *synthetic, uint64_t count)
{
	struct sightline_sample batch[SAMPLES_PER_PUSH];

	while (count > 0) {
		size_t n = count < SAMPLES_PER_PUSH ? (size_t)count : SAMPLES_PER_PUSH;
		int64_t now_ns = sl_clock_wall_ns();
		for (size_t i = 0; i < n; i++, synthetic->samples++)
			batch[i] = (struct sightline_sample){
			    .handle = (uint32_t)(synthetic->samples %
						 synthetic->options.metrics),
			    .value =
				(double)(synthetic->samples / synthetic->options.metrics),
			    .time_ns = now_ns};
		/* What does not fit is dropped and counted: that is the contract of
		 * samples. */
		sightline_push_batch(col_core_collector(synthetic->core), batch, n);
		count -= n;
	}
}

/*
 * Another turn as soon as the loop has looked at everything else: an event that
 * activates itself would keep the loop from ever looking.
 */
static void flood_on(struct synthetic *synthetic)
{
	struct timeval now = {0};

	event_add(synthetic->sample_event, &now);
}

static void on_samples(evutil_socket_t fd, short what, void *arg)
{
	struct synthetic *synthetic = arg;
	uint64_t ticks, due = SAMPLES_PER_TURN;

	(void)what;
	if (fd >= 0 && read(fd, &ticks, sizeof(ticks)) < 0)
		return;
	if (synthetic->options.rate > 0)
		due = col_pace_due(
		    &synthetic->sample_pace, sl_clock_mono_ns(), SAMPLES_PER_TURN);
	push_samples(synthetic, due);
	col_pace_take(&synthetic->sample_pace, due);
	if (synthetic->options.rate == 0)
		flood_on(synthetic);
}

static int define_series(struct synthetic *synthetic)
{
	for (uint32_t i = 0; i < synthetic->options.metrics; i++) {
		char text[16];
		uint32_t handle;
		snprintf(text, sizeof(text), "%u", i);
		struct col_label label = {"n", text};
		if (col_core_gauge(
			synthetic->core, "bench_value", "", &label, 1, &handle) != 0)
			return EX_UNAVAILABLE;
	}
	return EX_OK;
}

/* ---- events ------------------------------------------------------------------- */

/* Writes event n; false if the ring stayed full. */
static bool push_event(struct synthetic *synthetic)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];
	int64_t now_ns = sl_clock_wall_ns();

	col_synthetic_position(synthetic->n, position);
	col_synthetic_payload(
	    &synthetic->payload, now_ns, synthetic->n, synthetic->options.payload_bytes);
	struct sightline_event event = {.type = synthetic->options.event_type,
	    .time_ns = now_ns,
	    .position = position,
	    .payload = synthetic->payload.data,
	    .payload_bytes = synthetic->payload.len};
	int rc =
	    sightline_push_event(col_core_collector(synthetic->core), &event, WAIT_MS);
	if (rc == 0) {
		synthetic->n++;
		synthetic->written++;
		return true;
	}
	if (rc != SIGHTLINE_EFULL) {
		sl_log_error("event",
		    "cannot be written type=\"%s\" bytes=%zu error=\"%s\"",
		    synthetic->options.event_type, synthetic->payload.len,
		    sightline_strerror(rc));
		sl_process_end(synthetic->process, EX_DATAERR);
	}
	return false;
}

static void on_events(evutil_socket_t fd, short what, void *arg)
{
	struct synthetic *synthetic = arg;
	uint64_t ticks, done = 0;

	(void)what;
	if (read(fd, &ticks, sizeof(ticks)) < 0)
		return;
	uint64_t due =
	    col_pace_due(&synthetic->event_pace, sl_clock_mono_ns(), EVENTS_PER_TURN);
	while (done < due && push_event(synthetic))
		done++;
	col_pace_take(&synthetic->event_pace, done);
}

/* ---- life cycle --------------------------------------------------------------- */

/* A timer that fires rate times a second, at most once per tick. */
static int start_timer(struct synthetic *synthetic, double rate,
    void (*fn)(evutil_socket_t fd, short what, void *arg), int *fd, struct event **event)
{
	int64_t period_ns = rate > 1e3 ? TICK_NS : (int64_t)((double)SL_NS_PER_S / rate);
	struct timespec period = {period_ns / SL_NS_PER_S, period_ns % SL_NS_PER_S};
	struct itimerspec timer = {period, period};

	*fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*fd < 0 || timerfd_settime(*fd, 0, &timer, NULL) != 0) {
		sl_log_error("timer", "cannot be made error=\"%s\"", strerror(errno));
		return EX_OSERR;
	}
	*event =
	    event_new(synthetic->process->loop, *fd, EV_READ | EV_PERSIST, fn, synthetic);
	if (*event == NULL || event_add(*event, NULL) != 0)
		return EX_OSERR;
	return EX_OK;
}

/* The first acceptance says where a former run has ended. */
static void on_attach(void *arg)
{
	struct synthetic *synthetic = arg;
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	if (synthetic->begun)
		return;
	synthetic->begun = true;
	if (sightline_journaled(col_core_collector(synthetic->core), position) == 1)
		synthetic->n = col_synthetic_number(position) + 1;
	synthetic->first_n = synthetic->n;
	col_pace_begin(
	    &synthetic->event_pace, synthetic->options.events, sl_clock_mono_ns());
	int code = start_timer(synthetic, synthetic->options.events, on_events,
	    &synthetic->event_fd, &synthetic->event_event);
	if (code != EX_OK)
		sl_process_end(synthetic->process, code);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct synthetic *synthetic = arg;

	(void)fd;
	(void)what;
	sl_process_end(synthetic->process, EX_OK);
}

static int start_samples(struct synthetic *synthetic)
{
	int code = define_series(synthetic);

	if (code != EX_OK)
		return code;
	col_pace_begin(
	    &synthetic->sample_pace, synthetic->options.rate, sl_clock_mono_ns());
	if (synthetic->options.rate > 0)
		return start_timer(synthetic, synthetic->options.rate, on_samples,
		    &synthetic->sample_fd, &synthetic->sample_event);
	synthetic->sample_event =
	    evtimer_new(synthetic->process->loop, on_samples, synthetic);
	if (synthetic->sample_event == NULL)
		return EX_OSERR;
	flood_on(synthetic);
	return EX_OK;
}

static int start(struct sl_process *process)
{
	struct synthetic *synthetic = process->state;

	synthetic->process = process;
	int code = col_load_options_read(process, &synthetic->options);
	if (code == EX_OK)
		code = col_core_open(process, synthetic->options.name, "synthetic", false,
		    &synthetic->core);
	if (code != EX_OK)
		return code;
	synthetic->started_ns = sl_clock_mono_ns();
	if (synthetic->options.metrics > 0)
		code = start_samples(synthetic);
	if (code != EX_OK)
		return code;
	if (synthetic->options.events > 0) {
		col_core_on_attach(synthetic->core, on_attach, synthetic);
		if (col_core_attached(synthetic->core))
			on_attach(synthetic);
	}
	if (synthetic->options.seconds > 0) {
		struct timeval after =
		    sl_loop_ms((int64_t)(synthetic->options.seconds * 1e3));
		synthetic->end = evtimer_new(process->loop, on_end, synthetic);
		if (synthetic->end == NULL || event_add(synthetic->end, &after) != 0)
			return EX_OSERR;
	}
	return EX_OK;
}

/* One JSON object on stdout: what was done, for scripts. */
static void print_summary(struct synthetic *synthetic, bool flushed)
{
	struct sightline_counters counters;
	double elapsed_s =
	    (double)(sl_clock_mono_ns() - synthetic->started_ns) / (double)SL_NS_PER_S;

	sightline_get_counters(col_core_collector(synthetic->core), &counters);
	printf("{\"name\":\"%s\",\"seconds\":%.3f,\"samples_pushed\":%llu,"
	       "\"samples_dropped\":%llu,\"events_written\":%llu,\"first_n\":%llu,"
	       "\"next_n\":%llu,\"attaches\":%llu,\"flushed\":%s}\n",
	    synthetic->options.name, elapsed_s,
	    (unsigned long long)counters.samples_pushed,
	    (unsigned long long)counters.samples_dropped,
	    (unsigned long long)synthetic->written,
	    (unsigned long long)synthetic->first_n, (unsigned long long)synthetic->n,
	    (unsigned long long)counters.attaches, flushed ? "true" : "false");
	fflush(stdout);
}

static void stop(struct sl_process *process)
{
	struct synthetic *synthetic = process->state;

	if (synthetic->core != NULL) {
		int wait_ms = process->draining ? DRAIN_MS : FLUSH_MS;
		int rc = sightline_flush(col_core_collector(synthetic->core), wait_ms);
		if (rc != 0)
			sl_log_warn("ring",
			    "not everything was taken in time source=%s ms=%d",
			    synthetic->options.name, wait_ms);
		print_summary(synthetic, rc == 0);
	}
	if (synthetic->sample_event != NULL)
		event_free(synthetic->sample_event);
	if (synthetic->event_event != NULL)
		event_free(synthetic->event_event);
	if (synthetic->end != NULL)
		event_free(synthetic->end);
	if (synthetic->sample_fd >= 0)
		close(synthetic->sample_fd);
	if (synthetic->event_fd >= 0)
		close(synthetic->event_fd);
	col_core_close(synthetic->core);
	sl_buf_clear(&synthetic->payload);
}

/* Nothing new from here on; stop waits for what is in the ring. */
static void drain(struct sl_process *process)
{
	sl_process_end(process, EX_OK);
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	sl_confine_path(out, process->paths.run, true);
}

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-synthetic",
	    .prose = "Writes samples and numbered events at given rates: a load source.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "synthetic",
    .user = col_source_user,
    .confine = confine,
    .start = start,
    .drain = drain,
    .stop = stop,
};

int col_synthetic_main(int argc, char **argv)
{
	struct synthetic synthetic = {.sample_fd = -1, .event_fd = -1};

	return sl_process_run(&spec, argc, argv, &synthetic);
}
