/* SPDX-License-Identifier: Apache-2.0 */
/* The tallies' file as a broken disk or a foreign program may leave it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aggregator/tally_file.h"
#include "aggregator/tally_window.h"
#include "common/clock.h"

#define NOW_NS (1800000000 * SL_NS_PER_S)

static void use(struct agg_tally_file *file, struct agg_tally_block *block)
{
	static const struct sl_catalog_tally tallies[] = {
	    {.kind = SL_TALLY_GROWTH, .over_ms = SL_TALLY_TODAY},
	    {.kind = SL_TALLY_GROWTH, .over_ms = 3600000},
	    {.kind = SL_TALLY_AVG, .over_ms = SL_TALLY_ALWAYS},
	};
	int64_t period;
	bool fresh;

	for (size_t i = 0; i < sizeof tallies / sizeof *tallies; i++) {
		block->width_ns = agg_tally_window_width(&tallies[i]);
		agg_tally_window_value(&tallies[i], block, NOW_NS);
		struct agg_tally_bucket *bucket =
		    agg_tally_window_bucket(block, NOW_NS, NOW_NS, &period, &fresh);
		if (bucket)
			agg_tally_file_save(file, bucket);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agg_tally_file *file;
	struct agg_tally_block *block;
	char path[64];
	int fd = memfd_create("tally", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (agg_tally_file_open(path, &file) != 0)
		abort();
	for (size_t i = 0; i < 8 && (block = agg_tally_file_block(file, i)); i++) {
		agg_tally_file_begin(file, SL_STREAM_NORMAL);
		use(file, block);
		agg_tally_file_end(
		    file, SL_STREAM_NORMAL, agg_tally_file_next(file, 1, SL_STREAM_LOW));
	}
	agg_tally_file_add(file);
	agg_tally_file_close(file);
	close(fd);
	return 0;
}
