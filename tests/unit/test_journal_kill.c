/* SPDX-License-Identifier: Apache-2.0 */
/* The journal against kill -9, torn records and flipped bits. */
#include "journal_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define ROUNDS 200

/* What the child acknowledges, in memory that outlives it. */
struct acknowledged {
	_Atomic uint64_t appended[SL_STREAM_COUNT];
};

static struct agg_journal_options small_windows(void)
{
	struct agg_journal_options options = fixture_options();

	options.window_entries = 300;
	options.window_ns = 1;
	options.window_bytes = 200 * 1024;
	return options;
}

/* Appends to all logs, one far more often than the others, until it is killed. */
static void append_for_ever(struct acknowledged *acknowledged)
{
	struct agg_journal_options options = small_windows();
	struct agg_journal_origin origin = {.segment_id = 1, .has_position = true};
	struct agg_journal *journal;
	char entry[512];

	if (agg_journal_open(journal_dir, &options, &journal, NULL) != 0 ||
	    agg_journal_source_find(journal, "child", 5, &origin.source) != 0)
		_exit(1);
	for (uint64_t i = 0;; i++) {
		enum sl_stream stream =
		    i % 16 == 0 ? (enum sl_stream)(i / 16 % 4) : SL_STREAM_LOW;
		uint64_t seq = agg_journal_next(journal, stream);
		uint64_t n = seq + 1000000 * (uint64_t)stream;
		size_t len = fill_entry(n, entry);
		struct agg_journal_source state;
		agg_journal_source_get(journal, origin.source, &state);
		uint64_t at = state.events + 1;
		origin.ring_position = at * 64;
		for (int b = 0; b < 8; b++)
			origin.position[15 - b] = (uint8_t)(at >> 8 * b);
		if (agg_journal_append(journal, stream, entry, len, &origin) == 0)
			atomic_store(&acknowledged->appended[stream], seq);
		if (i % 64 == 0)
			agg_journal_tick(journal);
	}
}

static void verify_after_kill(struct acknowledged *acknowledged, uint64_t epoch)
{
	struct agg_journal_options options = small_windows();
	struct agg_journal_report report;
	struct agg_journal *journal = must_open_with(&options, &report);
	struct agg_journal_source state;
	uint64_t total = 0;
	uint32_t source;

	ck_assert_msg(!report.epoch_changed, "%s", report.reason);
	ck_assert_uint_eq(agg_journal_epoch(journal), epoch);
	for (int stream = 0; stream < SL_STREAM_COUNT; stream++) {
		uint64_t next = agg_journal_next(journal, (enum sl_stream)stream);
		uint64_t last = atomic_load(&acknowledged->appended[stream]);
		/* One may have been appended and not acknowledged any more. */
		ck_assert(next == last + 1 || next == last + 2);
		atomic_store(&acknowledged->appended[stream], next - 1);
		total += next - 1;
		uint64_t kept = verify_log(
		    journal, (enum sl_stream)stream, 1000000u * (unsigned)stream);
		ck_assert_uint_ge(kept, last < 300 ? last : 300);
	}
	ck_assert_int_eq(agg_journal_source_find(journal, "child", 5, &source), 0);
	ck_assert_int_eq(agg_journal_source_get(journal, source, &state), 0);
	ck_assert_uint_eq(state.events, total);
	ck_assert_uint_eq(state.ring_position, total * 64);
	agg_journal_close(journal);
}

START_TEST(kill_9_at_any_moment_loses_nothing_and_repeats_nothing)
{
	struct agg_journal_options options = small_windows();
	struct acknowledged *acknowledged =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct agg_journal *journal = must_open_with(&options, NULL);
	uint64_t epoch = agg_journal_epoch(journal);
	unsigned seed = 1;

	agg_journal_close(journal);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t before = atomic_load(&acknowledged->appended[SL_STREAM_LOW]);
		pid_t child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0)
			append_for_ever(acknowledged);
		seed = seed * 1103515245 + 12345;
		uint64_t enough = before + (seed >> 16) % 800;
		while (atomic_load(&acknowledged->appended[SL_STREAM_LOW]) < enough)
			ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		verify_after_kill(acknowledged, epoch);
	}
	munmap(acknowledged, 4096);
}
END_TEST

#define SMALL 8

/* Makes a journal of SMALL entries and returns where its records end. */
static off_t small_journal(char *path, size_t size)
{
	struct agg_journal *journal = must_open(NULL);
	struct stat st;

	must_append(journal, SL_STREAM_HIGH, 1, SMALL);
	agg_journal_close(journal);
	segment_path(true, path, size);
	ck_assert_int_eq(stat(path, &st), 0);
	unsigned char *bytes = malloc((size_t)st.st_size);
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	off_t end = st.st_size;
	while (end > 0 && bytes[end - 1] == 0)
		end--;
	free(bytes);
	return end;
}

START_TEST(a_half_written_last_record_is_discarded_and_the_epoch_stays)
{
	struct agg_journal_report report;
	char path[512], junk[200];
	off_t end = (small_journal(path, sizeof path) + 7) / 8 * 8;

	memset(junk, 0x5a, sizeof junk);
	/* All of a record but its commit word, which is stored last. */
	int fd = open(path, O_RDWR);
	ck_assert_int_eq(pwrite(fd, junk, sizeof junk, end + 8), sizeof junk);
	close(fd);
	struct agg_journal *journal = must_open(&report);
	ck_assert(report.torn && !report.epoch_changed);
	ck_assert_uint_eq(report.entries, SMALL);
	must_append(journal, SL_STREAM_HIGH, SMALL + 1, 5);
	agg_journal_close(journal);
	journal = must_open(&report);
	ck_assert(!report.torn && !report.epoch_changed);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_HIGH, 0), SMALL + 5);
	agg_journal_close(journal);
}
END_TEST

START_TEST(bytes_far_behind_the_last_record_are_damage)
{
	struct agg_journal_report report;
	char path[512];
	off_t end = small_journal(path, sizeof path);

	flip_bit(path, end + 200 * 1024, 3);
	struct agg_journal *journal = must_open(&report);
	ck_assert(report.epoch_changed && !report.torn);
	ck_assert_uint_eq(verify_log(journal, SL_STREAM_HIGH, 0), SMALL);
	agg_journal_close(journal);
	journal = must_open(&report);
	ck_assert(!report.epoch_changed);
	agg_journal_close(journal);
}
END_TEST

/* Every byte of the journal is flipped in one bit, which changes from byte to byte. */
START_TEST(a_flipped_bit_never_yields_an_altered_entry)
{
	struct agg_journal_options options = fixture_options();
	char path[512];
	off_t end = small_journal(path, sizeof path);

	unsigned char *clean = malloc((size_t)end);
	int fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, clean, (size_t)end, 0), end);
	for (off_t at = 0; at < end; at++) {
		struct agg_journal_report report;
		struct agg_journal *journal;
		/* The header's page is mostly empty: its fields, then the records. */
		if (at == 32)
			at = 4096;
		flip_bit(path, at, (int)(at * 5 % 8));
		ck_assert_int_eq(
		    agg_journal_open(journal_dir, &options, &journal, &report), 0);
		ck_assert_uint_le(verify_log(journal, SL_STREAM_HIGH, 0), SMALL);
		/* Lost entries mean a new epoch: a sequence is never used twice. */
		if (agg_journal_next(journal, SL_STREAM_HIGH) != SMALL + 1)
			ck_assert(report.epoch_changed);
		agg_journal_close(journal);
		close(fd);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(ftruncate(fd, 512 * 1024), 0);
		ck_assert_int_eq(pwrite(fd, clean, (size_t)end, 0), end);
	}
	close(fd);
	free(clean);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_kill");
	TCase *tc = tcase_create("journal_kill");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_set_timeout(tc, 110);
	tcase_add_test(tc, kill_9_at_any_moment_loses_nothing_and_repeats_nothing);
	tcase_add_test(tc, a_half_written_last_record_is_discarded_and_the_epoch_stays);
	tcase_add_test(tc, bytes_far_behind_the_last_record_are_damage);
	tcase_add_test(tc, a_flipped_bit_never_yields_an_altered_entry);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
