/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/journal_replay.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"

/*
 * Design notes.
 *
 * What follows the last record decides whether the journal is as a kill leaves
 * it: a record without its commit word, at most, and segments that were made
 * ahead and never begun.  Everything else is damage: the prefix before it
 * counts, the rest is wiped or, whole segments, set aside.
 */

#define DAMAGED_DIR "damaged"

struct recovery {
	struct agg_journal_replay replay;
	bool torn;
	uint32_t *numbers; /* of the files, rising */
	uint32_t number_count;
};

/* Zeroes what lies behind the last record and judges it. */
static void wipe_tail(struct recovery *r, struct agg_journal_segment *segment)
{
	uint32_t last = agg_journal_segment_wipe(segment, segment->end);

	if (last == 0 || !r->replay.ready)
		return;
	if (r->replay.damage == NULL && last - segment->end > AGG_JOURNAL_RECORD_MAX)
		r->replay.damage = "there is something behind the last record";
	r->torn = r->replay.damage == NULL;
}

/* Was this segment made ahead and never begun, or not even completed? */
static bool is_unused(const struct agg_journal *journal, uint32_t number)
{
	struct agg_journal_segment *segment;
	struct agg_journal_record record;
	int error;

	int rc = agg_journal_segment_open(journal->dirfd, number, &segment, &error);
	if (rc != 0)
		return rc == SL_ECORRUPT;
	rc = agg_journal_record_read(
	    segment->base, segment->size, segment->salt, segment->end, &record);
	agg_journal_segment_close(segment);
	return rc == SL_ENOTFOUND;
}

/* Moves the files from index on out of the way, in place of those of last time. */
static void set_aside(struct recovery *r, uint32_t from)
{
	int dirfd = r->replay.journal->dirfd;
	char name[AGG_JOURNAL_SEGMENT_NAME];
	struct dirent *entry;

	if (from >= r->number_count)
		return;
	mkdirat(dirfd, DAMAGED_DIR, 0700);
	int fd = openat(dirfd, DAMAGED_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir && (entry = readdir(dir)) != NULL)
		if (agg_journal_segment_parse(entry->d_name) != 0)
			unlinkat(fd, entry->d_name, 0);
	for (uint32_t i = from; i < r->number_count; i++) {
		agg_journal_segment_name(r->numbers[i], name);
		if (fd < 0 || renameat(dirfd, name, fd, name) != 0)
			unlinkat(dirfd, name, 0);
		sl_log_warn("journal", "segment set aside file=\"%s/%s/%s\"",
		    r->replay.journal->path, DAMAGED_DIR, name);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

/*
 * What follows the last segment with records: index is the first file behind it.
 * There can be two that were not begun: one taken by the loop, which was killed
 * before it sealed the one before, and the one made ahead after that.
 */
static void judge_rest(struct recovery *r, uint32_t index)
{
	char name[AGG_JOURNAL_SEGMENT_NAME];

	for (uint32_t i = index; i < r->number_count && !r->replay.damage; i++)
		if (!is_unused(r->replay.journal, r->numbers[i]))
			r->replay.damage = "segments do not follow each other";
	if (r->replay.damage) {
		set_aside(r, index);
		return;
	}
	for (uint32_t i = index; i < r->number_count; i++) {
		agg_journal_segment_name(r->numbers[i], name);
		unlinkat(r->replay.journal->dirfd, name, 0);
	}
}

/* Opens and scans segments as long as each goes on where the one before ended. */
static int take_segments(struct recovery *r)
{
	struct agg_journal *journal = r->replay.journal;
	struct agg_journal_segment *segment;
	uint32_t i = 0;
	int error;

	for (; i < r->number_count; i++) {
		if (i > 0 && r->replay.sealed_to != r->numbers[i])
			break;
		int rc = agg_journal_segment_open(
		    journal->dirfd, r->numbers[i], &segment, &error);
		if (rc == SL_ECORRUPT) {
			r->replay.damage = "a segment's header is damaged";
			break;
		}
		if (rc != 0) {
			sl_log_error("journal",
			    "cannot open a segment dir=\"%s\" number=%u error=\"%s\"",
			    journal->path, r->numbers[i], strerror(error));
			return rc;
		}
		rc = agg_journal_push_segment(journal, segment);
		if (rc == 0)
			rc = agg_journal_replay_segment(&r->replay, segment);
		if (rc != 0)
			return rc;
		if (r->replay.sealed_to == 0 || r->replay.damage) {
			wipe_tail(r, segment);
			i++;
			break;
		}
	}
	if (r->replay.sealed_to != 0 && !r->replay.damage)
		r->replay.damage = "a segment is missing";
	judge_rest(r, i);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Lists the segment files of the directory. */
static int list_files(struct recovery *r)
{
	struct dirent *entry;
	uint32_t capacity = 0;

	int fd =
	    openat(r->replay.journal->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		sl_log_error("journal",
		    "cannot list the directory dir=\"%s\" error=\"%s\"",
		    r->replay.journal->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return SL_ESYS;
	}
	while ((entry = readdir(dir)) != NULL) {
		uint32_t number = agg_journal_segment_parse(entry->d_name);
		if (number == 0)
			continue;
		if (r->number_count == capacity) {
			capacity = capacity * 2 + 16;
			void *numbers =
			    realloc(r->numbers, capacity * sizeof *r->numbers);
			if (!numbers) {
				closedir(dir);
				return SL_ENOMEM;
			}
			r->numbers = numbers;
		}
		r->numbers[r->number_count++] = number;
	}
	closedir(dir);
	if (r->number_count > 0)
		qsort(r->numbers, r->number_count, sizeof *r->numbers, by_number);
	return 0;
}

int agg_journal_recover(struct agg_journal *journal, struct agg_journal_report *report,
    struct agg_journal_found *found)
{
	struct recovery r = {
	    .replay = {.journal = journal, .now_ns = sl_clock_wall_ns()}};

	int rc = list_files(&r);
	if (rc == 0)
		rc = take_segments(&r);
	int end_rc = agg_journal_replay_end(&r.replay);
	free(r.numbers);
	report->torn = r.torn;
	report->entries = r.replay.entries;
	found->damage = r.replay.damage;
	found->sealed = r.replay.sealed_to != 0;
	return rc != 0 ? rc : end_rc;
}
