/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "shm/layout.h"
#include "shm/segment.h"

#define RING (64u * 1024u)

static char reason[SL_SEGMENT_REASON];

/* A file like a segment that a test can spoil before it seals it. */
static int make_file(uint64_t dict_bytes, uint64_t ring_bytes, off_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct sl_layout_header header = {.magic = SL_LAYOUT_MAGIC,
	    .segment_id = 1,
	    .dict_bytes = dict_bytes,
	    .ring_bytes = ring_bytes,
	    .version = SL_LAYOUT_VERSION};

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	return fd;
}

static void seal(int fd)
{
	ck_assert_int_eq(
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
}

static void expect_refused(int fd, int code, const char *part)
{
	struct sl_segment seg;

	reason[0] = '\0';
	ck_assert_int_eq(sl_segment_adopt(&seg, fd, 4 << 20, reason), code);
	ck_assert_msg(strstr(reason, part) != NULL, "reason: %s", reason);
	/* The caller still owns fd. */
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	close(fd);
}

#define GOOD_SIZE (off_t)(SL_LAYOUT_HEADER_BYTES + SL_LAYOUT_DICT_MIN + RING)

START_TEST(both_sides_see_one_memory_and_the_ring_wraps)
{
	struct sl_segment mine, theirs;

	ck_assert_int_eq(sl_segment_create(&mine, "test", RING), 0);
	ck_assert_int_eq(sl_segment_adopt(&theirs, dup(mine.fd), RING, reason), 0);
	ck_assert_uint_eq(theirs.id, mine.id);
	ck_assert_uint_eq(theirs.ring_bytes, RING);
	ck_assert_uint_eq(theirs.dict_bytes, mine.dict_bytes);
	memcpy(mine.ring + RING - 4, "wrapped!", 8);
	ck_assert_mem_eq(theirs.ring, "ped!", 4);
	ck_assert_mem_eq(theirs.ring + RING - 4, "wrapped!", 8);
	ck_assert_mem_eq(mine.ring + 2 * RING - 4, "wrap", 4);
	memcpy(mine.dict, "dict", 4);
	ck_assert_mem_eq(theirs.dict, "dict", 4);
	sl_segment_close(&mine);
	ck_assert_mem_eq(theirs.dict, "dict", 4); /* outlives its maker */
	sl_segment_close(&theirs);
	sl_segment_close(&theirs);
}
END_TEST

START_TEST(nobody_can_change_the_size_of_a_segment)
{
	struct sl_segment seg;

	ck_assert_int_eq(sl_segment_create(&seg, "test", RING), 0);
	ck_assert_int_lt(ftruncate(seg.fd, 0), 0);
	ck_assert_int_lt(ftruncate(seg.fd, 1 << 30), 0);
	ck_assert_int_lt(fcntl(seg.fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	sl_segment_close(&seg);
}
END_TEST

START_TEST(segments_have_different_ids)
{
	struct sl_segment a, b;

	ck_assert_int_eq(sl_segment_create(&a, "a", RING), 0);
	ck_assert_int_eq(sl_segment_create(&b, "b", RING), 0);
	ck_assert_uint_ne(a.id, b.id);
	sl_segment_close(&a);
	sl_segment_close(&b);
}
END_TEST

START_TEST(odd_ring_sizes_are_refused_by_the_maker)
{
	struct sl_segment seg;

	ck_assert_int_eq(sl_segment_create(&seg, "test", RING + 4096), SL_EINVAL);
	ck_assert_int_eq(sl_segment_create(&seg, "test", RING / 2), SL_EINVAL);
	ck_assert_int_eq(
	    sl_segment_create(&seg, "test", SL_LAYOUT_RING_MAX * 2u), SL_EINVAL);
}
END_TEST

START_TEST(the_aggregator_cannot_write_where_only_the_collector_should)
{
	struct sl_segment mine, theirs;
	int status;

	ck_assert_int_eq(sl_segment_create(&mine, "test", RING), 0);
	ck_assert_int_eq(sl_segment_adopt(&theirs, dup(mine.fd), RING, reason), 0);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile unsigned char *)theirs.ring = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(status != 0);
	sl_segment_close(&mine);
	sl_segment_close(&theirs);
}
END_TEST

START_TEST(a_well_formed_foreign_segment_is_adopted)
{
	struct sl_segment seg;
	int fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);

	seal(fd);
	ck_assert_int_eq(sl_segment_adopt(&seg, fd, RING, reason), 0);
	sl_segment_close(&seg);
}
END_TEST

START_TEST(missing_or_excessive_seals_are_refused)
{
	int fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);
	expect_refused(fd, SL_EINVAL, "lacks seals");

	fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL), 0);
	expect_refused(fd, SL_EINVAL, "lacks seals");

	fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	seal(fd);
	expect_refused(fd, SL_EINVAL, "against writing");
}
END_TEST

START_TEST(files_that_are_no_memfd_are_refused)
{
	char name[] = "/tmp/sl-segment-XXXXXX";
	int fds[2];

	int fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	unlink(name);
	ck_assert_int_eq(ftruncate(fd, GOOD_SIZE), 0);
	expect_refused(fd, SL_EINVAL, "segment");
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[1]);
	expect_refused(fds[0], SL_EINVAL, "not a memfd");
	expect_refused(open("/dev/zero", O_RDWR | O_CLOEXEC), SL_EINVAL, "not a memfd");
}
END_TEST

START_TEST(a_segment_that_is_read_only_is_refused)
{
	int fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);
	char name[64];

	seal(fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	int read_only = open(name, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(read_only, 0);
	close(fd);
	expect_refused(read_only, SL_EINVAL, "not open for reading and writing");
}
END_TEST

START_TEST(a_header_that_lies_is_refused)
{
	static const struct {
		uint64_t dict, ring;
		off_t size;
		const char *part;
	} cases[] = {
	    {SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE + 4096, "its header says"},
	    {SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE - 4096, "its header says"},
	    {SL_LAYOUT_DICT_MIN, RING, 4096, "has only 4096 bytes"},
	    {SL_LAYOUT_DICT_MIN, 3 * RING, GOOD_SIZE + 2 * RING, "power of two"},
	    {SL_LAYOUT_DICT_MIN, 0, GOOD_SIZE - RING, "power of two"},
	    {SL_LAYOUT_DICT_MIN, 8 << 20, GOOD_SIZE - RING + (8 << 20), "power of two"},
	    {SL_LAYOUT_DICT_MIN, 1ull << 63, GOOD_SIZE, "power of two"},
	    {0, RING, GOOD_SIZE - SL_LAYOUT_DICT_MIN, "dictionary"},
	    {SL_LAYOUT_DICT_MIN + 4096, RING, GOOD_SIZE + 4096, "dictionary"},
	    {UINT64_MAX - 65535, RING, GOOD_SIZE, "dictionary"},
	};
	int fd = make_file(cases[_i].dict, cases[_i].ring, cases[_i].size);

	seal(fd);
	expect_refused(fd, SL_EINVAL, cases[_i].part);
}
END_TEST

START_TEST(another_magic_or_version_is_refused)
{
	uint64_t magic = 1;
	uint32_t version = 99;
	int fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);

	ck_assert_int_eq(pwrite(fd, &magic, 8, 0), 8);
	seal(fd);
	expect_refused(fd, SL_EINVAL, "magic");
	fd = make_file(SL_LAYOUT_DICT_MIN, RING, GOOD_SIZE);
	ck_assert_int_eq(
	    pwrite(fd, &version, 4, offsetof(struct sl_layout_header, version)), 4);
	seal(fd);
	expect_refused(fd, SL_EVERSION, "version 99");
}
END_TEST

START_TEST(a_later_change_of_the_header_moves_no_border)
{
	struct sl_segment mine, theirs;

	ck_assert_int_eq(sl_segment_create(&mine, "test", RING), 0);
	ck_assert_int_eq(sl_segment_adopt(&theirs, dup(mine.fd), RING, reason), 0);
	mine.header->ring_bytes = 1ull << 40;
	mine.header->dict_bytes = 1ull << 40;
	ck_assert_uint_eq(theirs.ring_bytes, RING);
	ck_assert_uint_eq(theirs.dict_bytes, mine.dict_bytes);
	sl_segment_close(&mine);
	sl_segment_close(&theirs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment");
	TCase *tc = tcase_create("segment");

	tcase_add_test(tc, both_sides_see_one_memory_and_the_ring_wraps);
	tcase_add_test(tc, nobody_can_change_the_size_of_a_segment);
	tcase_add_test(tc, segments_have_different_ids);
	tcase_add_test(tc, odd_ring_sizes_are_refused_by_the_maker);
	tcase_add_test(tc, the_aggregator_cannot_write_where_only_the_collector_should);
	tcase_add_test(tc, a_well_formed_foreign_segment_is_adopted);
	tcase_add_test(tc, missing_or_excessive_seals_are_refused);
	tcase_add_test(tc, files_that_are_no_memfd_are_refused);
	tcase_add_test(tc, a_segment_that_is_read_only_is_refused);
	tcase_add_loop_test(tc, a_header_that_lies_is_refused, 0, 10);
	tcase_add_test(tc, another_magic_or_version_is_refused);
	tcase_add_test(tc, a_later_change_of_the_header_moves_no_border);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
