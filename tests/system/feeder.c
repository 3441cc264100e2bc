/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector that writes what it reads: one line on stdin, one record into
 * the ring, one line of answer, so that a test says what a source sees.
 *
 *	METRIC VALUE[@AGE] [KEY=VALUE,…]    a sample, of so many seconds ago
 *	event TYPE[@sub=S|@role=R] JSON     an event, for this audience only
 *	flush                               answers when the aggregator has all
 *
 * Answers "ok", or "failed: " and why.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sightline/collector.h>

#define SERIES_MAX     256
#define LINE_MAX_BYTES (SIGHTLINE_PAYLOAD_MAX + 512)
#define WAIT_MS        20000

static struct sightline_collector *collector;
static char *series[SERIES_MAX]; /* what a sample's line begins with, by handle */
static uint32_t series_count;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static size_t split_labels(char *text, struct sightline_label *label)
{
	size_t count = 0;
	char *save = NULL;

	for (char *pair = strtok_r(text, ",", &save);
	     pair && count < SIGHTLINE_LABELS_MAX; pair = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(pair, '=');
		if (!equals)
			continue;
		*equals = '\0';
		label[count].key = pair;
		label[count++].value = equals + 1;
	}
	return count;
}

static int find_series(const char *name, const char *labels, uint32_t *handle)
{
	struct sightline_label label[SIGHTLINE_LABELS_MAX];
	char key[1024];
	char split[1024];

	snprintf(key, sizeof key, "%s %s", name, labels);
	for (*handle = 0; *handle < series_count; (*handle)++)
		if (strcmp(series[*handle], key) == 0)
			return 0;
	if (series_count == SERIES_MAX)
		return SIGHTLINE_ETOOBIG;
	snprintf(split, sizeof split, "%s", labels);
	struct sightline_metric metric = {.name = name, .labels = label};
	metric.label_count = split_labels(split, label);
	int error = sightline_define(collector, &metric, handle);
	if (error == 0)
		series[series_count++] = strdup(key);
	return error;
}

static int write_event(char *type, const char *payload)
{
	struct sightline_event event = {
	    .type = type, .payload = payload, .payload_bytes = strlen(payload)};
	char *at = strchr(type, '@');
	char *equals = at ? strchr(at, '=') : NULL;

	if (equals) {
		*at = *equals = '\0';
		event.audience =
		    strcmp(at + 1, "sub") == 0 ? SIGHTLINE_SUB : SIGHTLINE_ROLE;
		event.audience_name = equals + 1;
	}
	return sightline_push_event(collector, &event, WAIT_MS);
}

static int write_sample(const char *metric, const char *value, const char *labels)
{
	char *rest;
	double number = strtod(value, &rest);
	int64_t time_ns = 0;
	uint32_t handle;
	struct timespec now;

	if (*rest == '@' && clock_gettime(CLOCK_REALTIME, &now) == 0)
		time_ns = (now.tv_sec - strtol(rest + 1, NULL, 10)) * 1000000000LL +
			  now.tv_nsec;
	int error = find_series(metric, labels, &handle);
	return error ? error : sightline_push(collector, handle, number, time_ns);
}

static int write_line(char *line)
{
	char *save = NULL;
	const char *first = strtok_r(line, " ", &save);
	char *second = strtok_r(NULL, " ", &save);

	if (first && strcmp(first, "flush") == 0)
		return sightline_flush(collector, WAIT_MS);
	if (!first || !second)
		return SIGHTLINE_EINVAL;
	if (strcmp(first, "event") == 0)
		return write_event(second, save);
	return write_sample(first, second, save ? save : "");
}

static void answer(char *line)
{
	int error = write_line(line);

	if (error == 0)
		puts("ok");
	else
		printf("failed: %s\n", sightline_strerror(error));
	fflush(stdout);
}

/* Takes the whole lines out of text, which holds *len bytes. */
static void take_lines(char *text, size_t *len)
{
	char *end;

	while ((end = memchr(text, '\n', *len)) != NULL) {
		*end++ = '\0';
		answer(text);
		*len -= (size_t)(end - text);
		memmove(text, end, *len);
	}
}

static void serve(void)
{
	static char text[LINE_MAX_BYTES];
	size_t len = 0;

	while (!ended) {
		struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
		    {.fd = sightline_fd(collector), .events = POLLIN}};
		if (poll(wait, 2, 1000) < 0 && errno != EINTR)
			return;
		sightline_service(collector);
		if (!(wait[0].revents & (POLLIN | POLLHUP)))
			continue;
		ssize_t n = read(STDIN_FILENO, text + len, sizeof text - len);
		if (n <= 0)
			return;
		len += (size_t)n;
		take_lines(text, &len);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s ATTACH-SOCKET SOURCE\n", argv[0]);
		return 64;
	}
	struct sigaction action = {.sa_handler = on_signal};
	struct sightline_options options = {.source = argv[2], .attach_path = argv[1]};
	sigaction(SIGTERM, &action, NULL);
	int error = sightline_open(&collector, &options);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[1], sightline_strerror(error));
		return 70;
	}
	serve();
	sightline_close(collector);
	for (uint32_t i = 0; i < series_count; i++)
		free(series[i]);
	return 0;
}
