/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregator/table.h"
#include "common/error.h"

static char dir[64];
static char path[96];
static const struct agg_table_options small = {64, 8, 8};

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(name);
}

static void setup(void)
{
	strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sl-table-XXXXXX"
						  : "/tmp/sl-table-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/table", dir);
}

static void teardown(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct agg_table *must_open(
    const struct agg_table_options *options, struct agg_table_report *report)
{
	struct agg_table *table = NULL;

	ck_assert_int_eq(agg_table_open(path, options, &table, report), 0);
	return table;
}

static uint32_t series(struct agg_table *table, const char *key)
{
	uint32_t slot;

	ck_assert_int_eq(agg_table_series_find(table, key, strlen(key), &slot), 0);
	return slot;
}

/* Fills a table with one of everything, or checks that it is all there. */
static void fill(struct agg_table *table)
{
	struct agg_table_ring ring = {.segment_id = 9, .tail = 4096, .dropped = 3};
	uint32_t slot;

	agg_table_series_set(table, series(table, "default/s/cpu_usage"), 12.5, 1000);
	agg_table_series_set(table, series(table, "default/s/cpu_usage"), 13.5, 2000);
	agg_table_series_set(table, series(table, "default/s/load_1m"), -0.0, -7);
	ck_assert_int_eq(agg_table_ring_find(table, "system", 6, &slot), 0);
	agg_table_ring_set(table, slot, &ring);
	slot = AGG_TABLE_NO_SLOT;
	ck_assert_int_eq(agg_table_alert_set(table, &slot, "alert one", 9), 0);
	slot = AGG_TABLE_NO_SLOT;
	ck_assert_int_eq(agg_table_alert_set(table, &slot, "alert two", 9), 0);
	ck_assert_int_eq(agg_table_alert_set(table, &slot, "changed", 7), 0);
	agg_table_flags_set(table, AGG_TABLE_PAUSED);
}

static void verify(struct agg_table *table)
{
	struct agg_table_ring ring;
	struct sl_slice text;
	double value;
	int64_t time_ns;
	uint32_t slot;

	ck_assert_int_eq(agg_table_series_get(table, series(table, "default/s/cpu_usage"),
			     &value, &time_ns),
	    0);
	ck_assert(value == 13.5 && time_ns == 2000);
	ck_assert_int_eq(agg_table_series_get(
			     table, series(table, "default/s/load_1m"), &value, &time_ns),
	    0);
	ck_assert(value == 0 && signbit(value) && time_ns == -7);
	ck_assert_int_eq(agg_table_ring_find(table, "system", 6, &slot), 0);
	ck_assert_int_eq(agg_table_ring_get(table, slot, &ring), 0);
	ck_assert(ring.segment_id == 9 && ring.tail == 4096 && ring.dropped == 3);
	slot = agg_table_alert_next(table, 0, &text);
	ck_assert_uint_ne(slot, AGG_TABLE_NO_SLOT);
	ck_assert_mem_eq(text.data, "alert one", 9);
	slot = agg_table_alert_next(table, slot + 1, &text);
	ck_assert_uint_eq(text.len, 7);
	ck_assert_mem_eq(text.data, "changed", 7);
	ck_assert_uint_eq(
	    agg_table_alert_next(table, slot + 1, &text), AGG_TABLE_NO_SLOT);
	ck_assert_uint_eq(agg_table_flags(table), AGG_TABLE_PAUSED);
}

START_TEST(everything_is_there_after_reopening)
{
	struct agg_table_report report;
	struct agg_table *table = must_open(&small, &report);

	ck_assert(report.created);
	fill(table);
	verify(table);
	agg_table_close(table);
	table = must_open(&small, &report);
	ck_assert(!report.created && !report.resized && report.damaged == 0);
	ck_assert(report.series == 2 && report.rings == 1 && report.alerts == 2);
	verify(table);
	agg_table_close(table);
}
END_TEST

START_TEST(other_sizes_take_the_content_over)
{
	struct agg_table_options large = {1000, 20, 30};
	struct agg_table_report report;
	struct agg_table *table = must_open(&small, NULL);

	fill(table);
	agg_table_close(table);
	table = must_open(&large, &report);
	ck_assert(report.resized && report.series == 2);
	verify(table);
	agg_table_close(table);
	table = must_open(&small, &report);
	ck_assert(report.resized && !report.created);
	verify(table);
	agg_table_close(table);
}
END_TEST

START_TEST(limits_are_refused_and_dropped_slots_are_given_out_again)
{
	struct agg_table *table = must_open(&small, NULL);
	static char key[AGG_TABLE_KEY_MAX + 1], record[AGG_TABLE_ALERT_MAX + 1];
	struct sl_slice text;
	uint32_t slot, ignored, count = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 64; i++) {
			snprintf(key, sizeof key, "k%d-%d", round, i);
			slot = series(table, key);
			agg_table_series_set(table, slot, i, i);
		}
		ck_assert_int_eq(
		    agg_table_series_find(table, "more", 4, &ignored), SL_EFULL);
		for (int i = 0; i < 64; i++) {
			double value;
			int64_t time_ns;
			snprintf(key, sizeof key, "k%d-%d", round, i);
			slot = series(table, key);
			ck_assert_int_eq(
			    agg_table_series_get(table, slot, &value, &time_ns), 0);
			ck_assert(value == i);
			agg_table_series_drop(table, slot);
		}
		ck_assert_uint_eq(
		    agg_table_series_next(table, 0, &text), AGG_TABLE_NO_SLOT);
	}
	double value;
	int64_t time_ns;
	ck_assert_int_eq(
	    agg_table_series_get(table, series(table, "new"), &value, &time_ns),
	    SL_ENOTFOUND);
	ck_assert_int_eq(agg_table_series_find(table, "", 0, &slot), SL_EINVAL);
	ck_assert_int_eq(agg_table_series_find(table, key, sizeof key, &slot), SL_EINVAL);
	slot = AGG_TABLE_NO_SLOT;
	ck_assert_int_eq(
	    agg_table_alert_set(table, &slot, record, sizeof record), SL_ETOOBIG);
	while (agg_table_alert_set(table, &slot, record, AGG_TABLE_ALERT_MAX) == 0) {
		count++;
		slot = AGG_TABLE_NO_SLOT;
	}
	ck_assert_uint_eq(count, 8);
	agg_table_alert_drop(table, 3);
	ck_assert_int_eq(agg_table_alert_set(table, &slot, "x", 1), 0);
	ck_assert_uint_eq(slot, 3);
	for (int i = 0; i < 8; i++) {
		snprintf(key, sizeof key, "ring%d", i);
		ck_assert_int_eq(agg_table_ring_find(table, key, strlen(key), &slot), 0);
	}
	ck_assert_int_eq(agg_table_ring_find(table, "more", 4, &slot), SL_EFULL);
	agg_table_close(table);
}
END_TEST

/* Value and time always belong together: both are the round's number. */
static void update_for_ever(void)
{
	struct agg_table *table;
	struct agg_table_ring ring = {0};
	uint32_t cpu, slot, alert = AGG_TABLE_NO_SLOT;
	char record[1000];

	if (agg_table_open(path, &small, &table, NULL) != 0 ||
	    agg_table_series_find(table, "cpu", 3, &cpu) != 0 ||
	    agg_table_ring_find(table, "ring", 4, &slot) != 0)
		_exit(1);
	for (uint64_t i = 1;; i++) {
		agg_table_series_set(table, cpu, (double)i, (int64_t)i);
		ring.tail = ring.received = ring.dropped = i;
		agg_table_ring_set(table, slot, &ring);
		memset(record, (int)(i % 251), sizeof record);
		agg_table_alert_set(table, &alert, record, sizeof record);
		if (i % 8 == 0) {
			agg_table_alert_drop(table, alert);
			alert = AGG_TABLE_NO_SLOT;
		}
	}
}

START_TEST(kill_9_at_any_moment_leaves_whole_slots)
{
	unsigned seed = 7;

	agg_table_close(must_open(&small, NULL));
	for (int round = 0; round < 200; round++) {
		struct agg_table_report report;
		struct agg_table_ring ring;
		struct sl_slice record;
		double value;
		int64_t time_ns;
		uint32_t slot;
		pid_t child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0)
			update_for_ever();
		seed = seed * 1103515245 + 12345;
		usleep(200 + (seed >> 16) % 3000);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		struct agg_table *table = must_open(&small, &report);
		ck_assert_uint_eq(report.damaged, 0);
		ck_assert(!report.created);
		if (agg_table_series_get(table, series(table, "cpu"), &value, &time_ns) ==
		    0)
			ck_assert(value == (double)time_ns);
		ck_assert_int_eq(agg_table_ring_find(table, "ring", 4, &slot), 0);
		if (agg_table_ring_get(table, slot, &ring) == 0)
			ck_assert(
			    ring.tail == ring.received && ring.tail == ring.dropped);
		for (slot = agg_table_alert_next(table, 0, &record);
		     slot != AGG_TABLE_NO_SLOT;
		     slot = agg_table_alert_next(table, slot + 1, &record)) {
			for (size_t i = 1; i < record.len; i++)
				ck_assert_int_eq(record.data[i], record.data[0]);
			agg_table_alert_drop(table, slot);
		}
		agg_table_close(table);
	}
}
END_TEST

START_TEST(a_flipped_bit_costs_a_slot_at_most_and_never_alters_one)
{
	struct agg_table *table = must_open(&small, NULL);
	struct stat st;

	fill(table);
	agg_table_close(table);
	ck_assert_int_eq(stat(path, &st), 0);
	unsigned char *clean = malloc((size_t)st.st_size);
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, clean, (size_t)st.st_size), st.st_size);
	close(fd);
	for (off_t at = 0; at < st.st_size; at++) {
		struct agg_table_report report;
		struct agg_table_ring ring;
		struct sl_slice text;
		double value;
		int64_t time_ns;
		uint32_t slot;
		/* Only what is in use: the rest is zeroes nobody reads. */
		if (clean[at] == 0 && at % 61 != 0)
			continue;
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		unsigned char flipped = clean[at] ^ (unsigned char)(1 << at * 5 % 8);
		ck_assert_int_eq(pwrite(fd, clean, (size_t)st.st_size, 0), st.st_size);
		ck_assert_int_eq(pwrite(fd, &flipped, 1, at), 1);
		close(fd);
		table = must_open(&small, &report);
		if (agg_table_series_get(table, series(table, "default/s/cpu_usage"),
			&value, &time_ns) == 0)
			ck_assert(value == 13.5 && time_ns == 2000);
		if (agg_table_ring_find(table, "system", 6, &slot) == 0 &&
		    agg_table_ring_get(table, slot, &ring) == 0)
			ck_assert(ring.segment_id == 9 && ring.tail == 4096);
		for (slot = agg_table_alert_next(table, 0, &text);
		     slot != AGG_TABLE_NO_SLOT;
		     slot = agg_table_alert_next(table, slot + 1, &text))
			ck_assert(
			    (text.len == 9 && memcmp(text.data, "alert one", 9) == 0) ||
			    (text.len == 7 && memcmp(text.data, "changed", 7) == 0));
		agg_table_close(table);
	}
	free(clean);
}
END_TEST

START_TEST(an_unusable_file_is_set_aside_and_a_new_table_begun)
{
	struct agg_table_report report;
	char bad[128];
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	ck_assert_int_eq(write(fd, "not a table", 11), 11);
	close(fd);
	struct agg_table *table = must_open(&small, &report);
	ck_assert(report.created);
	fill(table);
	verify(table);
	agg_table_close(table);
	snprintf(bad, sizeof bad, "%s.bad", path);
	ck_assert_int_eq(access(bad, F_OK), 0);
	ck_assert_int_eq(
	    agg_table_open("/proc/none/table", &small, &table, NULL), SL_ESYS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 100);
	tcase_add_test(tc, everything_is_there_after_reopening);
	tcase_add_test(tc, other_sizes_take_the_content_over);
	tcase_add_test(tc, limits_are_refused_and_dropped_slots_are_given_out_again);
	tcase_add_test(tc, kill_9_at_any_moment_leaves_whole_slots);
	tcase_add_test(tc, a_flipped_bit_costs_a_slot_at_most_and_never_alters_one);
	tcase_add_test(tc, an_unusable_file_is_set_aside_and_a_new_table_begun);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
