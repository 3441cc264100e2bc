/* SPDX-License-Identifier: Apache-2.0 */
#include "logwatch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "log.h"

#define FOLDER                                                                           \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)

struct col_logwatch {
	int fd;
	struct event *event;
	void (*fn)(void *arg, bool folder);
	void *arg;
	bool failed;
};

/* All that waits is taken at once: which files it was is seen by looking. */
static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	_Alignas(struct inotify_event) char buffer[16384];
	struct col_logwatch *watch = arg;
	bool folder = false;
	ssize_t n;

	(void)what;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event =
			    (const struct inotify_event *)(const void *)(buffer + at);

			folder |= (event->mask & ~(uint32_t)IN_MODIFY) != 0;
			at += (ssize_t)sizeof(*event) + event->len;
		}
	watch->fn(watch->arg, folder);
}

struct col_logwatch *col_logwatch_open(
    struct event_base *loop, void (*fn)(void *arg, bool folder), void *arg)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct col_logwatch *watch;

	if (fd < 0) {
		sl_log_warn(
		    "watch", "no inotify, polling only reason=\"%s\"", strerror(errno));
		return NULL;
	}
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		abort();
	*watch = (struct col_logwatch){.fd = fd, .fn = fn, .arg = arg};
	watch->event = event_new(loop, fd, EV_READ | EV_PERSIST, on_ready, watch);
	if (watch->event == NULL || event_add(watch->event, NULL) != 0)
		abort();
	return watch;
}

void col_logwatch_close(struct col_logwatch *watch)
{
	if (watch == NULL)
		return;
	event_free(watch->event);
	close(watch->fd);
	free(watch);
}

static int add(struct col_logwatch *watch, const char *path, uint32_t mask)
{
	int number = watch != NULL ? inotify_add_watch(watch->fd, path, mask) : -1;

	if (number < 0 && watch != NULL && !watch->failed) {
		sl_log_warn("watch", "cannot watch, polling path=\"%s\" reason=\"%s\"",
		    path, strerror(errno));
		watch->failed = true;
	}
	return number;
}

int col_logwatch_folder(struct col_logwatch *watch, const char *path)
{
	return add(watch, path, FOLDER);
}

int col_logwatch_file(struct col_logwatch *watch, const char *path)
{
	return add(watch, path, IN_MODIFY);
}

void col_logwatch_remove(struct col_logwatch *watch, int number)
{
	if (watch != NULL && number >= 0)
		inotify_rm_watch(watch->fd, number);
}
