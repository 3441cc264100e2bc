/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_wait.h"

#include <event2/event.h>
#include <stdlib.h>

#include "clock.h"

/* How late an answer that is not durable may be. */
#define LOOK_MS 50

struct waiter {
	struct sl_http_request *request;
	struct col_give_taken taken;
	int64_t until_ns; /* monotonic */
	struct col_hook_wait *wait;
	struct waiter *next;
};

struct col_hook_wait {
	const struct col_give *give;
	col_hook_wait_fn *answer;
	struct event *timer;
	struct waiter *first;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	col_hook_wait_look(arg);
}

struct col_hook_wait *col_hook_wait_new(
    struct event_base *loop, const struct col_give *give, col_hook_wait_fn *answer)
{
	struct col_hook_wait *wait = calloc(1, sizeof(*wait));

	if (wait == NULL)
		abort();
	wait->give = give;
	wait->answer = answer;
	wait->timer = evtimer_new(loop, on_timer, wait);
	if (wait->timer == NULL)
		abort();
	return wait;
}

void col_hook_wait_free(struct col_hook_wait *wait)
{
	if (wait == NULL)
		return;
	while (wait->first != NULL) {
		struct waiter *gone = wait->first;
		wait->first = gone->next;
		free(gone);
	}
	event_free(wait->timer);
	free(wait);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct waiter *gone = arg, **link = &gone->wait->first;

	(void)request;
	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	free(gone);
}

void col_hook_wait_look(struct col_hook_wait *wait)
{
	struct timeval again = sl_loop_ms(LOOK_MS);
	int64_t now_ns = sl_clock_mono_ns();
	struct waiter **link = &wait->first;

	while (*link != NULL) {
		struct waiter *waiter = *link;
		bool durable = col_give_is_durable(wait->give, waiter->taken.number);
		if (!durable && now_ns < waiter->until_ns) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		sl_http_on_abort(waiter->request, NULL, NULL);
		wait->answer(waiter->request, &waiter->taken, durable);
		free(waiter);
	}
	if (wait->first != NULL)
		event_add(wait->timer, &again);
}

void col_hook_wait_add(struct col_hook_wait *wait, struct sl_http_request *request,
    const struct col_give_taken *taken, int64_t timeout_ms)
{
	struct timeval again = sl_loop_ms(LOOK_MS);

	if (taken->number == 0) {
		wait->answer(request, taken, true);
		return;
	}
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL)
		abort();
	*waiter = (struct waiter){.request = request,
	    .taken = *taken,
	    .until_ns = sl_clock_mono_ns() + timeout_ms * SL_NS_PER_MS,
	    .wait = wait,
	    .next = wait->first};
	wait->first = waiter;
	sl_http_on_abort(request, on_abort, waiter);
	event_add(wait->timer, &again);
}
