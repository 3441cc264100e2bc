/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A hashed wheel: a deadline sits in slot due_tick % SLOTS and is
 * looked at once per turn of the wheel (51 s) until its tick has come.  Setting
 * and clearing are list operations.  While a slot is being run, what is due is
 * first moved to a list of its own, so that callbacks may set and clear
 * anything: clearing unlinks from whichever list a deadline is in.
 */
#include "deadline.h"

#include <stddef.h>
#include <stdlib.h>

#include "clock.h"
#include "loop.h"

#define SLOTS   512u
#define TICK_NS (SL_DEADLINE_TICK_MS * SL_NS_PER_MS)

struct sl_deadline_wheel {
	sl_deadline_fn *fn;
	void *arg;
	struct event *timer; /* NULL without a loop */
	uint64_t tick;       /* everything due at or before it has fired */
	size_t set_count;
	struct sl_deadline *slots[SLOTS];
};

static void link_into(struct sl_deadline **list, struct sl_deadline *deadline)
{
	deadline->next = *list;
	deadline->link = list;
	if (*list)
		(*list)->link = &deadline->next;
	*list = deadline;
}

static void unlink_from_list(struct sl_deadline *deadline)
{
	*deadline->link = deadline->next;
	if (deadline->next)
		deadline->next->link = deadline->link;
	deadline->next = NULL;
	deadline->link = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sl_deadline_wheel_run(arg, sl_clock_mono_ns());
}

struct sl_deadline_wheel *sl_deadline_wheel_new(
    struct event_base *base, sl_deadline_fn *fn, void *arg)
{
	struct sl_deadline_wheel *wheel = calloc(1, sizeof *wheel);

	if (!wheel)
		abort();
	wheel->fn = fn;
	wheel->arg = arg;
	if (base) {
		wheel->timer = event_new(base, -1, EV_PERSIST, on_timer, wheel);
		if (!wheel->timer)
			abort();
	}
	return wheel;
}

void sl_deadline_wheel_free(struct sl_deadline_wheel *wheel)
{
	if (!wheel)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (wheel->slots[i])
			unlink_from_list(wheel->slots[i]);
	if (wheel->timer)
		event_free(wheel->timer);
	free(wheel);
}

void sl_deadline_set(
    struct sl_deadline_wheel *wheel, struct sl_deadline *deadline, int64_t due_ns)
{
	if (deadline->link)
		sl_deadline_clear(wheel, deadline);
	if (wheel->set_count == 0) {
		/* Nothing was waiting, so the wheel may have stood still. */
		wheel->tick = (uint64_t)(sl_clock_mono_ns() / TICK_NS);
		if (wheel->timer) {
			struct timeval period = sl_loop_ms(SL_DEADLINE_TICK_MS);
			event_add(wheel->timer, &period);
		}
	}
	uint64_t due = due_ns > 0 ? ((uint64_t)due_ns + TICK_NS - 1) / TICK_NS : 0;
	if (due <= wheel->tick)
		due = wheel->tick + 1;
	deadline->due_tick = (uint32_t)due;
	link_into(&wheel->slots[due % SLOTS], deadline);
	wheel->set_count++;
}

void sl_deadline_clear(struct sl_deadline_wheel *wheel, struct sl_deadline *deadline)
{
	if (!deadline->link)
		return;
	unlink_from_list(deadline);
	if (--wheel->set_count == 0 && wheel->timer)
		event_del(wheel->timer);
}

/* Fires what is due in the slot of the wheel's present tick. */
static void run_slot(struct sl_deadline_wheel *wheel)
{
	struct sl_deadline *due = NULL;
	uint32_t tick = (uint32_t)wheel->tick;
	struct sl_deadline *next;

	for (struct sl_deadline *d = wheel->slots[wheel->tick % SLOTS]; d; d = next) {
		next = d->next;
		/* Differences of ticks are meaningful across the wrap at 2^32. */
		if ((int32_t)(d->due_tick - tick) <= 0) {
			unlink_from_list(d);
			link_into(&due, d);
		}
	}
	while (due) {
		struct sl_deadline *d = due;
		sl_deadline_clear(wheel, d);
		wheel->fn(wheel->arg, d);
	}
}

void sl_deadline_wheel_run(struct sl_deadline_wheel *wheel, int64_t now_ns)
{
	uint64_t now = (uint64_t)(now_ns / TICK_NS);

	/* After a long pause one turn sees every slot. */
	if (wheel->set_count > 0 && now > wheel->tick + SLOTS)
		wheel->tick = now - SLOTS;
	while (wheel->set_count > 0 && wheel->tick < now) {
		wheel->tick++;
		run_slot(wheel);
	}
}
