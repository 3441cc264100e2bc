/* SPDX-License-Identifier: Apache-2.0 */
/* A state table's file with any content; the header's checksum is made right. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/table_file.h"
#include "common/crc32c.h"
#include "common/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_input(const char *path, const uint8_t *data, size_t size)
{
	struct agg_table_header header;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (size >= sizeof header) {
		memcpy(&header, data, sizeof header);
		header.crc =
		    sl_crc32c(0, &header, offsetof(struct agg_table_header, crc));
		if (pwrite(fd, &header, sizeof header, 0) != sizeof header)
			abort();
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct agg_table_options options = {4, 2, 1};
	struct agg_table *table;
	struct agg_table_ring ring;
	struct sl_slice text;
	double value;
	int64_t time_ns;
	uint32_t slot;
	uint64_t sum = 0;
	char path[64];

	sl_log_set_level(SL_LOG_ERROR);
	snprintf(path, sizeof path, "/dev/shm/sl-fuzz-table-%d", (int)getpid());
	write_input(path, data, size);
	if (agg_table_open(path, &options, &table, NULL) != 0)
		abort();
	for (slot = 0;
	     (slot = agg_table_series_next(table, slot, &text)) != AGG_TABLE_NO_SLOT;
	     slot++) {
		sum += sl_crc32c(0, text.data, text.len);
		agg_table_series_get(table, slot, &value, &time_ns);
	}
	for (slot = 0;
	     (slot = agg_table_ring_next(table, slot, &text)) != AGG_TABLE_NO_SLOT;
	     slot++) {
		sum += sl_crc32c(0, text.data, text.len);
		agg_table_ring_get(table, slot, &ring);
	}
	for (slot = 0;
	     (slot = agg_table_alert_next(table, slot, &text)) != AGG_TABLE_NO_SLOT;
	     slot++)
		sum += sl_crc32c(0, text.data, text.len);
	if (agg_table_series_find(table, "k", 1, &slot) == 0)
		agg_table_series_set(table, slot, (double)sum, 1);
	agg_table_close(table);
	unlink(path);
	snprintf(path, sizeof path, "/dev/shm/sl-fuzz-table-%d.bad", (int)getpid());
	unlink(path);
	return 0;
}
