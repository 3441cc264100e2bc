/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_sync.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"

/*
 * Design notes.
 *
 * - A segment enters the list unsynced when the loop takes it and leaves it
 *   once it is synced to its end, so only the last of the list is appended to.
 *   While a segment is in the list, synced is the thread's alone.
 * - durable never passes begun, begun never passes appended; begun moves only
 *   after durable has reached its former value, or a sync has failed.
 * - A long sync goes in chunks, and between two of them a segment that the
 *   loop waits for is made: under a flood the loop needs the next segment
 *   sooner than the disk is done with the last.
 * - Making a segment fails where the disk is full: it is tried again every
 *   period, not more often.
 */
#define SYNC_CHUNK (1024u * 1024u)

/* Not sl_clock_mono_ns: that one may be faked, by and for one thread. */
static int64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SL_NS_PER_S + now.tv_nsec;
}

static void count_failure(struct agg_journal_sync *sync, int error)
{
	pthread_mutex_lock(&sync->mutex);
	bool first = sync->failures++ == 0;
	pthread_mutex_unlock(&sync->mutex);
	if (first)
		sl_log_error(
		    "journal", "sync failed, trying again error=\"%s\"", strerror(error));
}

/* Makes the segment that the loop wants, if it wants one. */
static void make_ahead(struct agg_journal_sync *sync)
{
	struct agg_journal_segment *segment = NULL;
	int error = 0;

	pthread_mutex_lock(&sync->mutex);
	uint32_t number = sync->wanted;
	pthread_mutex_unlock(&sync->mutex);
	if (number == 0)
		return;
	int rc = agg_journal_segment_create(
	    sync->dirfd, number, sync->segment_bytes, &segment, &error);
	if (rc == SL_ENOMEM)
		error = ENOMEM;

	pthread_mutex_lock(&sync->mutex);
	int before = sync->space_errno;
	sync->space_errno = rc == 0 ? 0 : error;
	if (rc == 0) {
		sync->ready = segment;
		sync->wanted = 0;
	}
	pthread_mutex_unlock(&sync->mutex);
	if (rc != 0 && before == 0)
		sl_log_error("journal",
		    "no space for the next segment, events will wait number=%u "
		    "error=\"%s\"",
		    number, strerror(error));
	else if (rc == 0 && before != 0)
		sl_log_info(
		    "journal", "space for the next segment again number=%u", number);
}

/* Syncs one segment up to an offset, in chunks. */
static int sync_segment(
    struct agg_journal_sync *sync, struct agg_journal_segment *segment, uint32_t to)
{
	while (segment->synced < to) {
		uint32_t left = to - segment->synced;
		uint32_t stop = segment->synced + (left < SYNC_CHUNK ? left : SYNC_CHUNK);
		int error = agg_journal_segment_sync(segment, segment->synced, stop);
		if (error != 0) {
			count_failure(sync, error);
			return SL_ESYS;
		}
		segment->synced = stop;
		make_ahead(sync);
	}
	return 0;
}

/* Syncs the segments of the list up to a place. */
static int sync_list(struct agg_journal_sync *sync, uint64_t target)
{
	uint32_t last = (uint32_t)(target >> 32);

	for (;;) {
		pthread_mutex_lock(&sync->mutex);
		struct agg_journal_segment *segment = sync->unsynced;
		pthread_mutex_unlock(&sync->mutex);
		if (segment->number > last)
			return 0;
		bool full = segment->number < last;
		int rc =
		    sync_segment(sync, segment, full ? segment->size : (uint32_t)target);
		if (rc != 0 || !full)
			return rc;
		agg_journal_segment_forget(segment);
		pthread_mutex_lock(&sync->mutex);
		sync->unsynced = segment->next_unsynced;
		pthread_mutex_unlock(&sync->mutex);
	}
}

static void sync_once(struct agg_journal_sync *sync)
{
	/* Acquire: pairs with the release in agg_journal_sync_publish. */
	uint64_t target = atomic_load_explicit(&sync->appended, memory_order_acquire);
	uint64_t one = 1;

	if (target == atomic_load_explicit(&sync->durable, memory_order_relaxed))
		return;
	/* Release: pairs with the acquire in agg_journal_sources_moved. */
	atomic_store_explicit(&sync->begun, target, memory_order_release);
	int64_t start_ns = mono_ns();
	if (sync_list(sync, target) != 0)
		return;
	/* Release: pairs with the acquires in journal.c and journal_sources.c. */
	atomic_store_explicit(&sync->durable, target, memory_order_release);

	int64_t took_ns = mono_ns() - start_ns;
	pthread_mutex_lock(&sync->mutex);
	sync->syncs++;
	if (took_ns > sync->worst_ns)
		sync->worst_ns = took_ns;
	pthread_mutex_unlock(&sync->mutex);
	ssize_t ignored = write(sync->event_fd, &one, sizeof one);
	(void)ignored; /* full means that it is readable already */
}

/* Removes retired segments whose copies are durable; all of them if told so. */
static void remove_retired(struct agg_journal_sync *sync)
{
	uint64_t durable = atomic_load_explicit(&sync->durable, memory_order_relaxed);
	struct agg_journal_segment *gone = NULL;

	pthread_mutex_lock(&sync->mutex);
	struct agg_journal_segment **at = &sync->retired;
	while (*at) {
		struct agg_journal_segment *segment = *at;
		if (segment->retired > durable || segment->number >= durable >> 32) {
			at = &segment->next_retired;
			continue;
		}
		*at = segment->next_retired;
		segment->next_retired = gone;
		gone = segment;
	}
	pthread_mutex_unlock(&sync->mutex);
	while (gone) {
		struct agg_journal_segment *segment = gone;
		gone = segment->next_retired;
		agg_journal_segment_remove(sync->dirfd, segment);
	}
}

/* Waits until there is something to do; true when it is time to end. */
static bool wait_for_work(struct agg_journal_sync *sync)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t at_ns = until.tv_nsec + sync->period_ns;
	until.tv_sec += at_ns / SL_NS_PER_S;
	until.tv_nsec = at_ns % SL_NS_PER_S;

	pthread_mutex_lock(&sync->mutex);
	while (
	    !sync->stop && !sync->hurry && (sync->wanted == 0 || sync->space_errno != 0))
		if (pthread_cond_timedwait(&sync->cond, &sync->mutex, &until) != 0)
			break;
	sync->hurry = false;
	bool stop = sync->stop;
	pthread_mutex_unlock(&sync->mutex);
	return stop;
}

static void *run(void *arg)
{
	struct agg_journal_sync *sync = arg;
	bool stop;

	do {
		stop = wait_for_work(sync);
		if (!stop)
			make_ahead(sync);
		sync_once(sync);
		remove_retired(sync);
	} while (!stop);
	return NULL;
}

/* Starts the thread with all signals blocked: they are the loop's. */
static int start_thread(struct agg_journal_sync *sync)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&sync->thread, NULL, run, sync);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		sl_log_error("journal", "cannot start the writer thread error=\"%s\"",
		    strerror(error));
	return error == 0 ? 0 : SL_ESYS;
}

int agg_journal_sync_start(struct agg_journal_sync *sync, int dirfd,
    uint32_t segment_bytes, int64_t period_ns, struct agg_journal_segment *active)
{
	pthread_condattr_t attr;
	uint64_t place = AGG_JOURNAL_PLACE(active->number, active->end);

	sync->dirfd = dirfd;
	sync->segment_bytes = segment_bytes;
	sync->period_ns = period_ns;
	sync->wanted = active->number + 1;
	sync->unsynced = active;
	active->synced = active->end;
	atomic_init(&sync->appended, place);
	atomic_init(&sync->begun, place);
	atomic_init(&sync->durable, place);
	sync->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (sync->event_fd < 0) {
		sl_log_error(
		    "journal", "cannot make an eventfd error=\"%s\"", strerror(errno));
		return SL_ESYS;
	}
	pthread_mutex_init(&sync->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sync->cond, &attr);
	pthread_condattr_destroy(&attr);
	sync->running = start_thread(sync) == 0;
	if (sync->running)
		return 0;
	close(sync->event_fd);
	pthread_cond_destroy(&sync->cond);
	pthread_mutex_destroy(&sync->mutex);
	return SL_ESYS;
}

bool agg_journal_sync_stop(struct agg_journal_sync *sync)
{
	if (!sync->running)
		return false;
	pthread_mutex_lock(&sync->mutex);
	sync->stop = true;
	pthread_cond_signal(&sync->cond);
	pthread_mutex_unlock(&sync->mutex);
	pthread_join(sync->thread, NULL);
	sync->running = false;

	while (sync->retired) {
		struct agg_journal_segment *segment = sync->retired;
		sync->retired = segment->next_retired;
		agg_journal_segment_close(segment);
	}
	if (sync->ready)
		agg_journal_segment_remove(sync->dirfd, sync->ready);
	sync->ready = NULL;
	close(sync->event_fd);
	pthread_cond_destroy(&sync->cond);
	pthread_mutex_destroy(&sync->mutex);
	return atomic_load(&sync->durable) == atomic_load(&sync->appended);
}

struct agg_journal_segment *agg_journal_sync_take(struct agg_journal_sync *sync)
{
	pthread_mutex_lock(&sync->mutex);
	struct agg_journal_segment *segment = sync->ready;
	if (segment) {
		struct agg_journal_segment **at = &sync->unsynced;
		while (*at)
			at = &(*at)->next_unsynced;
		*at = segment;
		segment->next_unsynced = NULL;
		sync->ready = NULL;
		sync->wanted = segment->number + 1;
		pthread_cond_signal(&sync->cond);
	}
	pthread_mutex_unlock(&sync->mutex);
	return segment;
}

void agg_journal_sync_retire(
    struct agg_journal_sync *sync, struct agg_journal_segment *segment, uint64_t place)
{
	pthread_mutex_lock(&sync->mutex);
	segment->retired = place;
	segment->next_retired = sync->retired;
	sync->retired = segment;
	pthread_mutex_unlock(&sync->mutex);
}

void agg_journal_sync_hurry(struct agg_journal_sync *sync)
{
	pthread_mutex_lock(&sync->mutex);
	sync->hurry = true;
	pthread_cond_signal(&sync->cond);
	pthread_mutex_unlock(&sync->mutex);
}

void agg_journal_sync_stats(struct agg_journal_sync *sync, struct agg_journal_stats *out)
{
	pthread_mutex_lock(&sync->mutex);
	out->syncs = sync->syncs;
	out->sync_worst_ns = sync->worst_ns;
	out->sync_failures = sync->failures;
	out->space_errno = sync->space_errno;
	pthread_mutex_unlock(&sync->mutex);
}
