/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GONE_MS 2000 /* without a word from the keeper */

struct col_keeper_link {
	int fd;
	size_t script_count;
	const struct col_keeper_handler *handler;
	void *arg;
	struct event *event;
};

static size_t take_descriptors(struct msghdr *header, int fd[COL_KEEPER_FDS])
{
	struct cmsghdr *item = CMSG_FIRSTHDR(header);

	if (item == NULL || item->cmsg_level != SOL_SOCKET ||
	    item->cmsg_type != SCM_RIGHTS)
		return 0;
	size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fd, CMSG_DATA(item), count * sizeof(int));
	return count;
}

static void dispatch(struct col_keeper_link *link,
    const struct col_keeper_message *message, const int *fd, size_t fd_count)
{
	const struct col_keeper_handler *handler = link->handler;

	switch (message->verb) {
	case COL_KEEPER_STARTED:
		handler->started(link->arg, message->script, fd[0], fd[1],
		    fd_count == COL_KEEPER_FDS ? fd[2] : -1);
		break;
	case COL_KEEPER_FAILED:
		handler->failed(link->arg, message->script, message->value);
		break;
	case COL_KEEPER_ENDED:
		handler->ended(link->arg, message->script, message->value);
		break;
	}
}

/* False where the keeper has ended. */
static bool receive(struct col_keeper_link *link)
{
	struct col_keeper_message message;
	int fd[COL_KEEPER_FDS] = {-1, -1, -1};
	union {
		char bytes[CMSG_SPACE(COL_KEEPER_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &data,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(link->fd, &header, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	size_t fd_count = take_descriptors(&header, fd);
	if (n == (ssize_t)sizeof(message) && message.script < link->script_count &&
	    (message.verb != COL_KEEPER_STARTED || fd_count >= 2)) {
		dispatch(link, &message, fd, fd_count);
		return true;
	}
	for (size_t i = 0; i < fd_count; i++)
		close(fd[i]);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct col_keeper_link *link = arg;

	(void)fd;
	(void)what;
	if (receive(link))
		return;
	event_del(link->event);
	link->handler->gone(link->arg);
}

struct col_keeper_link *col_keeper_link_new(struct event_base *loop, int fd,
    size_t script_count, const struct col_keeper_handler *handler, void *arg)
{
	struct col_keeper_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		abort();
	*link = (struct col_keeper_link){
	    .fd = fd, .script_count = script_count, .handler = handler, .arg = arg};
	link->event = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable, link);
	if (link->event == NULL || event_add(link->event, NULL) != 0)
		abort();
	return link;
}

/* Until it is gone nobody who starts us again can be sure of the scripts. */
static void wait_until_gone(int fd)
{
	char bytes[64];
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	shutdown(fd, SHUT_WR);
	while (poll(&wait, 1, GONE_MS) > 0 && recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

void col_keeper_link_close(struct col_keeper_link *link)
{
	if (link == NULL)
		return;
	event_free(link->event);
	wait_until_gone(link->fd);
	close(link->fd);
	free(link);
}

bool col_keeper_link_ask(
    struct col_keeper_link *link, enum col_keeper_verb verb, size_t script)
{
	struct col_keeper_message message = {verb, (uint32_t)script, 0};

	return send(link->fd, &message, sizeof(message), MSG_NOSIGNAL) ==
	       (ssize_t)sizeof(message);
}
