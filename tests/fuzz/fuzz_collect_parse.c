/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of the collectors: the first byte chooses one, the rest is its text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/parse_disk.h"
#include "collectors/parse_memory.h"
#include "collectors/parse_net.h"
#include "collectors/parse_process.h"
#include "collectors/parse_stat.h"
#include "collectors/probe_target.h"
#include "collectors/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_stat(struct sl_slice text)
{
	static struct col_parse_stat out;

	if (col_parse_stat(text, &out) == 0 && out.cores > COL_PARSE_CORES_MAX)
		abort();
}

static void fuzz_load(struct sl_slice text)
{
	struct col_parse_load load;
	struct col_parse_pressure pressure;
	double seconds;

	col_parse_load(text, &load);
	col_parse_pressure(text, &pressure);
	if (col_parse_uptime(text, &seconds) == 0 && !(seconds >= 0))
		abort();
}

static void fuzz_memory(struct sl_slice text)
{
	struct col_parse_memory memory;
	struct col_parse_vmstat vmstat;

	if (col_parse_memory(text, &memory) == 0 &&
	    memory.available_bytes > memory.total_bytes)
		abort();
	col_parse_vmstat(text, &vmstat);
}

static void fuzz_disks(struct sl_slice text)
{
	struct col_parse_disk disks[4];

	if (col_parse_disks(text, disks, 4) > 4)
		abort();
}

static void fuzz_mounts(struct sl_slice text)
{
	struct col_parse_mount mounts[4];
	char path[COL_PARSE_MOUNT_PATH];

	int count = col_parse_mounts(text, mounts, 4);
	if (count > 4)
		abort();
	for (int i = 0; i < count; i++)
		if (mounts[i].path[0] != '/' ||
		    strlen(mounts[i].path) >= COL_PARSE_MOUNT_PATH)
			abort();
	col_parse_cgroup_mount(text, path);
}

static void fuzz_interfaces(struct sl_slice text)
{
	struct col_parse_interface interfaces[4];

	if (col_parse_interfaces(text, interfaces, 4) > 4)
		abort();
}

static void fuzz_snmp(struct sl_slice text)
{
	struct col_parse_snmp snmp;
	struct col_parse_sockstat sockstat;

	col_parse_snmp(text, &snmp);
	col_parse_sockstat(text, &sockstat);
}

static void fuzz_tcp(struct sl_slice text)
{
	struct col_parse_tcp tcp = {0};

	col_parse_tcp(text, &tcp);
}

static void fuzz_diag(struct sl_slice text)
{
	struct col_parse_tcp tcp = {0};

	col_parse_diag(text, &tcp);
}

static void fuzz_process(struct sl_slice text)
{
	struct col_parse_process process;

	if (col_parse_process(text, &process) == 0)
		col_parse_is_program(process.comm, text, "sightline-aggregator");
}

static void fuzz_cgroup(struct sl_slice text)
{
	struct col_parse_cgroup_cpu cpu;
	int64_t number;

	col_parse_cgroup_cpu(text, &cpu);
	col_parse_number(text, &number);
	col_service_populated(text);
}

static void fuzz_probe(struct sl_slice text)
{
	struct col_probe_target target;
	const char *problem;
	char option[4096];

	int status = col_probe_target_status(text);
	if (status >= 0 && (status < 100 || status > 599))
		abort();
	size_t len = text.len < sizeof(option) - 1 ? text.len : sizeof(option) - 1;
	memcpy(option, text.data, len);
	option[len] = '\0';
	if (col_probe_target_parse(option, "", &target, &problem) == 0) {
		struct sl_buf request = {0};
		col_probe_target_request(&target, &request);
		sl_buf_clear(&request);
	}
	col_probe_target_parse("", option, &target, &problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct sl_slice text) = {fuzz_stat, fuzz_load,
	    fuzz_memory, fuzz_disks, fuzz_mounts, fuzz_interfaces, fuzz_snmp, fuzz_tcp,
	    fuzz_diag, fuzz_process, fuzz_cgroup, fuzz_probe};

	if (size == 0)
		return 0;
	/* A copy of exactly this size, so that a read past its end is seen. */
	char *copy = malloc(size - 1 > 0 ? size - 1 : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))](
	    (struct sl_slice){copy, size - 1});
	free(copy);
	return 0;
}
