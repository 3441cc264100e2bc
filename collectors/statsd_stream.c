/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lines.h"

#define READ_BYTES 65536

/* Reads of one connection at the end, so that who sends for ever does not stop it. */
#define DRAIN_READS 256

struct stream {
	LIST_ENTRY(stream) link;
	struct col_statsd_streams *streams;
	int fd;
	struct event *event;
	struct col_lines lines;
};

struct col_statsd_streams {
	struct event_base *loop;
	struct col_statsd_take *take;
	struct col_statsd_figures *figures;
	LIST_HEAD(, stream) open;
	size_t count, max;
};

static void stream_close(struct stream *stream)
{
	struct col_statsd_streams *streams = stream->streams;
	struct sl_slice line;

	/* Whoever ends without a line end has said all the same. */
	if (col_lines_rest(&stream->lines, &line))
		col_statsd_take_line(streams->take, line);
	col_lines_clear(&stream->lines);
	LIST_REMOVE(stream, link);
	streams->count--;
	event_free(stream->event);
	close(stream->fd);
	free(stream);
}

/* False when nothing more comes: for now, or ever. */
static bool read_once(struct stream *stream, bool *ended)
{
	struct col_statsd_streams *streams = stream->streams;
	struct col_lines *lines = &stream->lines;
	uint64_t overlong = lines->overlong;
	struct sl_slice line;

	ssize_t got =
	    recv(stream->fd, col_lines_room(lines, READ_BYTES), READ_BYTES, MSG_DONTWAIT);
	if (got > 0) {
		streams->figures->bytes += (uint64_t)got;
		col_lines_put(lines, (size_t)got);
		while (col_lines_next(lines, &line))
			col_statsd_take_line(streams->take, line);
		streams->figures->malformed += lines->overlong - overlong;
	} else {
		*ended = got == 0 || (errno != EAGAIN && errno != EINTR);
	}
	col_lines_trim(lines);
	return got > 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	bool ended = false;

	(void)fd;
	(void)what;
	read_once(stream, &ended);
	if (ended)
		stream_close(stream);
}

struct col_statsd_streams *col_statsd_streams_new(
    struct event_base *loop, struct col_statsd_figures *figures)
{
	struct col_statsd_streams *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		abort();
	streams->loop = loop;
	streams->figures = figures;
	LIST_INIT(&streams->open);
	return streams;
}

void col_statsd_streams_free(struct col_statsd_streams *streams)
{
	if (streams == NULL)
		return;
	while (!LIST_EMPTY(&streams->open))
		stream_close(LIST_FIRST(&streams->open));
	free(streams);
}

void col_statsd_streams_use(
    struct col_statsd_streams *streams, struct col_statsd_take *take)
{
	streams->take = take;
}

void col_statsd_streams_limit(struct col_statsd_streams *streams, size_t max)
{
	streams->max = max;
}

void col_statsd_streams_accept(void *arg, int fd, const struct sl_addr *peer)
{
	struct col_statsd_streams *streams = arg;
	int on = 1;

	(void)peer;
	if (streams->count >= streams->max) {
		streams->figures->turned_away++;
		close(fd);
		return;
	}
	struct stream *stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		abort();
	/* A sender that is gone without a word does not keep its place for ever. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	stream->streams = streams;
	stream->fd = fd;
	stream->lines.max = COL_STATSD_LINE_MAX;
	stream->event =
	    event_new(streams->loop, fd, EV_READ | EV_PERSIST, on_readable, stream);
	if (stream->event == NULL || event_add(stream->event, NULL) != 0)
		abort();
	LIST_INSERT_HEAD(&streams->open, stream, link);
	streams->count++;
}

void col_statsd_streams_drain(struct col_statsd_streams *streams)
{
	struct stream *stream;
	bool ended;

	LIST_FOREACH (stream, &streams->open, link) {
		for (int i = 0; i < DRAIN_READS && read_once(stream, &ended); i++)
			;
	}
}
