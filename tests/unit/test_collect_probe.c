/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collectors/probe.h"
#include "collectors/procs.h"
#include "collectors/sensors.h"
#include "collectors/service.h"
#include "loop.h"

static struct event_base *loop;
static struct col_resolver resolver;
static char dir[] = "/tmp/collect-probe-XXXXXX";

static struct {
	int calls;
	bool success;
	int64_t elapsed_ns;
	char reason[160];
} result;

static void on_done(void *arg, bool success, int64_t elapsed_ns, const char *reason)
{
	(void)arg;
	result.calls++;
	result.success = success;
	result.elapsed_ns = elapsed_ns;
	snprintf(result.reason, sizeof(result.reason), "%s", reason);
	event_base_loopexit(loop, NULL);
}

static void setup(void)
{
	memset(&result, 0, sizeof(result));
	strcpy(dir, "/tmp/collect-probe-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	loop = sl_loop_new();
	resolver = (struct col_resolver){.loop = loop};
}

static void teardown(void)
{
	col_resolver_clear(&resolver);
	event_base_free(loop);
	rmdir(dir);
}

/* A listener on a free port of the loopback. */
static int listen_tcp(uint16_t *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static const char *answer; /* NULL: say nothing; "": hang up */
static char request[4096];
static int peer_fd;

/* Answers one request, which is then in request. */
static void on_request(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	ssize_t n = recv(fd, request, sizeof(request) - 1, 0);
	request[n > 0 ? n : 0] = '\0';
	if (answer == NULL)
		return;
	send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	close(fd);
	peer_fd = -1;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	peer_fd = accept(fd, NULL, NULL);
	event_base_once(loop, peer_fd, EV_READ, on_request, NULL, NULL);
}

/* Runs one probe against a listener that gives an answer. */
static void probe_once(const char *url, const char *socket_name, int listener,
    const char *text, int64_t timeout_ms)
{
	struct col_probe_target target;
	struct event *accepting = NULL;
	const char *problem;

	answer = text;
	peer_fd = -1;
	ck_assert_int_eq(col_probe_target_parse(url, socket_name, &target, &problem), 0);
	if (listener >= 0) {
		accepting = event_new(loop, listener, EV_READ, on_accept, NULL);
		event_add(accepting, NULL);
	}
	struct col_probe *probe =
	    col_probe_new(&resolver, &target, timeout_ms, on_done, NULL);
	ck_assert(col_probe_start(probe));
	ck_assert(!col_probe_start(probe));
	ck_assert_int_eq(result.calls, 0);
	event_base_dispatch(loop);
	ck_assert_int_eq(result.calls, 1);
	if (accepting != NULL)
		event_free(accepting);
	col_probe_free(probe);
	if (peer_fd >= 0)
		close(peer_fd);
}

static void probe_http(const char *text, int64_t timeout_ms)
{
	char url[64];
	uint16_t port;
	int listener = listen_tcp(&port);

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/healthz", (unsigned)port);
	probe_once(url, "", listener, text, timeout_ms);
	close(listener);
}

START_TEST(measures_a_url_that_answers)
{
	probe_http("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 5000);
	ck_assert(result.success);
	ck_assert_str_eq(result.reason, "");
	ck_assert_int_gt(result.elapsed_ns, 0);
	ck_assert_int_eq(
	    strncmp(request, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:", 39), 0);
	ck_assert_ptr_nonnull(strstr(request, "\r\n\r\n"));
}
END_TEST

START_TEST(an_error_status_is_a_failure_that_is_named)
{
	probe_http("HTTP/1.1 503 Service Unavailable\r\n\r\n", 5000);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "status 503");
}
END_TEST

START_TEST(whatever_is_no_http_is_a_failure)
{
	probe_http("SSH-2.0-x\r\n", 5000);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "reading: the answer is not HTTP/1");
}
END_TEST

START_TEST(a_peer_that_hangs_up_is_a_failure)
{
	probe_http("", 5000);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "reading: closed without an answer");
}
END_TEST

START_TEST(a_peer_that_says_nothing_fails_at_the_deadline)
{
	probe_http(NULL, 50);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "timed out: waiting for an answer");
}
END_TEST

START_TEST(an_endless_status_line_is_a_failure)
{
	static char endless[8192];

	memcpy(endless, "HTTP/1.1 200 ", 13);
	memset(endless + 13, 'x', sizeof(endless) - 14);
	probe_http(endless, 5000);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "reading: the answer is not HTTP/1");
}
END_TEST

START_TEST(a_port_that_nobody_listens_on_is_a_failure)
{
	char name[32];
	uint16_t port;
	int listener = listen_tcp(&port);

	close(listener);
	snprintf(name, sizeof(name), "127.0.0.1:%u", (unsigned)port);
	probe_once("", name, -1, NULL, 5000);
	ck_assert(!result.success);
	ck_assert_str_eq(result.reason, "connecting: Connection refused");
}
END_TEST

START_TEST(a_name_is_tried_at_each_of_its_addresses)
{
	char name[32];
	uint16_t port;
	int listener = listen_tcp(&port); /* on 127.0.0.1 and not on ::1 */

	snprintf(name, sizeof(name), "localhost:%u", (unsigned)port);
	probe_once("", name, -1, NULL, 5000);
	ck_assert_msg(result.success, "%s", result.reason);
	close(listener);
}
END_TEST

START_TEST(measures_a_url_behind_a_unix_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", dir);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	probe_once("http://gateway/healthz", address.sun_path, listener,
	    "HTTP/1.0 200 OK\r\n\r\n", 5000);
	ck_assert_msg(result.success, "%s", result.reason);
	close(listener);
	unlink(address.sun_path);
}
END_TEST

START_TEST(a_probe_that_is_freed_while_it_runs_says_nothing)
{
	struct col_probe_target target;
	const char *problem;
	char name[32];
	uint16_t port;
	int listener = listen_tcp(&port);

	snprintf(name, sizeof(name), "127.0.0.1:%u", (unsigned)port);
	ck_assert_int_eq(col_probe_target_parse("", name, &target, &problem), 0);
	struct col_probe *probe = col_probe_new(&resolver, &target, 5000, on_done, NULL);
	ck_assert(col_probe_start(probe));
	col_probe_free(probe);
	event_base_loop(loop, EVLOOP_NONBLOCK);
	ck_assert_int_eq(result.calls, 0);
	close(listener);
}
END_TEST

/* ---- processes, services, sensors ---------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove(path);
}

START_TEST(finds_itself_among_the_processes)
{
	struct col_parse_process self;
	struct col_procs procs = {0};

	ck_assert_int_eq(col_procs_open(&procs), 0);
	ck_assert_int_eq(col_procs_find(&procs, (uint64_t)getpid(), &self), 0);
	ck_assert_uint_eq(self.pid, (uint64_t)getpid());
	ck_assert(col_procs_is_running(&self));
	ck_assert(col_procs_is_program(&procs, &self, "test_collect_probe"));
	ck_assert(!col_procs_is_program(&procs, &self, "test_collect_prober"));
	col_procs_close(&procs);
}
END_TEST

START_TEST(tells_running_services_from_others)
{
	char pidfile[256], number[32];
	bool up[4] = {false, true, false, true};

	snprintf(pidfile, sizeof(pidfile), "%s/pid", dir);
	snprintf(number, sizeof(number), "%d\n", (int)getpid());
	write_file("pid", number);
	struct col_service services[4] = {
	    {.process = "test_collect_probe", .unit = "", .pidfile = ""},
	    {.process = "no-such-program-at-all", .unit = "", .pidfile = ""},
	    {.process = "", .unit = "", .pidfile = pidfile},
	    {.process = "", .unit = "x.service", .pidfile = ""},
	};
	struct col_procs procs = {0};

	ck_assert_int_eq(col_procs_open(&procs), 0);
	for (int turn = 0; turn < 2; turn++) {
		col_service_check(services, 4, &procs, "", up);
		ck_assert(up[0] && !up[1] && up[2] && !up[3]);
	}
	write_file("pid", "999999999\n");
	col_service_check(services, 4, &procs, "", up);
	ck_assert(!up[2]);
	col_procs_close(&procs);
	remove_file("pid");
}
END_TEST

START_TEST(finds_a_unit_in_nested_slices)
{
	struct col_service service = {.process = "", .unit = "x.service", .pidfile = ""};
	struct col_procs procs = {0};
	bool up = false;

	ck_assert_int_eq(col_procs_open(&procs), 0);
	static const char *const made[] = {
	    "system.slice", "system.slice/a.slice", "system.slice/a.slice/x.service"};
	for (size_t i = 0; i < 3; i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	write_file(
	    "system.slice/a.slice/x.service/cgroup.events", "populated 1\nfrozen 0\n");
	col_service_check(&service, 1, &procs, dir, &up);
	ck_assert(up);
	write_file(
	    "system.slice/a.slice/x.service/cgroup.events", "populated 0\nfrozen 0\n");
	col_service_check(&service, 1, &procs, dir, &up);
	ck_assert(!up);
	remove_file("system.slice/a.slice/x.service/cgroup.events");
	for (size_t i = 3; i > 0; i--)
		remove_file(made[i - 1]);
	col_procs_close(&procs);
}
END_TEST

START_TEST(reads_temperature_sensors_with_their_names)
{
	struct col_sensors sensors = {0};
	struct sl_buf buf = {0};
	double celsius;
	char path[256];

	snprintf(path, sizeof(path), "%s/hwmon0", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("hwmon0/name", "coretemp\n");
	write_file("hwmon0/temp1_input", "42500\n");
	write_file("hwmon0/temp1_label", "Package id 0\n");
	write_file("hwmon0/temp3_input", "-5000\n");
	write_file("hwmon0/temp4_input", "nonsense\n");
	col_sensors_open(&sensors, dir);
	ck_assert_uint_eq(sensors.count, 2);
	ck_assert_str_eq(sensors.sensor[0].name, "coretemp Package id 0");
	ck_assert_int_eq(col_sensors_read(&sensors, 0, &buf, &celsius), 0);
	ck_assert_double_eq_tol(celsius, 42.5, 1e-9);
	ck_assert_str_eq(sensors.sensor[1].name, "coretemp temp3");
	ck_assert_int_eq(col_sensors_read(&sensors, 1, &buf, &celsius), 0);
	ck_assert_double_eq_tol(celsius, -5.0, 1e-9);
	write_file("hwmon0/temp1_input", "999999\n");
	ck_assert_int_ne(col_sensors_read(&sensors, 0, &buf, &celsius), 0);
	col_sensors_close(&sensors);
	sl_buf_clear(&buf);
	static const char *const made[] = {"hwmon0/name", "hwmon0/temp1_input",
	    "hwmon0/temp1_label", "hwmon0/temp3_input", "hwmon0/temp4_input", "hwmon0"};
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		remove_file(made[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_probe");
	TCase *tc = tcase_create("probe");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, measures_a_url_that_answers);
	tcase_add_test(tc, an_error_status_is_a_failure_that_is_named);
	tcase_add_test(tc, whatever_is_no_http_is_a_failure);
	tcase_add_test(tc, a_peer_that_hangs_up_is_a_failure);
	tcase_add_test(tc, a_peer_that_says_nothing_fails_at_the_deadline);
	tcase_add_test(tc, an_endless_status_line_is_a_failure);
	tcase_add_test(tc, a_port_that_nobody_listens_on_is_a_failure);
	tcase_add_test(tc, a_name_is_tried_at_each_of_its_addresses);
	tcase_add_test(tc, measures_a_url_behind_a_unix_socket);
	tcase_add_test(tc, a_probe_that_is_freed_while_it_runs_says_nothing);
	tcase_add_test(tc, finds_itself_among_the_processes);
	tcase_add_test(tc, tells_running_services_from_others);
	tcase_add_test(tc, finds_a_unit_in_nested_slices);
	tcase_add_test(tc, reads_temperature_sensors_with_their_names);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
