/* SPDX-License-Identifier: Apache-2.0 */
/* Coarse deadlines for many objects: a timer wheel, O(1) per change. */
#ifndef SL_DEADLINE_H
#define SL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct sl_deadline_wheel;

/* Resolution: a deadline fires up to this much late and never early. */
#define SL_DEADLINE_TICK_MS 100

/*
 * Intrusive: lives inside the object that has the deadline (24 bytes).  All
 * zeroes is "not set".
 */
struct sl_deadline {
	struct sl_deadline *next;
	struct sl_deadline **link; /* what points at this one; NULL: not set */
	uint32_t due_tick;
};

/*
 * Called from the loop once per expired deadline, which is already unset.  May
 * set or clear any deadline of the wheel and free the object.
 */
typedef void sl_deadline_fn(void *arg, struct sl_deadline *deadline);

/*
 * sl_deadline_wheel_new makes a wheel whose deadlines share one callback: one
 * wheel per kind of deadline.  It costs one timer event, which runs only
 * while a deadline is set.  base may be NULL: then only
 * sl_deadline_wheel_run advances it.
 */
struct sl_deadline_wheel *sl_deadline_wheel_new(
    struct event_base *base, sl_deadline_fn *fn, void *arg);

/*
 * sl_deadline_wheel_free frees the wheel; deadlines still set are unset
 * without being called.  Accepts NULL.
 */
void sl_deadline_wheel_free(struct sl_deadline_wheel *wheel);

/*
 * sl_deadline_set makes the deadline fire at due_ns of the monotonic clock
 * (sl_clock_mono_ns), replacing what was set.  Never allocates.
 */
void sl_deadline_set(
    struct sl_deadline_wheel *wheel, struct sl_deadline *deadline, int64_t due_ns);

/* sl_deadline_clear unsets the deadline; harmless if it is not set. */
void sl_deadline_clear(struct sl_deadline_wheel *wheel, struct sl_deadline *deadline);

/* sl_deadline_is_set says whether the deadline waits. */
static inline bool sl_deadline_is_set(const struct sl_deadline *deadline)
{
	return deadline->link != 0;
}

/*
 * sl_deadline_wheel_run fires everything that is due at now_ns.  The wheel's
 * own timer calls it; tests call it with their own time.
 */
void sl_deadline_wheel_run(struct sl_deadline_wheel *wheel, int64_t now_ns);

#endif
