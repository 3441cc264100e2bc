/* SPDX-License-Identifier: Apache-2.0 */
#include "script_errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "lines.h"
#include "log.h"

#define LINE_BYTES  512u
#define READ_BYTES  16384u
#define BURST       20 /* lines in a window that are written */
#define WINDOW_NS   (10 * SL_NS_PER_S)
#define SLOW_MS     100 /* between two reads while more comes than is written */
#define CLOSE_READS 4u  /* of what is left at the end */

struct col_script_errors {
	struct event_base *loop;
	const char *name;
	uint64_t *count;
	int fd; /* -1: no run */
	struct event *readable;
	struct event *later;
	struct col_lines lines;
	int64_t window_ends_ns;
	unsigned written; /* in this window */
	uint64_t skipped; /* likewise */
};

static enum sl_log_level level_of(struct sl_slice *line)
{
	static const char letters[] = "EWID";
	static const enum sl_log_level levels[] = {
	    SL_LOG_ERROR, SL_LOG_WARN, SL_LOG_INFO, SL_LOG_DEBUG};

	if (line->len < 3 || line->data[1] != '!' || line->data[2] != ' ')
		return SL_LOG_WARN;
	const char *letter = strchr(letters, line->data[0]);
	if (letter == NULL || *letter == '\0')
		return SL_LOG_WARN;
	line->data += 3;
	line->len -= 3;
	return levels[letter - letters];
}

/* A new window says first how much of the last one was left out. */
static void turn_window(struct col_script_errors *errors)
{
	int64_t now_ns = sl_clock_mono_ns();

	if (now_ns < errors->window_ends_ns)
		return;
	if (errors->skipped > 0)
		sl_log_warn("exec", "stderr script=%s skipped=%llu", errors->name,
		    (unsigned long long)errors->skipped);
	errors->window_ends_ns = now_ns + WINDOW_NS;
	errors->written = 0;
	errors->skipped = 0;
}

static void write_line(struct col_script_errors *errors, struct sl_slice line)
{
	turn_window(errors);
	++*errors->count;
	if (errors->written == BURST) {
		errors->skipped++;
		return;
	}
	errors->written++;
	enum sl_log_level level = level_of(&line);
	sl_log(level, "exec", "stderr script=%s text=\"%.*s\"", errors->name,
	    (int)line.len, line.data);
}

/* False at the end, or where nothing is there now. */
static bool read_some(struct col_script_errors *errors, bool *ended)
{
	struct sl_slice line;
	ssize_t n =
	    read(errors->fd, col_lines_room(&errors->lines, READ_BYTES), READ_BYTES);

	*ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n <= 0)
		return false;
	col_lines_put(&errors->lines, (size_t)n);
	while (col_lines_next(&errors->lines, &line))
		write_line(errors, line);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct col_script_errors *errors = arg;
	bool ended = false;

	(void)fd;
	(void)what;
	read_some(errors, &ended);
	if (ended || errors->skipped > 0)
		event_del(errors->readable);
	if (!ended && errors->skipped > 0) {
		struct timeval wait = sl_loop_ms(SLOW_MS);
		event_add(errors->later, &wait);
	}
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct col_script_errors *errors = arg;

	(void)fd;
	(void)what;
	turn_window(errors);
	event_add(errors->readable, NULL);
}

struct col_script_errors *col_script_errors_new(
    struct event_base *loop, const char *name, uint64_t *count)
{
	struct col_script_errors *errors = calloc(1, sizeof(*errors));

	if (errors == NULL)
		abort();
	*errors = (struct col_script_errors){.loop = loop,
	    .name = name,
	    .count = count,
	    .fd = -1,
	    .lines = {.max = LINE_BYTES, .cut = true}};
	errors->later = evtimer_new(loop, on_later, errors);
	if (errors->later == NULL)
		abort();
	return errors;
}

void col_script_errors_open(struct col_script_errors *errors, int fd)
{
	errors->fd = fd;
	errors->readable =
	    event_new(errors->loop, fd, EV_READ | EV_PERSIST, on_readable, errors);
	if (errors->readable == NULL || event_add(errors->readable, NULL) != 0)
		abort();
}

void col_script_errors_close(struct col_script_errors *errors)
{
	struct sl_slice line;
	bool ended = false;

	if (errors->fd < 0)
		return;
	for (unsigned i = 0; i < CLOSE_READS && read_some(errors, &ended); i++)
		;
	if (col_lines_rest(&errors->lines, &line))
		write_line(errors, line);
	event_del(errors->later);
	event_free(errors->readable);
	errors->readable = NULL;
	close(errors->fd);
	errors->fd = -1;
	col_lines_reset(&errors->lines);
}

void col_script_errors_free(struct col_script_errors *errors)
{
	if (errors == NULL)
		return;
	col_script_errors_close(errors);
	event_free(errors->later);
	col_lines_clear(&errors->lines);
	free(errors);
}
