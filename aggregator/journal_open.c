/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/journal_state.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"

#define SEGMENT_BYTES     (8u * 1024u * 1024u)
#define SEGMENT_BYTES_MIN (512u * 1024u)
#define SEGMENT_BYTES_MAX (1024u * 1024u * 1024u)
#define WINDOW_ENTRIES    10000u
#define WINDOW_NS         (600 * SL_NS_PER_S)
#define WINDOW_BYTES      (64ull * 1024u * 1024u)
#define SYNC_NS           SL_NS_PER_S

/* A checkpoint may take a quarter of a segment: what a source takes in it. */
#define SOURCE_CHECKPOINT                                                                \
	((uint32_t)(sizeof(struct agg_journal_head) * (1 + AGG_JOURNAL_LINES_MAX) +      \
		    sizeof(struct agg_journal_known) + 128 +                             \
		    sizeof(struct agg_journal_from) * AGG_JOURNAL_LINES_MAX))

static int configure(
    struct agg_journal *journal, const struct agg_journal_options *options)
{
	static const struct agg_journal_options defaults;
	const struct agg_journal_options *o = options ? options : &defaults;

	journal->segment_bytes = o->segment_bytes ? o->segment_bytes : SEGMENT_BYTES;
	journal->sync_ns = o->sync_ns ? o->sync_ns : SYNC_NS;
	journal->limits.entries = o->window_entries ? o->window_entries : WINDOW_ENTRIES;
	journal->limits.seconds = (o->window_ns ? o->window_ns : WINDOW_NS) / SL_NS_PER_S;
	journal->limits.bytes = o->window_bytes ? o->window_bytes : WINDOW_BYTES;
	if (journal->segment_bytes < SEGMENT_BYTES_MIN ||
	    journal->segment_bytes > SEGMENT_BYTES_MAX ||
	    journal->segment_bytes % AGG_JOURNAL_HEADER_SIZE != 0 || o->sync_ns < 0 ||
	    o->window_ns < 0 || journal->limits.bytes < AGG_JOURNAL_RECORD_MAX)
		return SL_EINVAL;
	uint64_t cap =
	    2 * SL_STREAM_COUNT * journal->limits.bytes / journal->segment_bytes;
	journal->segment_cap = cap > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)cap + 4;
	journal->clean_offset = AGG_JOURNAL_HEADER_SIZE;
	uint32_t max = journal->segment_bytes / 4 / SOURCE_CHECKPOINT;
	journal->sources.max =
	    max < AGG_JOURNAL_SOURCES_MAX ? max : AGG_JOURNAL_SOURCES_MAX;
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		agg_journal_window_init(&journal->windows[i], 1);
	journal->orders.next = 1;
	return 0;
}

/* More sources than the configured size has room for make segments larger. */
static void fit_sources(struct agg_journal *journal)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < AGG_JOURNAL_SOURCES_MAX; i++)
		count += journal->sources.items[i] != NULL;
	while (count > journal->sources.max) {
		journal->segment_bytes *= 2;
		journal->sources.max *= 2;
	}
}

static int open_directory(struct agg_journal *journal, const char *dir)
{
	journal->path = strdup(dir);
	if (!journal->path)
		return SL_ENOMEM;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		sl_log_error("journal",
		    "cannot create the directory dir=\"%s\" error=\"%s\"", dir,
		    strerror(errno));
		return SL_ESYS;
	}
	journal->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->dirfd < 0) {
		sl_log_error("journal",
		    "cannot open the directory dir=\"%s\" error=\"%s\"", dir,
		    strerror(errno));
		return SL_ESYS;
	}
	return 0;
}

static uint64_t random_number(void)
{
	uint64_t number = 0;

	while (number == 0)
		if (getrandom(&number, sizeof number, 0) != sizeof number)
			number = 0;
	return number;
}

/* Why the epoch must change; NULL if it goes on. */
static const char *epoch_reason(const struct agg_journal *journal,
    const struct agg_journal_meta *meta, int meta_rc, const char *boot_id,
    const char *damage)
{
	if (meta_rc == SL_ENOTFOUND)
		return journal->segment_count == 0 && !damage
			   ? "the journal is new"
			   : "the file meta is missing";
	if (meta_rc != 0)
		return "the file meta is damaged";
	if (damage)
		return damage;
	if (journal->segment_count == 0)
		return "the journal was lost";
	if (!meta->clean && (boot_id[0] == '\0' || strcmp(meta->boot_id, boot_id) != 0))
		return "the machine restarted before the journal was closed";
	return NULL;
}

/*
 * Decides on epoch and aggregator id from the file meta and from what recovery
 * found, and writes them down as "in use".
 */
static void settle_meta(struct agg_journal *journal,
    const struct agg_journal_options *options, const char *damage,
    struct agg_journal_report *report)
{
	struct agg_journal_meta old = {0};
	struct agg_journal_meta *meta = &journal->meta;

	int rc = agg_journal_meta_read(journal->dirfd, &old);
	if (options && options->boot_id)
		snprintf(meta->boot_id, sizeof meta->boot_id, "%s", options->boot_id);
	else
		agg_journal_meta_boot_id(meta->boot_id);
	report->created = rc == SL_ENOTFOUND && journal->segment_count == 0;
	report->reason = epoch_reason(journal, &old, rc, meta->boot_id, damage);
	report->epoch_changed = report->reason != NULL;
	meta->epoch = report->epoch_changed ? random_number() : old.epoch;
	if (rc == 0)
		meta->aggregator = old.aggregator;
	else if (meta->aggregator == 0)
		meta->aggregator = random_number();
	meta->clean = false;
}

/* Sees to it that there is an active segment with a complete checkpoint. */
static int begin_segment(struct agg_journal *journal, bool sealed)
{
	struct agg_journal_segment *segment;
	int error = 0;

	if (journal->segment_count > 0 && !sealed) {
		if (agg_journal_active(journal)->end == AGG_JOURNAL_HEADER_SIZE)
			agg_journal_put_checkpoint(journal);
		return 0;
	}
	uint32_t number =
	    journal->segment_count > 0 ? agg_journal_active(journal)->number + 1 : 1;
	int rc = agg_journal_segment_create(
	    journal->dirfd, number, journal->segment_bytes, &segment, &error);
	if (rc != 0) {
		sl_log_error("journal",
		    "cannot create a segment dir=\"%s\" bytes=%u error=\"%s\"",
		    journal->path, journal->segment_bytes,
		    error ? strerror(error) : sl_strerror(rc));
		return rc == SL_ENOMEM ? rc : SL_ESYS;
	}
	rc = agg_journal_push_segment(journal, segment);
	if (rc != 0) {
		agg_journal_segment_close(segment);
		return rc;
	}
	agg_journal_put_checkpoint(journal);
	return 0;
}

/* Brings everything to the disk, so that the writer thread starts from there. */
static int sync_all(struct agg_journal *journal)
{
	for (uint32_t i = 0; i < journal->segment_count; i++) {
		struct agg_journal_segment *segment = journal->segments[i];
		int error = agg_journal_segment_sync(segment, 0, segment->size);
		if (error != 0) {
			sl_log_error("journal", "cannot sync dir=\"%s\" error=\"%s\"",
			    journal->path, strerror(error));
			return SL_ESYS;
		}
		agg_journal_segment_forget(segment);
	}
	return 0;
}

static int write_meta(struct agg_journal *journal)
{
	struct agg_journal_meta now;

	/* What is there already needs no space on a full disk. */
	if (agg_journal_meta_read(journal->dirfd, &now) == 0 &&
	    now.aggregator == journal->meta.aggregator &&
	    now.epoch == journal->meta.epoch && now.clean == journal->meta.clean &&
	    strcmp(now.boot_id, journal->meta.boot_id) == 0)
		return 0;
	if (agg_journal_meta_write(journal->dirfd, &journal->meta) == 0)
		return 0;
	sl_log_error("journal", "cannot write the file meta dir=\"%s\" error=\"%s\"",
	    journal->path, strerror(errno));
	return SL_ESYS;
}

static int open_all(struct agg_journal *journal, const char *dir,
    const struct agg_journal_options *options, struct agg_journal_report *report)
{
	struct agg_journal_found found = {0};

	int rc = configure(journal, options);
	if (rc == 0)
		rc = open_directory(journal, dir);
	if (rc == 0)
		rc = agg_journal_recover(journal, report, &found);
	if (rc != 0)
		return rc;
	fit_sources(journal);
	settle_meta(journal, options, found.damage, report);
	rc = begin_segment(journal, found.sealed);
	report->segments = journal->segment_count;
	if (rc == 0)
		rc = sync_all(journal);
	if (rc == 0)
		rc = write_meta(journal);
	if (rc == 0)
		rc = agg_journal_sync_start(&journal->sync, journal->dirfd,
		    journal->segment_bytes, journal->sync_ns,
		    agg_journal_active(journal));
	return rc;
}

static void free_journal(struct agg_journal *journal)
{
	for (uint32_t i = 0; i < journal->segment_count; i++)
		agg_journal_segment_close(journal->segments[i]);
	free(journal->segments);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		agg_journal_window_clear(&journal->windows[i]);
	agg_journal_orders_clear(&journal->orders);
	agg_journal_sources_clear(&journal->sources);
	if (journal->dirfd >= 0)
		close(journal->dirfd);
	free(journal->path);
	free(journal);
}

int agg_journal_open(const char *dir, const struct agg_journal_options *options,
    struct agg_journal **out, struct agg_journal_report *report)
{
	struct agg_journal_report local;
	struct agg_journal *journal = calloc(1, sizeof *journal);

	if (!journal)
		return SL_ENOMEM;
	if (!report)
		report = &local;
	memset(report, 0, sizeof *report);
	journal->dirfd = -1;
	int rc = open_all(journal, dir, options, report);
	if (rc != 0) {
		free_journal(journal);
		return rc;
	}
	if (report->epoch_changed && !report->created)
		sl_log_warn(
		    "journal", "new epoch dir=\"%s\" reason=\"%s\"", dir, report->reason);
	if (report->torn)
		sl_log_info(
		    "journal", "a half-written record was discarded dir=\"%s\"", dir);
	*out = journal;
	return 0;
}

void agg_journal_close(struct agg_journal *journal)
{
	if (!journal)
		return;
	journal->meta.clean = agg_journal_sync_stop(&journal->sync);
	write_meta(journal);
	free_journal(journal);
}
