/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "config.h"
#include "error.h"
#include "paths.h"

static struct sl_paths paths;
static struct sl_config *config;
static struct sl_buf error;

static void setup(void)
{
	int fd;

	snprintf(paths.config, sizeof paths.config, "/tmp/sl-config-XXXXXX");
	fd = mkstemp(paths.config);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void teardown(void)
{
	sl_config_free(config);
	sl_buf_clear(&error);
	unlink(paths.config);
}

static void write_file(const char *text)
{
	FILE *f = fopen(paths.config, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static int load_with(
    const char *text, const struct sl_config_override *override, size_t count)
{
	write_file(text);
	sl_config_free(config);
	config = NULL;
	sl_buf_reset(&error);
	return sl_config_load(&paths, override, count, &config, &error);
}

static int load(const char *text)
{
	return load_with(text, NULL, 0);
}

/* ---- files ---------------------------------------------------------------------- */

START_TEST(an_empty_file_gives_the_defaults)
{
	ck_assert_int_eq(load(""), 0);
	ck_assert_int_eq(config->gateway.port, 8080);
	ck_assert_str_eq(config->gateway.bind, "127.0.0.1");
	ck_assert_int_eq(config->aggregator.update_interval_ms, 5000);
	ck_assert_int_eq(config->aggregator.buffer_size_per_source, 1000);
	ck_assert_int_eq(config->aggregator.retention_period_ms, 86400000);
	ck_assert(config->aggregator.enable_ml_forecasting);
	ck_assert_int_eq(config->gateway.max_connections_per_user, 5);
	ck_assert_uint_eq(config->auth.key_count, 1);
	ck_assert_str_eq(config->auth.key[0].alg, "EdDSA");
	ck_assert_uint_eq(config->collector_count, 0);
}
END_TEST

START_TEST(every_default_is_within_its_own_bounds)
{
	/* Each section once: the defaults go through the same checks as values. */
	ck_assert_int_eq(load("auth { key a {} }\n"
			      "collector s { type = system\n"
			      "  probe p { url = u } service q { unit = u } }\n"
			      "collector t { type = synthetic }\n"
			      "collector c {}\n"),
	    0);
}
END_TEST

START_TEST(reads_sections_lists_comments_and_titles)
{
	ck_assert_int_eq(
	    load("# first\n"
		 "gateway {\n"
		 "  port = 9000 // here\n"
		 "  origins = {\"https://a.example\", https://b.example:8443}\n"
		 "}\n"
		 "collector \"shop\" { modules = {a, b} ring_bytes = 1MiB }\n"
		 "collector system { type = system cpu_interval = 2s\n"
		 "  probe gw { url = \"http://localhost/\" socket = run/x }\n"
		 "  service pg { process = postgres }\n"
		 "}\n"),
	    0);
	ck_assert_int_eq(config->gateway.port, 9000);
	ck_assert_uint_eq(config->gateway.origins.count, 2);
	ck_assert_str_eq(config->gateway.origins.name[1], "https://b.example:8443");
	const struct sl_config_collector *shop = sl_config_collector_find(config, "shop");
	ck_assert_ptr_nonnull(shop);
	ck_assert_int_eq(shop->ring_bytes, 1 << 20);
	ck_assert_uint_eq(shop->modules.count, 2);
	const struct sl_config_collector *system =
	    sl_config_collector_find(config, "system");
	ck_assert_int_eq(system->system.cpu_interval_ms, 2000);
	ck_assert_str_eq(system->probe[0].socket, "run/x");
	ck_assert_str_eq(system->service[0].process, "postgres");
	ck_assert_ptr_null(sl_config_collector_find(config, "nobody"));
}
END_TEST

START_TEST(a_text_of_a_list_keeps_its_commas_backslashes_and_blanks)
{
	ck_assert_int_eq(
	    load("collector s { modules = {\"a,b\", \" c \", \"d\\\\1{2,3}\"} "
		 "}\n"),
	    0);
	const struct sl_names *names = &sl_config_collector_find(config, "s")->modules;
	ck_assert_uint_eq(names->count, 3);
	ck_assert_str_eq(names->name[0], "a,b");
	ck_assert_str_eq(names->name[1], " c ");
	ck_assert_str_eq(names->name[2], "d\\1{2,3}");
}
END_TEST

START_TEST(the_documents_names_are_aliases)
{
	ck_assert_int_eq(load("aggregator { updateIntervalMs = 2500\n"
			      "bufferSizePerSource = 50\n"
			      "retentionPeriodMs = 3600000\n"
			      "enableRealTimeStreaming = false\n"
			      "enableDataBuffering = false\n"
			      "enableMLForecasting = false\n"
			      "alertThresholds cpu_usage { warning = 50 critical = 60.5 "
			      "clear_warning = 45 }\n"
			      "alertThresholds active_users_now { critical = 5 } }\n"),
	    0);
	ck_assert_int_eq(config->aggregator.update_interval_ms, 2500);
	ck_assert_int_eq(config->aggregator.buffer_size_per_source, 50);
	ck_assert_int_eq(config->aggregator.retention_period_ms, 3600000);
	ck_assert(!config->aggregator.enable_real_time_streaming);
	ck_assert(!config->aggregator.enable_data_buffering);
	ck_assert(!config->aggregator.enable_ml_forecasting);
	ck_assert_uint_eq(config->aggregator.threshold_count, 2);
	ck_assert_str_eq(config->aggregator.threshold[0].title, "cpu_usage");
	ck_assert_double_eq(config->aggregator.threshold[0].critical, 60.5);
	ck_assert(isnan(config->aggregator.threshold[1].warning));
	ck_assert_double_eq(config->aggregator.threshold[0].clear_warning, 45);
	ck_assert(isnan(config->aggregator.threshold[0].clear_critical));
}
END_TEST

START_TEST(a_wrong_file_is_refused_with_file_line_value_and_what_is_allowed)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} row[] = {
	    {"gateway {\n port = 99999\n}", 2,
		"\"99999\": must be a whole number from 0 to 65535"},
	    {"gateway {\n\n port = x }", 3, "gateway.port = \"x\""},
	    {"gateway {\n prot = 1\n}", 2, "'prot'"},
	    {"gatway {}", 1, "'gatway'"},
	    {"log { level = loud }", 1, "one of error|warn|info|debug"},
	    {"# c\n# d\ngateway { ping_interval = 30 }", 3, "a duration such as 500ms"},
	    {"gateway { query_token = maybe }", 1, "true or false"},
	    {"aggregator { journal_bytes = 1 }", 1, "a size such as"},
	    {"gateway { ping_interval = 60s }", 1, "pong_timeout must be longer"},
	    {"/*\n*/ gateway { bind = */x }", 2, "needs quotes"},
	    {"gateway {", 2, "\"}\" is missing"},
	    {"gateway {}\ngateway {}\n", 2, "second time"},
	    {"collector a {}\ncollector a {}\n", 2, "named 'a' is there already"},
	    {"collector \"a b\" {}", 1, "its name must be"},
	    {"collector a {\n cpu_interval = 1s }", 2, "has no option \"cpu_interval\""},
	    {"collector a { ring_bytes = 100000 }", 1, "power of two"},
	    {"collector a { type = system probe p {} }", 1, "needs a url or a socket"},
	    {"collector a { type = system service p {} }", 1, "needs one of"},
	    {"aggregator { alertThresholds x {} }", 1, "needs warning or critical"},
	    {"aggregator { alertThresholds x { warning = 1 critical = 1 } }", 1,
		"differ"},
	    {"aggregator { alertThresholds x { warning = 1 clear_warning = 2 } }", 1,
		"clear_warning must be on the healthy side"},
	    {"aggregator { alertThresholds x { warning = nan } }", 1, "a number"},
	    {"gateway { trusted_proxies = {\"10.0.0.0/33\"} }", 1,
		"trusted_proxies \"10.0.0.0/33\": must be an address or a network"},
	    {"gateway { bind = \"\" }", 1, "text of 1 to 255 bytes"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char where[SL_PATHS_MAX + 16];

		ck_assert_msg(load(row[i].text) == SL_EINVAL, "%s", row[i].text);
		const char *text = sl_buf_text(&error);
		snprintf(where, sizeof where, "%s:%d: ", paths.config, row[i].line);
		ck_assert_msg(
		    strncmp(text, where, strlen(where)) == 0, "%s: %s", where, text);
		ck_assert_msg(
		    strstr(text, row[i].says) != NULL, "%s: %s", row[i].says, text);
		ck_assert_ptr_null(strchr(text, '\n'));
	}
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	unlink(paths.config);
	ck_assert_int_eq(sl_config_load(&paths, NULL, 0, &config, &error), SL_ESYS);
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), paths.config));
	ck_assert_ptr_null(config);
}
END_TEST

/* ---- weight ---------------------------------------------------------------------- */

START_TEST(command_line_beats_environment_beats_file)
{
	static const struct sl_config_override override = {"gateway.port", "port", "3"};

	setenv("SIGHTLINE_GATEWAY_PORT", "2", 1);
	ck_assert_int_eq(load_with("gateway { port = 1 }", &override, 1), 0);
	ck_assert_int_eq(config->gateway.port, 3);
	ck_assert_int_eq(load("gateway { port = 1 }"), 0);
	ck_assert_int_eq(config->gateway.port, 2);
	unsetenv("SIGHTLINE_GATEWAY_PORT");
	ck_assert_int_eq(load("gateway { port = 1 }"), 0);
	ck_assert_int_eq(config->gateway.port, 1);
}
END_TEST

START_TEST(the_documents_variables_work_with_their_units)
{
	static const char *const variable[][2] = {
	    {"REAL_TIME_ENABLED", "false"},
	    {"REAL_TIME_UPDATE_INTERVAL", "30001"},
	    {"REAL_TIME_HEARTBEAT_INTERVAL", "30002"},
	    {"REAL_TIME_CLEANUP_INTERVAL", "300003"},
	    {"REAL_TIME_BUFFER_FLUSH_INTERVAL", "10004"},
	    {"WEBSOCKET_ENABLED", "false"},
	    {"WEBSOCKET_PATH", "/ws"},
	    {"WEBSOCKET_PING_INTERVAL", "30005"},
	    {"MAX_CONNECTIONS_PER_USER", "6"},
	    {"MAX_BUFFER_SIZE", "101"},
	    {"CONNECTION_TIMEOUT", "1800007"},
	    {"WEBSOCKET_PORT", "3001"},
	    {"WEBSOCKET_MAX_CONNECTIONS", "102"},
	    {"CACHE_TTL_SECONDS", "61"},
	    {"EVENT_PROCESSING_RATE_LIMIT", "1000"},
	    {"REDIS_URL", "redis://localhost"},
	};

	for (size_t i = 0; i < sizeof variable / sizeof *variable; i++)
		setenv(variable[i][0], variable[i][1], 1);
	ck_assert_int_eq(load(""), 0);
	const struct sl_config_gateway *gateway = &config->gateway;
	ck_assert(!gateway->real_time);
	ck_assert(!gateway->websocket);
	ck_assert_int_eq(gateway->update_interval_ms, 30001);
	ck_assert_int_eq(gateway->heartbeat_interval_ms, 30002);
	ck_assert_int_eq(gateway->cleanup_interval_ms, 300003);
	ck_assert_int_eq(gateway->flush_interval_ms, 10004);
	ck_assert_str_eq(gateway->websocket_path, "/ws");
	ck_assert_int_eq(gateway->ping_interval_ms, 30005);
	ck_assert_int_eq(gateway->max_connections_per_user, 6);
	ck_assert_int_eq(gateway->max_buffer_size, 101);
	ck_assert_int_eq(gateway->connection_timeout_ms, 1800007);
	ck_assert_int_eq(gateway->port, 3001);
	ck_assert_int_eq(gateway->max_connections, 102);
	ck_assert_int_eq(config->aggregator.cache_ttl_ms, 61000);
	ck_assert_int_eq(config->aggregator.event_rate_limit, 1000);
	/* Ours has more weight; an empty variable has none. */
	setenv("SIGHTLINE_GATEWAY_PORT", "3002", 1);
	setenv("WEBSOCKET_PATH", "", 1);
	ck_assert_int_eq(load(""), 0);
	ck_assert_int_eq(config->gateway.port, 3002);
	ck_assert_str_eq(
	    config->gateway.websocket_path, "/api/admin/analytics/websocket");
}
END_TEST

START_TEST(sections_with_titles_have_variables_too)
{
	setenv("SIGHTLINE_COLLECTOR_MY_SHOP_STALE_AFTER", "42s", 1);
	setenv("SIGHTLINE_COLLECTOR_MY_SHOP_MODULES", "a, b", 1);
	ck_assert_int_eq(load("collector my-shop {}"), 0);
	ck_assert_int_eq(config->collector[0].stale_after_ms, 42000);
	ck_assert_uint_eq(config->collector[0].modules.count, 2);
	ck_assert_str_eq(config->collector[0].modules.name[1], "b");
}
END_TEST

START_TEST(a_wrong_variable_or_flag_is_named)
{
	static const struct sl_config_override wrong = {"gateway.port", "port", "x"};
	static const struct sl_config_override unknown = {"gateway.x", "x", "1"};

	setenv("WEBSOCKET_PING_INTERVAL", "often", 1);
	ck_assert_int_eq(load(""), SL_EINVAL);
	ck_assert_ptr_nonnull(
	    strstr(sl_buf_text(&error), "environment WEBSOCKET_PING_INTERVAL: "));
	unsetenv("WEBSOCKET_PING_INTERVAL");
	ck_assert_int_eq(load_with("", &wrong, 1), SL_EINVAL);
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), "command line --port: "));
	ck_assert_int_eq(load_with("", &unknown, 1), SL_EINVAL);
}
END_TEST

/* ---- looking at it, changing it ---------------------------------------------------- */

struct seen {
	size_t count;
	char text[128];
	char origin[SL_PATHS_MAX];
};

static void see(void *arg, const struct sl_config_value *value)
{
	struct seen *seen = arg;

	seen->count++;
	ck_assert_str_ne(value->path, "collector.c.cpu_interval");
	if (strcmp(value->path, "gateway.header_bytes_max") == 0) {
		snprintf(seen->text, sizeof seen->text, "%s", value->text);
		snprintf(seen->origin, sizeof seen->origin, "%s", value->origin);
	}
}

START_TEST(shows_every_effective_value_with_its_origin)
{
	struct seen seen = {0};
	char origin[SL_PATHS_MAX + 8];

	ck_assert_int_eq(
	    load("gateway {\n header_bytes_max = 32768\n}\ncollector c {}"), 0);
	sl_config_visit(config, see, &seen);
	ck_assert_uint_gt(seen.count, 60);
	ck_assert_str_eq(seen.text, "32KiB");
	snprintf(origin, sizeof origin, "%s:2", paths.config);
	ck_assert_str_eq(seen.origin, origin);
}
END_TEST

static void note(
    void *arg, const struct sl_config_value *before, const struct sl_config_value *after)
{
	sl_buf_addf(arg, "%s %s>%s;", before ? before->path : after->path,
	    before ? before->text : "", after ? after->text : "");
}

START_TEST(a_reload_tells_what_changed_and_keeps_what_needs_a_restart)
{
	struct sl_config *next = NULL;
	struct sl_buf changes = {0};

	ck_assert_int_eq(load("gateway { port = 1 max_buffer_size = 10 }"), 0);
	write_file("gateway { port = 2 max_buffer_size = 20 }\nlog { level = debug }");
	ck_assert_int_eq(sl_config_reload(&paths, NULL, 0, config, &next, &error), 0);
	ck_assert_uint_eq(sl_config_changes(config, next, note, &changes), 2);
	ck_assert_str_eq(
	    sl_buf_text(&changes), "log.level info>debug;gateway.max_buffer_size 10>20;");
	ck_assert_int_eq(next->gateway.port, 1);
	sl_config_free(next);
	sl_buf_clear(&changes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_empty_file_gives_the_defaults);
	tcase_add_test(tc, every_default_is_within_its_own_bounds);
	tcase_add_test(tc, reads_sections_lists_comments_and_titles);
	tcase_add_test(tc, a_text_of_a_list_keeps_its_commas_backslashes_and_blanks);
	tcase_add_test(tc, the_documents_names_are_aliases);
	tcase_add_test(
	    tc, a_wrong_file_is_refused_with_file_line_value_and_what_is_allowed);
	tcase_add_test(tc, a_missing_file_is_named);
	tcase_add_test(tc, command_line_beats_environment_beats_file);
	tcase_add_test(tc, the_documents_variables_work_with_their_units);
	tcase_add_test(tc, sections_with_titles_have_variables_too);
	tcase_add_test(tc, a_wrong_variable_or_flag_is_named);
	tcase_add_test(tc, shows_every_effective_value_with_its_origin);
	tcase_add_test(tc, a_reload_tells_what_changed_and_keeps_what_needs_a_restart);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
