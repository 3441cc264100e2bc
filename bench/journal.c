/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_journal: appends per second and CPU time per append of 300-byte entries
 * with source positions, in the directory given (default .), beside the same
 * bytes written by write(2), which is no more durable than the journal before
 * its sync.  The journal's figure includes waiting for segments under a flood.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/journal.h"
#include "aggregator/table.h"
#include "common/clock.h"
#include "common/error.h"

#define APPENDS     400000u
#define ENTRY_BYTES 300u
#define UPDATES     20000000u
#define SERIES      1000u

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * SL_NS_PER_S + ts.tv_nsec;
}

static void print(const char *what, uint64_t count, int64_t wall_ns, int64_t used_ns)
{
	printf("%-34s %10.0f /s %8.1f ns CPU each\n", what,
	    (double)count * 1e9 / (double)wall_ns, (double)used_ns / (double)count);
}

static int bench_append(const char *dir)
{
	static char entry[ENTRY_BYTES];
	struct agg_journal_origin origin = {.segment_id = 1, .has_position = true};
	struct agg_journal_stats stats;
	struct agg_journal *journal;
	uint64_t waits = 0;

	if (agg_journal_open(dir, NULL, &journal, NULL) != 0 ||
	    agg_journal_source_find(journal, "bench", 5, &origin.source) != 0)
		return 1;
	int64_t start_ns = sl_clock_mono_ns(), start_cpu_ns = cpu_ns();
	for (uint32_t i = 1; i <= APPENDS; i++) {
		origin.ring_position += 384;
		for (int b = 0; b < 4; b++)
			origin.position[15 - b] = (uint8_t)(i >> 8 * b);
		while (agg_journal_append(journal, SL_STREAM_NORMAL, entry, sizeof entry,
			   &origin) != 0) {
			usleep(100);
			waits++;
		}
	}
	print("journal append, 300 bytes", APPENDS, sl_clock_mono_ns() - start_ns,
	    cpu_ns() - start_cpu_ns);
	agg_journal_stats(journal, &stats);
	printf("  waited %llu times for a segment; %llu syncs, the longest %.1f ms\n",
	    (unsigned long long)waits, (unsigned long long)stats.syncs,
	    (double)stats.sync_worst_ns / 1e6);
	start_ns = sl_clock_mono_ns();
	agg_journal_close(journal);
	printf("  close %.1f ms", (double)(sl_clock_mono_ns() - start_ns) / 1e6);
	start_ns = sl_clock_mono_ns();
	if (agg_journal_open(dir, NULL, &journal, NULL) != 0)
		return 1;
	printf(", open %.1f ms\n", (double)(sl_clock_mono_ns() - start_ns) / 1e6);
	agg_journal_close(journal);
	return 0;
}

static int bench_write(const char *path)
{
	static char entry[ENTRY_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return 1;
	int64_t start_ns = sl_clock_mono_ns(), start_cpu_ns = cpu_ns();
	for (uint32_t i = 0; i < APPENDS; i++)
		if (write(fd, entry, sizeof entry) != sizeof entry)
			return 1;
	print("write(2) of the same", APPENDS, sl_clock_mono_ns() - start_ns,
	    cpu_ns() - start_cpu_ns);
	close(fd);
	return 0;
}

static int bench_table(const char *path)
{
	static uint32_t slots[SERIES];
	struct agg_table *table;
	char key[64];

	if (agg_table_open(path, NULL, &table, NULL) != 0)
		return 1;
	for (uint32_t i = 0; i < SERIES; i++) {
		int len = snprintf(key, sizeof key, "default/bench/metric_%u", i);
		if (agg_table_series_find(table, key, (size_t)len, &slots[i]) != 0)
			return 1;
	}
	int64_t start_ns = sl_clock_mono_ns(), start_cpu_ns = cpu_ns();
	for (uint32_t i = 0; i < UPDATES; i++)
		agg_table_series_set(table, slots[i % SERIES], i, i);
	print("table update, 1,000 series", UPDATES, sl_clock_mono_ns() - start_ns,
	    cpu_ns() - start_cpu_ns);
	agg_table_close(table);
	return 0;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(name);
}

int main(int argc, char **argv)
{
	char dir[512], path[600];

	snprintf(dir, sizeof dir, "%s/sl-bench-XXXXXX", argc > 1 ? argv[1] : ".");
	if (!mkdtemp(dir)) {
		perror(dir);
		return EXIT_FAILURE;
	}
	snprintf(path, sizeof path, "%s/journal", dir);
	int rc = bench_append(path);
	snprintf(path, sizeof path, "%s/plain", dir);
	rc = rc == 0 ? bench_write(path) : rc;
	snprintf(path, sizeof path, "%s/table", dir);
	rc = rc == 0 ? bench_table(path) : rc;
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
