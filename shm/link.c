/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "fence.h"

#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 1000

static int watch(struct sl_link *link, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(link->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? SL_OK : SL_ESYS;
}

/* Arms the timer for the next try: back-off, and up to a quarter more. */
static void retry_later(struct sl_link *link)
{
	link->jitter = link->jitter * 1664525u + 1013904223u;
	int ms =
	    link->backoff_ms + (int)(link->jitter >> 16) % (link->backoff_ms / 4 + 1);
	struct itimerspec when = {
	    .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * SL_NS_PER_MS}};

	timerfd_settime(link->timer, 0, &when, NULL);
	link->backoff_ms =
	    link->backoff_ms < BACKOFF_MAX_MS / 2 ? link->backoff_ms * 2 : BACKOFF_MAX_MS;
}

/* The one place where an attachment, or a try, ends. */
static void detach(struct sl_link *link, enum sl_link_state state)
{
	if (link->sock >= 0)
		close(link->sock); /* leaves the epoll set with it */
	link->sock = -1;
	link->state = state;
	/* The next consumer may not make heavy fences. */
	sl_ring_writer_set_fenced(link->ring, true);
	retry_later(link);
}

static void offer(struct sl_link *link)
{
	if (sl_attach_connect(link->path, &link->sock) < 0) {
		link->sock = -1;
		detach(link, SL_LINK_DETACHED);
		return;
	}
	if (watch(link, link->sock) < 0 || sl_attach_send_hello(link->sock, &link->hello,
					       link->segment->fd, link->doorbell) < 0) {
		detach(link, SL_LINK_DETACHED);
		return;
	}
	link->state = SL_LINK_ATTACHING;
}

/* Takes one answer; the state to detach into, or -1 to go on. */
static int take_answer(struct sl_link *link, const struct sl_attach_answer *answer)
{
	bool expected = answer->kind == SL_ATTACH_PROGRESS
			    ? link->state == SL_LINK_ATTACHED
			    : link->state == SL_LINK_ATTACHING;

	if (!expected)
		return SL_LINK_DETACHED;
	if (answer->kind == SL_ATTACH_REFUSED) {
		memcpy(link->refusal, answer->reason, sizeof(link->refusal));
		link->refusals++;
		/* Somebody has to change something first; no hurry. */
		link->backoff_ms = BACKOFF_MAX_MS;
		return SL_LINK_REFUSED;
	}
	link->positions = answer->positions;
	if (answer->kind == SL_ATTACH_ACCEPTED) {
		link->state = SL_LINK_ATTACHED;
		link->backoff_ms = BACKOFF_MIN_MS;
		link->refusal[0] = '\0';
		link->attaches++;
		sl_ring_writer_set_fenced(
		    link->ring, !answer->heavy_fence || !link->hello.registered);
	}
	return -1;
}

void sl_link_service(struct sl_link *link)
{
	struct sl_attach_answer answer;
	uint64_t expirations;
	int err;

	if (link->sock < 0) {
		if (read(link->timer, &expirations, sizeof(expirations)) > 0)
			offer(link);
		return;
	}
	while ((err = sl_attach_receive_answer(link->sock, &answer)) == SL_OK) {
		int ends = take_answer(link, &answer);

		if (ends >= 0) {
			detach(link, (enum sl_link_state)ends);
			return;
		}
	}
	if (err != SL_EAGAIN)
		detach(link, SL_LINK_DETACHED);
}

int sl_link_open(struct sl_link *link, const char *path, const char *source,
    uint64_t line, const struct sl_segment *segment, struct sl_ring_writer *ring,
    int doorbell)
{
	*link = (struct sl_link){
	    .ring = ring,
	    .segment = segment,
	    .doorbell = doorbell,
	    .epoll = -1,
	    .timer = -1,
	    .sock = -1,
	    .backoff_ms = BACKOFF_MIN_MS,
	    .jitter = (uint32_t)segment->id,
	    .hello = {.line = line, .segment_id = segment->id},
	};
	if (!sl_attach_source_valid(source, strlen(source)))
		return SL_EINVAL;
	if (strlen(path) >= sizeof(link->path))
		return SL_ETOOBIG;
	memcpy(link->hello.source, source, strlen(source));
	memcpy(link->path, path, strlen(path));
	link->hello.registered = sl_fence_register();
	link->epoll = epoll_create1(EPOLL_CLOEXEC);
	link->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (link->epoll < 0 || link->timer < 0 || watch(link, link->timer) < 0)
		return SL_ESYS;
	offer(link);
	return SL_OK;
}

void sl_link_close(struct sl_link *link)
{
	int fds[] = {link->sock, link->timer, link->epoll};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	link->sock = link->timer = link->epoll = -1;
}
