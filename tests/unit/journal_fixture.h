/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal's suites share: a directory, options for it, entries. */
#ifndef TESTS_JOURNAL_FIXTURE_H
#define TESTS_JOURNAL_FIXTURE_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/journal.h"
#include "common/clock.h"
#include "common/error.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

static char journal_dir[64];

static inline struct agg_journal_options fixture_options(void)
{
	return (struct agg_journal_options){
	    .segment_bytes = 512 * 1024, .sync_ns = 5 * SL_NS_PER_MS, .boot_id = BOOT};
}

static inline int remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* In memory where there is such a place: the disk's speed is not the subject. */
static inline void fixture_setup(void)
{
	strcpy(journal_dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sl-journal-XXXXXX"
							  : "/tmp/sl-journal-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(journal_dir));
}

static inline void fixture_teardown(void)
{
	sl_clock_real();
	nftw(journal_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct agg_journal *must_open_with(
    const struct agg_journal_options *options, struct agg_journal_report *report)
{
	struct agg_journal *journal = NULL;

	ck_assert_int_eq(agg_journal_open(journal_dir, options, &journal, report), 0);
	return journal;
}

static inline struct agg_journal *must_open(struct agg_journal_report *report)
{
	struct agg_journal_options options = fixture_options();

	return must_open_with(&options, report);
}

/* The entry with number n: its length and bytes follow from n. */
static inline size_t fill_entry(uint64_t n, char *out)
{
	size_t len = 40 + n * 37 % 400;

	memset(out, (int)('a' + n % 26), len);
	memcpy(out, &n, sizeof n);
	return len;
}

static inline int append(struct agg_journal *journal, enum sl_stream stream, uint64_t n)
{
	char entry[512];
	size_t len = fill_entry(n, entry);

	return agg_journal_append(journal, stream, entry, len, NULL);
}

static inline void must_append(
    struct agg_journal *journal, enum sl_stream stream, uint64_t first, uint64_t count)
{
	for (uint64_t n = first; n < first + count; n++) {
		int rc;
		/* The writer thread makes the next segment while we wait. */
		while ((rc = append(journal, stream, n)) == SL_EFULL)
			usleep(500);
		ck_assert_int_eq(rc, 0);
	}
}

/* Checks that the entries read have the bytes of number base + sequence. */
struct expectation {
	uint64_t base;
	uint64_t next;
	uint64_t count;
};

static inline int expect_entry(void *arg, uint64_t seq, const void *packed, size_t len)
{
	struct expectation *expect = arg;
	char want[512];

	ck_assert_uint_eq(seq, expect->next);
	ck_assert_uint_eq(len, fill_entry(expect->base + seq, want));
	ck_assert_mem_eq(packed, want, len);
	expect->next++;
	expect->count++;
	return 0;
}

/* Reads a log from its oldest entry to the end; returns how many it has. */
static inline uint64_t verify_log(
    struct agg_journal *journal, enum sl_stream stream, uint64_t base)
{
	uint64_t oldest = agg_journal_oldest(journal, stream);
	struct expectation expect = {base, oldest, 0};

	ck_assert_int_eq(agg_journal_read(journal, stream, oldest, SIZE_MAX / 2,
			     expect_entry, &expect, NULL),
	    0);
	ck_assert_uint_eq(expect.next, agg_journal_next(journal, stream));
	return expect.count;
}

/* The path of the newest segment file, or of the oldest. */
static inline void segment_path(bool newest, char *out, size_t size)
{
	DIR *dir = opendir(journal_dir);
	struct dirent *entry;
	char best[256] = "";

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (!strstr(entry->d_name, ".seg"))
			continue;
		int order = strcmp(entry->d_name, best);
		if (!best[0] || (newest ? order > 0 : order < 0))
			snprintf(best, sizeof best, "%s", entry->d_name);
	}
	closedir(dir);
	snprintf(out, size, "%s/%s", journal_dir, best);
}

static inline void flip_bit(const char *path, off_t offset, int bit)
{
	unsigned char byte;
	int fd = open(path, O_RDWR);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, offset), 1);
	byte ^= (unsigned char)(1 << bit);
	ck_assert_int_eq(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

#endif
