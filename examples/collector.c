/* SPDX-License-Identifier: Apache-2.0 */
/* A whole collector: the number of open files of this machine, once a second. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sightline/collector.h>

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s ATTACH-SOCKET SECONDS\n", argv[0]);
		return 64;
	}
	struct sightline_options options = {.source = "example", .attach_path = argv[1]};
	struct sightline_metric metric = {.name = "open_files", .unit = "files"};
	struct sightline_collector *collector;
	uint32_t open_files;
	int err = sightline_open(&collector, &options);
	if (err == 0)
		err = sightline_define(collector, &metric, &open_files);
	if (err != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], sightline_strerror(err));
		return 70;
	}
	for (int left = atoi(argv[2]); left > 0; left--) {
		FILE *file = fopen("/proc/sys/fs/file-nr", "re");
		double value;

		if (file && fscanf(file, "%lf", &value) == 1)
			sightline_push(collector, open_files, value, 0);
		if (file)
			fclose(file);
		sightline_wait_attached(
		    collector, 0); /* attach, and again after a restart */
		sleep(1);
	}
	err = sightline_flush(collector, 1000); /* gone to the aggregator? */
	sightline_close(collector);
	if (err != 0)
		fprintf(stderr, "%s: not all was taken: %s\n", argv[1],
		    sightline_strerror(err));
	return err == 0 ? 0 : 75;
}
