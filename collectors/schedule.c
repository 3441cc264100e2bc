/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "log.h"

#define GROUPS_MAX 32

/* Timers fire a little late; one that fires early still counts as on time. */
#define EARLY_NS (2 * SL_NS_PER_MS)

struct group {
	const char *name;
	int64_t interval_ns; /* 0: off */
	int64_t due_ns;
	bool stretched; /* rests for longer than its interval; logged once */
	col_schedule_fn *run;
	void *arg;
};

struct col_schedule {
	struct event *timer;
	void (*done)(void *arg);
	void *arg;
	struct group group[GROUPS_MAX];
	unsigned count;
};

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * SL_NS_PER_S + ts.tv_nsec;
}

int64_t col_schedule_next(int64_t ran_ns, int64_t cost_ns, int64_t interval_ns)
{
	int64_t next_ns = (ran_ns / interval_ns + 1) * interval_ns;
	int64_t rest_ns = cost_ns * COL_SCHEDULE_REST;

	if (rest_ns <= interval_ns)
		rest_ns = interval_ns / 2;
	if (next_ns - ran_ns < rest_ns)
		next_ns += (rest_ns - (next_ns - ran_ns) + interval_ns - 1) /
			   interval_ns * interval_ns;
	return next_ns;
}

static void arm(struct col_schedule *schedule)
{
	int64_t first_ns = INT64_MAX;

	for (unsigned i = 0; i < schedule->count; i++)
		if (schedule->group[i].interval_ns > 0 &&
		    schedule->group[i].due_ns < first_ns)
			first_ns = schedule->group[i].due_ns;
	if (first_ns == INT64_MAX) {
		event_del(schedule->timer);
		return;
	}
	int64_t wait_ns = first_ns - sl_clock_mono_ns();
	if (wait_ns < 0)
		wait_ns = 0;
	/* Rounded up: waking early would only mean waking twice. */
	struct timeval wait = sl_loop_ms((wait_ns + SL_NS_PER_MS - 1) / SL_NS_PER_MS);
	event_add(schedule->timer, &wait);
}

static void run_group(struct group *group)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};
	int64_t before_ns = cpu_ns();

	group->run(group->arg, &tick);
	int64_t cost_ns = cpu_ns() - before_ns;
	/* An early wake-up belongs to the turn that it was meant for. */
	int64_t ran_ns = tick.mono_ns < group->due_ns ? group->due_ns : tick.mono_ns;
	group->due_ns = col_schedule_next(ran_ns, cost_ns, group->interval_ns);
	if (cost_ns * COL_SCHEDULE_REST > group->interval_ns && !group->stretched) {
		group->stretched = true;
		sl_log_info("schedule",
		    "reading is costly, made rarer group=%s cpu_us=%lld next_ms=%lld",
		    group->name, (long long)(cost_ns / SL_NS_PER_US),
		    (long long)((group->due_ns - ran_ns) / SL_NS_PER_MS));
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct col_schedule *schedule = arg;
	int64_t now_ns = sl_clock_mono_ns();
	bool ran = false;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < schedule->count; i++) {
		struct group *group = &schedule->group[i];
		if (group->interval_ns == 0 || group->due_ns > now_ns + EARLY_NS)
			continue;
		run_group(group);
		ran = true;
	}
	if (ran)
		schedule->done(schedule->arg);
	arm(schedule);
}

struct col_schedule *col_schedule_new(
    struct event_base *loop, void (*done)(void *arg), void *arg)
{
	struct col_schedule *schedule = calloc(1, sizeof(*schedule));

	if (schedule == NULL)
		abort();
	schedule->done = done;
	schedule->arg = arg;
	schedule->timer = evtimer_new(loop, on_timer, schedule);
	if (schedule->timer == NULL)
		abort();
	return schedule;
}

void col_schedule_free(struct col_schedule *schedule)
{
	if (schedule == NULL)
		return;
	event_free(schedule->timer);
	free(schedule);
}

unsigned col_schedule_add(struct col_schedule *schedule, const char *name,
    int64_t interval_ms, col_schedule_fn *run, void *arg)
{
	if (schedule->count == GROUPS_MAX)
		abort();
	schedule->group[schedule->count] =
	    (struct group){.name = name, .run = run, .arg = arg};
	col_schedule_set(schedule, schedule->count, interval_ms);
	return schedule->count++;
}

void col_schedule_set(struct col_schedule *schedule, unsigned group, int64_t interval_ms)
{
	schedule->group[group].interval_ns = interval_ms * SL_NS_PER_MS;
	schedule->group[group].stretched = false;
	/* The first reading is at once: rates need one before they give a value. */
	schedule->group[group].due_ns = sl_clock_mono_ns();
	struct timeval now = {0};
	event_add(schedule->timer, &now);
}
