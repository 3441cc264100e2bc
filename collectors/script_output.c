/* SPDX-License-Identifier: Apache-2.0 */
#include "script_output.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "lines.h"
#include "log.h"
#include "script_line.h"

/*
 * Design notes.  Nothing that a script has written is thrown away for want of
 * room: a batch that the ring cannot take is held, and while it is, or while the
 * script has written more than its lines_per_second, its pipe is not read.  A
 * full pipe lets the script wait in write(2), so a flood costs what is configured
 * and no more.
 */

#define READ_BYTES 32768u
#define COST_BYTES 1024u /* of a line that counts as one */
#define RETRY_MS   100
#define SAY_NS     (10 * SL_NS_PER_S)

struct col_script_output {
	struct col_script_world *world;
	const struct col_script_settings *settings;
	const struct col_script_output_handler *handler;
	void *arg;
	int fd; /* -1: no run */
	bool eof;
	struct event *readable;
	struct event *later; /* while nothing is read */
	struct col_lines lines;
	struct col_script_line *reader;
	struct col_batch batch;
	bool held;       /* the batch waits for room */
	int64_t paid_ns; /* up to when the lines read so far are paid, monotonic */
	int64_t heard_ns;
	uint64_t line;      /* of this run */
	uint64_t overlong;  /* of lines that are in the figures */
	int64_t say_due_ns; /* when a line may be complained of again */
	uint64_t unsaid;
};

static void work(struct col_script_output *output);

/* ---- complaints --------------------------------------------------------------- */

/* One line in a while, with the number of those that were not said. */
static void complain(struct col_script_output *output, const char *reason)
{
	int64_t now_ns = sl_clock_mono_ns();

	if (now_ns < output->say_due_ns) {
		output->unsaid++;
		return;
	}
	sl_log_warn("exec", "not-taken script=%s line=%llu reason=\"%s\" before=%llu",
	    output->settings->name, (unsigned long long)output->line, reason,
	    (unsigned long long)output->unsaid);
	output->unsaid = 0;
	output->say_due_ns = now_ns + SAY_NS;
}

/* ---- taking ------------------------------------------------------------------- */

/* Puts the batch into the ring; false where it has to wait. */
static bool give(struct col_script_output *output)
{
	struct col_exec_figures *figures = &output->world->figures;
	const struct sl_config_collector *section =
	    col_script_world_section(output->world);
	struct col_give_taken taken;

	output->batch.error[0] = '\0';
	int rc = col_give_batch(output->world->give, &output->batch,
	    section != NULL ? (size_t)section->exec.series_max : 0, &taken);

	output->held = rc == SL_EAGAIN || rc == SL_EFULL;
	if (output->held)
		return false;
	figures->events += taken.events;
	figures->samples += taken.samples;
	figures->duplicates += taken.duplicates;
	figures->refused += rc != 0 ? 1 : taken.left_out;
	if (output->batch.error[0] != '\0')
		complain(output, output->batch.error);
	return true;
}

/* Takes a line; false where what is in it has to wait. */
static bool take(struct col_script_output *output, struct sl_slice line)
{
	struct col_batch *batch = &output->batch;

	output->line++;
	output->heard_ns = sl_clock_mono_ns();
	output->world->figures.lines++;
	col_batch_reset(batch);
	int rc = col_script_line_read(output->reader, line, batch);
	if (rc == SL_ECLOSED) {
		output->handler->on_disable(output->arg);
		return true;
	}
	if (batch->error[0] != '\0')
		complain(output, batch->error);
	return batch->event_count + batch->sample_count == 0 || give(output);
}

static void count_overlong(struct col_script_output *output)
{
	if (output->lines.overlong == output->overlong)
		return;
	output->world->figures.overlong += output->lines.overlong - output->overlong;
	output->overlong = output->lines.overlong;
	complain(output, "it is longer than line_bytes_max");
}

/* ---- pace --------------------------------------------------------------------- */

/* A second's worth may come at once; more than that has to be waited for. */
static void pay(struct col_script_output *output, double lines)
{
	int64_t now_ns = sl_clock_mono_ns();

	if (output->paid_ns < now_ns)
		output->paid_ns = now_ns;
	output->paid_ns += (int64_t)(lines * (double)SL_NS_PER_S /
				     (double)output->settings->lines_per_second);
}

static int64_t owed_ms(const struct col_script_output *output)
{
	int64_t owed_ns = output->paid_ns - sl_clock_mono_ns() - SL_NS_PER_S;

	return owed_ns > 0 ? owed_ns / SL_NS_PER_MS + 1 : 0;
}

/* Reads no more until something has changed, or the time is over. */
static void rest(struct col_script_output *output, int64_t ms)
{
	struct timeval wait = sl_loop_ms(ms);

	event_del(output->readable);
	event_add(output->later, &wait);
}

/* ---- reading ------------------------------------------------------------------ */

/* Takes what is complete; false where that has to wait. */
static bool take_lines(struct col_script_output *output)
{
	struct sl_slice line;

	if (output->held && !give(output)) {
		rest(output, RETRY_MS);
		return false;
	}
	while (output->fd >= 0) {
		if (owed_ms(output) > 0) {
			rest(output, owed_ms(output));
			return false;
		}
		if (!col_lines_next(&output->lines, &line))
			break;
		pay(output, 1);
		if (!take(output, line)) {
			rest(output, RETRY_MS);
			return false;
		}
	}
	count_overlong(output);
	return output->fd >= 0;
}

static void work(struct col_script_output *output)
{
	if (!take_lines(output))
		return;
	if (output->eof)
		output->handler->on_end(output->arg);
	else
		event_add(output->readable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct col_script_output *output = arg;

	(void)what;
	ssize_t n = read(fd, col_lines_room(&output->lines, READ_BYTES), READ_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		col_lines_put(&output->lines, (size_t)n);
		pay(output, (double)n / COST_BYTES);
	} else {
		output->eof = true;
		event_del(output->readable);
	}
	work(output);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	work(arg);
}

/* ---- runs --------------------------------------------------------------------- */

struct col_script_output *col_script_output_new(struct col_script_world *world,
    const struct col_script_settings *settings,
    const struct col_script_output_handler *handler, void *arg)
{
	struct col_script_output *output = calloc(1, sizeof(*output));

	if (output == NULL)
		abort();
	*output = (struct col_script_output){.world = world,
	    .settings = settings,
	    .handler = handler,
	    .arg = arg,
	    .fd = -1,
	    .lines = {.max = settings->line_bytes_max}};
	output->later = evtimer_new(world->process->loop, on_later, output);
	if (output->later == NULL)
		abort();
	return output;
}

void col_script_output_open(struct col_script_output *output, int fd)
{
	output->fd = fd;
	output->eof = output->held = false;
	output->line = 0;
	output->heard_ns = sl_clock_mono_ns();
	output->reader = col_script_line_new(output->world, output->settings->format);
	output->readable = event_new(
	    output->world->process->loop, fd, EV_READ | EV_PERSIST, on_readable, output);
	if (output->readable == NULL || event_add(output->readable, NULL) != 0)
		abort();
}

/* What stands there without an end. */
static void take_last(struct col_script_output *output, bool well)
{
	struct sl_slice line;

	if (output->held || !col_lines_rest(&output->lines, &line))
		return;
	if (well) {
		take(output, line);
		return;
	}
	output->world->figures.malformed++;
	complain(output, "the last line has no end");
}

void col_script_output_close(struct col_script_output *output, bool well)
{
	if (output->fd < 0)
		return;
	take_last(output, well);
	if (output->held)
		sl_log_warn("exec", "lost script=%s events=%zu samples=%zu reason=\"%s\"",
		    output->settings->name, output->batch.event_count,
		    output->batch.sample_count, output->batch.error);
	output->held = false;
	event_del(output->later);
	event_free(output->readable);
	output->readable = NULL;
	close(output->fd);
	output->fd = -1;
	col_lines_reset(&output->lines);
	col_script_line_free(output->reader);
	output->reader = NULL;
}

void col_script_output_free(struct col_script_output *output)
{
	if (output == NULL)
		return;
	col_script_output_close(output, false);
	event_free(output->later);
	col_lines_clear(&output->lines);
	col_batch_clear(&output->batch);
	free(output);
}

bool col_script_output_has_ended(const struct col_script_output *output)
{
	return output->eof && !col_script_output_is_held(output);
}

bool col_script_output_is_held(const struct col_script_output *output)
{
	return output->fd >= 0 && event_pending(output->later, EV_TIMEOUT, NULL);
}

int64_t col_script_output_heard_ns(const struct col_script_output *output)
{
	return output->heard_ns;
}

void col_script_output_retry(struct col_script_output *output)
{
	if (output->held && output->fd >= 0)
		work(output);
}
