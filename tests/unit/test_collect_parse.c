/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "collectors/parse_disk.h"
#include "collectors/parse_memory.h"
#include "collectors/parse_net.h"
#include "collectors/parse_process.h"
#include "collectors/parse_stat.h"
#include "error.h"
#include "fixture.h"

static struct col_parse_stat stat_out;

START_TEST(reads_every_mode_of_every_core)
{
	ck_assert_int_eq(col_parse_stat(fixture_read("collectors/stat"), &stat_out), 0);
	ck_assert_uint_eq(stat_out.cores, 2);
	ck_assert(stat_out.present[0] && stat_out.present[1] && !stat_out.present[2]);
	ck_assert_uint_eq(stat_out.core[1].ticks[COL_MODE_USER], 2480);
	ck_assert_uint_eq(stat_out.core[1].ticks[COL_MODE_IDLE], 118159);
	ck_assert_uint_eq(stat_out.core[1].ticks[COL_MODE_SOFTIRQ], 76);
	ck_assert_uint_eq(stat_out.context_switches, 483217);
	ck_assert_uint_eq(stat_out.forks, 9915);
	ck_assert_uint_eq(stat_out.running, 2);
}
END_TEST

START_TEST(an_offline_core_is_absent_and_an_absurd_one_is_left_out)
{
	const char *text = "cpu 1 2 3 4 5 6 7 8\ncpu3 1 2 3 4 5 6 7 8\n"
			   "cpu18446744073709551615 1 2 3 4 5 6 7 8\n";

	ck_assert_int_eq(col_parse_stat(fixture_text(text), &stat_out), 0);
	ck_assert_uint_eq(stat_out.cores, 4);
	ck_assert(!stat_out.present[0] && stat_out.present[3]);
}
END_TEST

START_TEST(refuses_a_stat_that_is_none)
{
	static const char *const texts[] = {"", "\n\n", "cpu\n", "cpu 1 2 3\n",
	    "cpu0 1 2 3 4 5 6 7\n", "cpu 1 2 3 4 5 6 x\n",
	    "cpu 1 2 3 4 5 6 7\ncpuX 1 2 3 4 5 6 7\n", "intr 1 2\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(
		    col_parse_stat(fixture_text(texts[i]), &stat_out) == SL_EMALFORMED,
		    "\"%s\"", texts[i]);
}
END_TEST

START_TEST(reads_load_pressure_and_uptime)
{
	struct col_parse_load load;
	struct col_parse_pressure pressure;
	double seconds;

	ck_assert_int_eq(
	    col_parse_load(fixture_text("0.52 0.58 0.59 3/602 12345\n"), &load), 0);
	ck_assert_double_eq_tol(load.load_1m, 0.52, 1e-9);
	ck_assert_double_eq_tol(load.load_15m, 0.59, 1e-9);
	ck_assert_uint_eq(load.running, 3);
	ck_assert_uint_eq(load.threads, 602);
	ck_assert_int_eq(
	    col_parse_load(fixture_text("0.52 0.58 0.59 3 1\n"), &load), SL_EMALFORMED);

	ck_assert_int_eq(
	    col_parse_pressure(
		fixture_text("some avg10=7.16 avg60=4.13 avg300=1.13 total=6849043\n"
			     "full avg10=6.98 avg60=4.02 avg300=1.10 total=6591568\n"),
		&pressure),
	    0);
	ck_assert_double_eq_tol(pressure.some_avg10, 7.16, 1e-9);
	ck_assert_uint_eq(pressure.full_total_us, 6591568);
	ck_assert_int_eq(
	    col_parse_pressure(fixture_text("full avg10=0.00 total=1\n"), &pressure),
	    SL_EMALFORMED);
	ck_assert_int_eq(col_parse_pressure(fixture_text("some avg10=1.00\n"), &pressure),
	    SL_EMALFORMED);

	ck_assert_int_eq(col_parse_uptime(fixture_text("884.83 1698.93\n"), &seconds), 0);
	ck_assert_double_eq_tol(seconds, 884.83, 1e-9);
	ck_assert_int_eq(
	    col_parse_uptime(fixture_text("soon\n"), &seconds), SL_EMALFORMED);
}
END_TEST

START_TEST(reads_memory_in_bytes)
{
	struct col_parse_memory memory;
	struct col_parse_vmstat vmstat;

	ck_assert_int_eq(
	    col_parse_memory(fixture_read("collectors/meminfo"), &memory), 0);
	ck_assert_uint_eq(memory.total_bytes, 24684092ull * 1024);
	ck_assert_uint_gt(memory.available_bytes, 0);
	ck_assert_uint_lt(memory.available_bytes, memory.total_bytes);
	ck_assert_int_eq(col_parse_vmstat(fixture_read("collectors/vmstat"), &vmstat), 0);
	ck_assert_uint_gt(vmstat.faults, vmstat.major_faults);
}
END_TEST

START_TEST(a_machine_out_of_memory_is_read_and_a_missing_line_is_not_zero)
{
	struct col_parse_memory memory;

	ck_assert_int_eq(
	    col_parse_memory(
		fixture_text("MemTotal: 10 kB\nMemAvailable: 0 kB\n"), &memory),
	    0);
	ck_assert_uint_eq(memory.available_bytes, 0);
	ck_assert_int_eq(
	    col_parse_memory(fixture_text("MemTotal: 10 kB\n"), &memory), SL_EMALFORMED);
	ck_assert_int_eq(col_parse_memory(fixture_text("MemAvailable: 10 kB\n"), &memory),
	    SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_memory(
		fixture_text("MemTotal: 10 kB\nMemAvailable: 11 kB\n"), &memory),
	    SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_memory(
		fixture_text("MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n"),
		&memory),
	    SL_EMALFORMED);
}
END_TEST

START_TEST(watches_whole_disks_and_not_their_partitions)
{
	struct col_parse_disk disks[8];

	ck_assert_int_eq(
	    col_parse_disks(fixture_read("collectors/diskstats"), disks, 8), 3);
	ck_assert_str_eq(disks[0].name, "vda");
	ck_assert_uint_eq(disks[0].reads, 71421);
	ck_assert_uint_eq(disks[0].read_bytes, 3438050ull * 512);
	ck_assert_uint_eq(disks[0].written_bytes, 1784936ull * 512);
	ck_assert_uint_eq(disks[0].busy_ms, 10552);
	ck_assert_str_eq(disks[1].name, "nvme0n1");
	ck_assert_str_eq(disks[2].name, "dm-0");
	ck_assert_int_eq(
	    col_parse_disks(fixture_read("collectors/diskstats"), disks, 1), 1);
	ck_assert_int_eq(
	    col_parse_disks(fixture_text("254 0 vda 1 2 3\n"), disks, 8), SL_EMALFORMED);
	ck_assert_int_eq(col_parse_disks(fixture_text(""), disks, 8), 0);
}
END_TEST

START_TEST(watches_each_real_file_system_once)
{
	struct col_parse_mount mounts[8];
	char path[COL_PARSE_MOUNT_PATH];

	ck_assert_int_eq(
	    col_parse_mounts(fixture_read("collectors/mountinfo"), mounts, 8), 3);
	ck_assert_str_eq(mounts[0].path, "/");
	ck_assert_str_eq(mounts[1].path, "/boot/efi");
	ck_assert_str_eq(mounts[2].path, "/srv/big data");
	ck_assert_int_eq(
	    col_parse_cgroup_mount(fixture_read("collectors/mountinfo"), path), 0);
	ck_assert_str_eq(path, "/sys/fs/cgroup");
	ck_assert_int_eq(col_parse_cgroup_mount(fixture_text(""), path), SL_ENOTFOUND);
	ck_assert_int_eq(
	    col_parse_mounts(
		fixture_text("1 2 8:1 / / rw ext4 /dev/sda1 rw\n"), mounts, 8),
	    SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_mounts(
		fixture_text("1 2 8x1 / / rw - ext4 /dev/sda1 rw\n"), mounts, 8),
	    SL_EMALFORMED);
}
END_TEST

START_TEST(reads_interfaces_without_the_loopback)
{
	struct col_parse_interface interfaces[4];

	ck_assert_int_eq(
	    col_parse_interfaces(fixture_read("collectors/net_dev"), interfaces, 4), 3);
	ck_assert_str_eq(interfaces[2].name, "eth0");
	ck_assert_uint_gt(interfaces[2].receive_bytes, interfaces[2].transmit_bytes);
	ck_assert_uint_gt(interfaces[2].transmit_packets, 0);
	ck_assert_int_eq(col_parse_interfaces(
			     fixture_text("a|b\nc|d\neth0:1 2 3 4 5 6 7 8 9 10 11 12\n"),
			     interfaces, 4),
	    1);
	ck_assert_uint_eq(interfaces[0].receive_bytes, 1);
	ck_assert_uint_eq(interfaces[0].transmit_drops, 12);
	ck_assert_int_eq(
	    col_parse_interfaces(fixture_text("a|b\nc|d\neth0 1 2\n"), interfaces, 4),
	    SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_interfaces(fixture_text(""), interfaces, 4), SL_EMALFORMED);
}
END_TEST

START_TEST(reads_tcp_counters_by_their_names)
{
	struct col_parse_snmp snmp;
	struct col_parse_sockstat sockstat;

	ck_assert_int_eq(col_parse_snmp(fixture_read("collectors/net_snmp"), &snmp), 0);
	ck_assert_uint_gt(snmp.tcp_segments_out, 0);
	ck_assert_int_eq(
	    col_parse_snmp(fixture_text("Tcp: CurrEstab OutSegs\nTcp: 1\n"), &snmp),
	    SL_EMALFORMED);
	ck_assert_int_eq(col_parse_snmp(fixture_text("Tcp: a\n"), &snmp), SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_snmp(fixture_text("Tcp: a\nUdp: 1\n"), &snmp), SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_sockstat(fixture_read("collectors/net_sockstat"), &sockstat), 0);
	ck_assert_uint_eq(sockstat.used, 16);
	ck_assert_int_eq(col_parse_sockstat(fixture_text("sockets: used\n"), &sockstat),
	    SL_EMALFORMED);
}
END_TEST

START_TEST(counts_tcp_states_of_the_text_form)
{
	struct col_parse_tcp tcp = {0};

	ck_assert_int_eq(col_parse_tcp(fixture_read("collectors/net_tcp"), &tcp), 0);
	ck_assert_uint_eq(tcp.count[COL_TCP_LISTEN], 1);
	ck_assert_uint_eq(tcp.count[COL_TCP_ESTABLISHED], 1);
	ck_assert_uint_eq(tcp.count[COL_TCP_CLOSE_WAIT], 1);
	ck_assert_uint_eq(tcp.count[COL_TCP_TIME_WAIT], 1);
	ck_assert_int_eq(
	    col_parse_tcp(fixture_text("h\n0: a b zz\n"), &tcp), SL_EMALFORMED);
}
END_TEST

/* Builds a datagram of count sockets in a state, with an end if wanted. */
static size_t make_diag(char *out, size_t count, unsigned char state, bool done)
{
	struct inet_diag_msg message = {.idiag_state = state};
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr header = {
		    .nlmsg_len = NLMSG_LENGTH(sizeof(message)), .nlmsg_type = 20};
		memcpy(out + len, &header, sizeof(header));
		memcpy(out + len + NLMSG_HDRLEN, &message, sizeof(message));
		len += NLMSG_ALIGN(header.nlmsg_len);
	}
	if (done) {
		struct nlmsghdr header = {
		    .nlmsg_len = NLMSG_LENGTH(4), .nlmsg_type = NLMSG_DONE};
		memset(out + len, 0, NLMSG_SPACE(4));
		memcpy(out + len, &header, sizeof(header));
		len += NLMSG_SPACE(4);
	}
	return len;
}

START_TEST(counts_tcp_states_of_a_netlink_dump)
{
	struct col_parse_tcp tcp = {0};
	char data[1024];
	size_t len = make_diag(data, 3, COL_TCP_CLOSE_WAIT, false);

	ck_assert_int_eq(col_parse_diag((struct sl_slice){data, len}, &tcp), 0);
	len = make_diag(data, 1, 200, true);
	ck_assert_int_eq(col_parse_diag((struct sl_slice){data, len}, &tcp), 1);
	ck_assert_uint_eq(tcp.count[COL_TCP_CLOSE_WAIT], 3);
	len = make_diag(data, 1, 1, false);
	ck_assert_int_eq(
	    col_parse_diag((struct sl_slice){data, len - 8}, &tcp), SL_EMALFORMED);
	data[0] = 4; /* shorter than its own header: must not loop */
	ck_assert_int_eq(
	    col_parse_diag((struct sl_slice){data, len}, &tcp), SL_EMALFORMED);
}
END_TEST

START_TEST(a_process_name_cannot_forge_the_fields_behind_it)
{
	struct col_parse_process process;

	ck_assert_int_eq(
	    col_parse_process(fixture_read("collectors/pid_stat"), &process), 0);
	ck_assert_uint_eq(process.pid, 4242);
	ck_assert_str_eq(process.comm, "tricky) R 1 (x");
	ck_assert_int_eq(process.state, 'S');
	ck_assert_uint_eq(process.threads, 7);
	ck_assert_uint_eq(process.start_ticks, 123462);
	ck_assert_int_eq(
	    col_parse_process(fixture_text("1 (a) S 1"), &process), SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_process(fixture_text("1 (a"), &process), SL_EMALFORMED);
}
END_TEST

START_TEST(a_long_program_name_is_told_by_its_command_line)
{
	const char cmdline[] = "/usr/bin/sightline-aggregator\0--dir\0/x";
	struct sl_slice slice = {cmdline, sizeof(cmdline)};

	ck_assert(col_parse_is_program("sightline-aggre", slice, "sightline-aggregator"));
	ck_assert(!col_parse_is_program("sightline-aggre", slice, "sightline-aggregate"));
	ck_assert(
	    !col_parse_is_program("sightline-gatew", slice, "sightline-aggregator"));
	ck_assert(col_parse_is_program("nginx", fixture_text("nginx: worker"), "nginx"));
	ck_assert(!col_parse_is_program("nginx2", fixture_text("nginx"), "nginx"));
	ck_assert(!col_parse_is_program(
	    "sightline-aggre", fixture_text(""), "sightline-aggregator"));
}
END_TEST

START_TEST(reads_cgroup_files_and_single_numbers)
{
	struct col_parse_cgroup_cpu cpu;
	int64_t value;

	ck_assert_int_eq(
	    col_parse_cgroup_cpu(fixture_read("collectors/cgroup_cpu_stat"), &cpu), 0);
	ck_assert_uint_eq(cpu.usage_us, 68104929);
	ck_assert_uint_eq(cpu.throttled_us, 0);
	ck_assert_int_eq(
	    col_parse_cgroup_cpu(fixture_text("user_usec 1\n"), &cpu), SL_EMALFORMED);
	ck_assert_int_eq(col_parse_number(fixture_text("-40000\n"), &value), 0);
	ck_assert_int_eq(value, -40000);
	ck_assert_int_eq(col_parse_number(fixture_text("max\n"), &value), SL_EMALFORMED);
	ck_assert_int_eq(
	    col_parse_number(fixture_text("9223372036854775808"), &value), SL_EMALFORMED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_parse");
	TCase *tc = tcase_create("parse");

	tcase_add_test(tc, reads_every_mode_of_every_core);
	tcase_add_test(tc, an_offline_core_is_absent_and_an_absurd_one_is_left_out);
	tcase_add_test(tc, refuses_a_stat_that_is_none);
	tcase_add_test(tc, reads_load_pressure_and_uptime);
	tcase_add_test(tc, reads_memory_in_bytes);
	tcase_add_test(
	    tc, a_machine_out_of_memory_is_read_and_a_missing_line_is_not_zero);
	tcase_add_test(tc, watches_whole_disks_and_not_their_partitions);
	tcase_add_test(tc, watches_each_real_file_system_once);
	tcase_add_test(tc, reads_interfaces_without_the_loopback);
	tcase_add_test(tc, reads_tcp_counters_by_their_names);
	tcase_add_test(tc, counts_tcp_states_of_the_text_form);
	tcase_add_test(tc, counts_tcp_states_of_a_netlink_dump);
	tcase_add_test(tc, a_process_name_cannot_forge_the_fields_behind_it);
	tcase_add_test(tc, a_long_program_name_is_told_by_its_command_line);
	tcase_add_test(tc, reads_cgroup_files_and_single_numbers);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
