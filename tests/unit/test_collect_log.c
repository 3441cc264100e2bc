/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, patterns and the state of the log collector. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/logcount.h"
#include "collectors/logline.h"
#include "collectors/logread.h"
#include "collectors/logrule.h"
#include "collectors/logshipped.h"
#include "collectors/logstate.h"
#include "error.h"
#include "json_check.h"
#include "paths.h"

/* ---- lines ---------------------------------------------------------------------------
 */

START_TEST(lines_end_with_a_newline_and_may_hold_any_bytes)
{
	const char text[] = "a\0b\xff\r\n\nrest";
	struct col_logline line;

	ck_assert(col_logline_next(text, sizeof(text) - 1, 100, false, &line));
	ck_assert_uint_eq(line.text.len, 4);
	ck_assert_uint_eq(line.used, 6);
	ck_assert(col_logline_next(text + 6, sizeof(text) - 7, 100, false, &line));
	ck_assert_uint_eq(line.text.len, 0);
	ck_assert_uint_eq(line.used, 1);
	ck_assert(!col_logline_next(text + 7, 4, 100, false, &line));
	ck_assert(!col_logline_next(text, 0, 100, false, &line));
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_and_its_rest_passed_over)
{
	struct col_logline line;

	ck_assert(!col_logline_next("abcd", 4, 4, false, &line));
	ck_assert(col_logline_next("abcdef", 6, 4, false, &line));
	ck_assert(line.cut && line.skip && line.used == 6 && line.text.len == 4);
	ck_assert(col_logline_next("ghi", 3, 4, true, &line));
	ck_assert(line.skipped && line.skip && line.used == 3);
	ck_assert(col_logline_next("jkl\nmn", 6, 4, true, &line));
	ck_assert(line.skipped && !line.skip && line.used == 4);
	ck_assert(col_logline_next("abcdef\nx", 8, 4, false, &line));
	ck_assert(line.cut && !line.skip && line.used == 7);
}
END_TEST

/* ---- patterns ------------------------------------------------------------------------
 */

static struct sl_catalog *catalog;

static struct col_logrule *make(const struct sl_config_log_pattern *config)
{
	char error[COL_LOGRULE_ERROR];
	struct col_logrule *rule = col_logrule_new(config, catalog, 100000, error);

	ck_assert_msg(rule != NULL, "%s: %s", config->title, error);
	return rule;
}

static const char *payload_of(
    struct col_logrule *rule, const char *line, size_t len, struct sl_buf *out)
{
	sl_buf_reset(out);
	if (col_logpattern_match(rule->pattern, (struct sl_slice){line, len}) !=
	    COL_LOGPATTERN_MATCH)
		return NULL;
	col_logrule_payload(rule, out);
	ck_assert_int_eq(sl_json_check_object(out->data, out->len), 0);
	return sl_buf_text(out);
}

/* What a line becomes with a whole set: "TYPE PAYLOAD" of each event, then ";". */
static void expect(const char *set, const char *line, const char *wanted)
{
	const struct sl_config_log_pattern *config;
	struct sl_buf all = {0}, payload = {0};

	for (size_t i = 0; (config = col_logshipped_at(set, i)) != NULL; i++) {
		struct col_logrule *rule = make(config);
		const char *text = payload_of(rule, line, strlen(line), &payload);

		if (text != NULL && rule->event != NULL)
			sl_buf_addf(&all, "%s %s;", rule->event, text);
		else if (text != NULL)
			sl_buf_addf(&all, "count %s;", config->count);
		col_logrule_free(rule);
	}
	ck_assert_str_eq(sl_buf_text(&all), wanted);
	sl_buf_clear(&all);
	sl_buf_clear(&payload);
}

#define PREFIX "Nov 21 00:11:05 host sshd[812]: "

START_TEST(shipped_sshd_reads_what_sshd_writes)
{
	const char *failed = "auth.failed {\"service\":\"sshd\",\"reason\":\"password\","
			     "\"sub\":\"root\",\"ip\":\"192.0.2.7\"};";

	expect("sshd", PREFIX "Failed password for root from 192.0.2.7 port 4022 ssh2",
	    failed);
	expect("sshd", "Failed password for root from 192.0.2.7 port 4022 ssh2", failed);
	expect("sshd",
	    "2026-11-21T00:11:05.123456+01:00 host sshd-session[812]: Failed password "
	    "for "
	    "invalid user root from 192.0.2.7 port 4022 ssh2",
	    failed);
	expect("sshd",
	    PREFIX "Accepted publickey for ann from 2001:db8::1 port 4022 ssh2: ED25519 "
		   "SHA256:abc",
	    "auth.succeeded {\"service\":\"sshd\",\"method\":\"publickey\","
	    "\"sub\":\"ann\",\"ip\":\"2001:db8::1\"};");
	expect("sshd",
	    PREFIX "pam_unix(sshd:session): session opened for user ann(uid=1000) by "
		   "(uid=0)",
	    "audit.recorded {\"what\":\"ssh session opened\",\"result\":\"ok\","
	    "\"who\":\"ann\"};");
	expect("sshd", PREFIX "Connection closed by 192.0.2.7 port 4022", "");
}
END_TEST

START_TEST(a_name_that_looks_like_an_address_blames_nobody_else)
{
	expect("sshd",
	    PREFIX "Failed password for invalid user x from 10.0.0.1 port 22 ssh2 from "
		   "192.0.2.7 port 4022 ssh2",
	    "auth.failed {\"service\":\"sshd\",\"reason\":\"password\","
	    "\"sub\":\"x from 10.0.0.1 port 22 ssh2\",\"ip\":\"192.0.2.7\"};");
	expect("sshd",
	    PREFIX "Invalid user Failed password for root from 10.0.0.1 port 1", "");
}
END_TEST

START_TEST(shipped_sudo_reads_what_sudo_writes)
{
	expect("sudo",
	    "Nov 21 00:11:05 host sudo:      ann : TTY=pts/0 ; PWD=/srv/ann ; USER=root "
	    "; "
	    "COMMAND=/usr/bin/id -u",
	    "audit.recorded {\"what\":\"sudo\",\"result\":\"ok\",\"who\":\"ann\","
	    "\"as\":\"root\",\"target\":\"/usr/bin/id -u\"};");
	expect("sudo",
	    "Nov 21 00:11:05 host sudo[77]:      eve : 3 incorrect password attempts ; "
	    "TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
	    "audit.recorded {\"what\":\"sudo\",\"who\":\"eve\","
	    "\"result\":\"3 incorrect password attempts\",\"target\":\"/bin/sh\"};"
	    "auth.failed {\"service\":\"sudo\",\"sub\":\"eve\","
	    "\"reason\":\"3 incorrect password attempts\"};");
}
END_TEST

START_TEST(shipped_nginx_reads_what_nginx_writes)
{
	expect("nginx_access",
	    "192.0.2.7 - - [21/Nov/2026:00:11:05 +0000] \"GET /a?b HTTP/1.1\" 502 157 "
	    "\"-\" \"curl/7.88.1\"",
	    "count log_http_requests;");
	expect("nginx_access",
	    "192.0.2.7 - ann lee [21/Nov/2026:00:11:05 +0000] \"\\x16\\x03\" 400 157",
	    "count log_http_requests;");
	expect("nginx_error",
	    "2026/11/21 00:11:05 [error] 12#12: *3 user \"ann\": password mismatch, "
	    "client: 192.0.2.7, server: _, request: \"GET / HTTP/1.1\", host: \"x\"",
	    "count log_messages;auth.failed {\"service\":\"nginx\",\"sub\":\"ann\","
	    "\"reason\":\"password mismatch\",\"ip\":\"192.0.2.7\"};");
	expect("nginx_error",
	    "2026/11/21 00:11:05 [crit] 12#12: *3 open() \"/x\" failed (13: Permission "
	    "denied), client: 192.0.2.7, server: _",
	    "count log_messages;system.error {\"component\":\"nginx\",\"code\":\"crit\","
	    "\"message\":\"open() \\\"/x\\\" failed (13: Permission denied)\"};");
}
END_TEST

START_TEST(shipped_postgresql_reads_what_postgresql_writes)
{
	expect("postgresql",
	    "2026-11-21 00:11:05.123 UTC [99] ann@shop FATAL:  password authentication "
	    "failed for user \"ann\"",
	    "count log_messages;auth.failed {\"service\":\"postgresql\","
	    "\"reason\":\"password\",\"sub\":\"ann\"};");
	expect("postgresql",
	    "2026-11-21 00:11:05.123 UTC [99] ann@shop FATAL:  no pg_hba.conf entry for "
	    "host \"192.0.2.7\", user \"ann\", database \"shop\", no encryption",
	    "count log_messages;auth.failed {\"service\":\"postgresql\","
	    "\"reason\":\"no pg_hba.conf entry\",\"ip\":\"192.0.2.7\",\"sub\":\"ann\"};");
	expect("postgresql",
	    "2026-11-21 00:11:05.123 UTC [99] ann@shop LOG:  statement: ALTER ROLE eve "
	    "PASSWORD 'secret'",
	    "audit.recorded {\"what\":\"sql\",\"result\":\"ok\",\"who\":\"ann\","
	    "\"target\":\"ALTER ROLE eve \"};");
}
END_TEST

static char *masked[] = {"card"};
static char *labels[] = {"state", "program"};
static char *constants[] = {"program:shop"};

START_TEST(a_payload_is_valid_whatever_the_line_holds)
{
	const struct sl_config_log_pattern config = {.title = "t",
	    .expression = "(?<card>\\d+) (?<total_amount>\\S+) (?<items_count>\\S+) "
			  "(?s)(?<order_id>.*)",
	    .event = "orders.completed",
	    .mask = {masked, 1}};
	struct col_logrule *rule = make(&config);
	const char line[] = "4111 007 3 a\0b\x01\xff\xc3\xa9";
	struct sl_buf out = {0};

	ck_assert_str_eq(payload_of(rule, line, sizeof(line) - 1, &out),
	    "{\"card\":\"***\",\"total_amount\":\"007\",\"items_count\":3,"
	    "\"order_id\":\"a\xef\xbf\xbd"
	    "b\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\"}");
	sl_buf_clear(&out);
	col_logrule_free(rule);
}
END_TEST

START_TEST(catastrophic_backtracking_comes_to_its_limit)
{
	const struct sl_config_log_pattern config = {
	    .title = "t", .expression = "^(a+)+$", .count = "log_messages"};
	struct col_logrule *rule = make(&config);
	char line[4096];

	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = 'b';
	ck_assert_int_eq(
	    col_logpattern_match(rule->pattern, (struct sl_slice){line, sizeof(line)}),
	    COL_LOGPATTERN_LIMIT);
	ck_assert_int_eq(col_logpattern_match(rule->pattern, (struct sl_slice){line, 10}),
	    COL_LOGPATTERN_MATCH);
	col_logrule_free(rule);
}
END_TEST

START_TEST(a_wrong_pattern_is_refused_with_its_fault)
{
	static const struct {
		struct sl_config_log_pattern config;
		const char *says;
	} wrong[] = {
	    {{.title = "t", .expression = "a(b"}, "at character 3"},
	    {{.title = "t", .expression = "a", .event = "no.such"}, "no.such"},
	    {{.title = "t", .expression = "a", .count = "no_such"}, "no_such"},
	    {{.title = "t", .expression = "a", .mask = {masked, 1}}, "card"},
	    {{.title = "t", .expression = "a", .labels = {labels, 1}}, "state"},
	    {{.title = "t", .expression = "a", .share = "error_rate"}, "error"},
	    {{.title = "t", .expression = "(*UTF)a"}, "UTF"},
	};
	char error[COL_LOGRULE_ERROR];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_ptr_null(
		    col_logrule_new(&wrong[i].config, catalog, 1000, error));
		ck_assert_msg(strstr(error, wrong[i].says) != NULL, "%s", error);
	}
}
END_TEST

/* ---- counts
 * ---------------------------------------------------------------------------- */

START_TEST(counts_have_a_series_for_each_combination_and_no_more_than_allowed)
{
	const struct sl_config_log_pattern config = {.title = "t",
	    .expression = "^(?<state>\\w+)",
	    .count = "log_messages",
	    .per_minute = "api_requests_per_minute",
	    .labels = {labels, 2},
	    .set = {constants, 1}};
	struct col_logrule *rule = make(&config);
	struct col_logcount count = {0};
	struct col_logstate state;
	struct col_logstate_chunk chunk = {.number = 1};
	struct sl_buf records = {0};
	uint64_t lines, shared;

	col_logstate_init(&state, 1);
	col_logcount_restore(&count, &state, &rule, 1, 2);
	for (unsigned i = 0; i < 6; i++) {
		const char *text[] = {"up", "down", "odd"};
		col_logpattern_match(
		    rule->pattern, (struct sl_slice){text[i % 3], strlen(text[i % 3])});
		col_logcount_add(&count, &state, &chunk, rule, 1000000000, &records);
	}
	ck_assert_uint_eq(count.series_count, 2);
	ck_assert_uint_eq(count.series[0].total, 2);
	ck_assert_uint_eq(count.refused, 2);
	ck_assert_uint_eq(chunk.delta_count, 2);
	ck_assert_mem_eq(state.series[1].key, "t\0down\0shop", 12);
	col_logcount_window_sum(&count.window[0], 60000000000, &lines, &shared);
	ck_assert_uint_eq(lines, 6);
	col_logcount_window_sum(&count.window[0], 61000000000, &lines, &shared);
	ck_assert_uint_eq(lines, 0);
	free(chunk.delta);
	sl_buf_clear(&records);
	col_logcount_clear(&count);
	col_logstate_clear(&state);
	col_logrule_free(rule);
}
END_TEST

/* ---- the state
 * ------------------------------------------------------------------------- */

static const struct col_logstate_id id = {1, 2, 3};

/* Chunks 1 to 3 of two files; the last one was not ended. */
static void fill(struct col_logstate *state)
{
	col_logstate_init(state, 99);
	col_logstate_add_file(state, &id, "/var/log/a b%.log", "x")->place.offset = 10;
	col_logstate_add_file(state, &id, "/c", "y");
	col_logstate_add_series(state, "t\0v", 4);
	for (uint64_t n = 1; n <= 3; n++) {
		struct col_logstate_chunk *chunk = col_logstate_add_chunk(state);

		chunk->number = state->next++;
		chunk->file = n == 2;
		chunk->begin.offset = n * 100;
		chunk->end = (struct col_logstate_place){n * 100 + 50, n == 1};
		chunk->ended = n != 3;
		chunk->last = n * 1000;
		col_logstate_count(chunk, 0, n);
	}
}

static void reread(struct col_logstate *state, struct sl_buf *text)
{
	col_logstate_write(state, text);
	col_logstate_clear(state);
	ck_assert_int_eq(col_logstate_read(state, text->data, text->len), 0);
}

START_TEST(a_state_is_read_as_it_was_written)
{
	struct sl_buf text = {0}, again = {0};
	struct col_logstate state;

	fill(&state);
	reread(&state, &text);
	ck_assert_str_eq(state.file[0].path, "/var/log/a b%.log");
	ck_assert_uint_eq(state.line, 99);
	ck_assert_mem_eq(state.series[0].key, "t\0v", 4);
	col_logstate_write(&state, &again);
	ck_assert_str_eq(sl_buf_text(&again), sl_buf_text(&text));
	/* A torn or damaged record ends it; what stands before holds. */
	for (size_t len = 0; len < text.len; len++) {
		struct col_logstate part;

		if (col_logstate_read(&part, text.data, len) == 0) {
			ck_assert_uint_eq(part.line, 99);
			col_logstate_clear(&part);
		}
	}
	col_logstate_clear(&state);
	sl_buf_clear(&text);
	sl_buf_clear(&again);
}
END_TEST

START_TEST(reading_goes_on_where_the_aggregator_says)
{
	static const struct {
		uint64_t number, last;     /* of the newest position */
		uint32_t first;            /* file */
		uint64_t next, total;      /* chunk, lines */
		uint64_t offset0, offset1; /* of the files */
	} cases[] = {
	    {0, 0, UINT32_MAX, 1, 0, 10, 0},
	    {1, 500, 0, 1, 0, 100, 0},           /* read chunk 1 again */
	    {1, 1000, UINT32_MAX, 2, 1, 150, 0}, /* all of it is journaled */
	    {2, 1999, 1, 2, 1, 150, 200},        /* chunk 1 is done */
	    {3, 1, 0, 3, 3, 300, 250},           /* not ended: again */
	    {9, 1, UINT32_MAX, 10, 3, 150, 250}, /* the state is older */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct col_logstate state;
		struct sl_buf text = {0};

		fill(&state);
		reread(&state, &text);
		uint32_t first =
		    col_logstate_resume(&state, cases[i].number, cases[i].last);
		ck_assert_uint_eq(first, cases[i].first);
		ck_assert_uint_eq(state.next, cases[i].next);
		ck_assert_uint_eq(state.series[0].total, cases[i].total);
		ck_assert_uint_eq(state.file[0].place.offset, cases[i].offset0);
		ck_assert_uint_eq(state.file[1].place.offset, cases[i].offset1);
		ck_assert_uint_eq(state.chunk_count, 0);
		col_logstate_clear(&state);
		sl_buf_clear(&text);
	}
}
END_TEST

START_TEST(what_is_done_becomes_the_base)
{
	struct col_logstate state;

	fill(&state);
	col_logstate_done(&state, 2, 1999);
	ck_assert_uint_eq(state.chunk_count, 2);
	ck_assert_uint_eq(state.file[0].place.offset, 150);
	ck_assert(state.file[0].place.skip);
	state.file[1].gone = true;
	col_logstate_sweep(&state);
	ck_assert_uint_eq(state.file_count, 2);
	col_logstate_done(&state, 2, 2000);
	col_logstate_sweep(&state);
	ck_assert_uint_eq(state.file_count, 1);
	ck_assert_uint_eq(state.series[0].total, 3);
	col_logstate_clear(&state);
}
END_TEST

START_TEST(positions_grow_with_chunk_and_place)
{
	unsigned char a[16], b[16];
	uint64_t chunk, last;

	col_logread_position(1, UINT64_MAX, a);
	col_logread_position(2, 1, b);
	ck_assert_int_lt(memcmp(a, b, sizeof(a)), 0);
	col_logread_unpack(a, &chunk, &last);
	ck_assert_uint_eq(chunk, 1);
	ck_assert_uint_eq(last, UINT64_MAX);
}
END_TEST

/* A test runs inside a checkout, whose catalog it finds. */
static void setup(void)
{
	struct sl_buf error = {0};
	struct sl_paths paths;

	ck_assert_int_eq(sl_paths_init(&paths, "/nonexistent", NULL, &error), 0);
	ck_assert_msg(
	    sl_catalog_load(&paths, &catalog, &error) == 0, "%s", sl_buf_text(&error));
	sl_buf_clear(&error);
}

static void teardown(void)
{
	sl_catalog_unref(catalog);
	catalog = NULL;
}

int main(void)
{
	Suite *suite = suite_create("collect_log");
	TCase *pure = tcase_create("pure");
	TCase *rules = tcase_create("rules");

	tcase_add_test(pure, lines_end_with_a_newline_and_may_hold_any_bytes);
	tcase_add_test(pure, a_line_that_is_too_long_is_cut_and_its_rest_passed_over);
	tcase_add_test(pure, a_state_is_read_as_it_was_written);
	tcase_add_test(pure, reading_goes_on_where_the_aggregator_says);
	tcase_add_test(pure, what_is_done_becomes_the_base);
	tcase_add_test(pure, positions_grow_with_chunk_and_place);
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(rules, setup, teardown);
	tcase_add_test(rules, shipped_sshd_reads_what_sshd_writes);
	tcase_add_test(rules, a_name_that_looks_like_an_address_blames_nobody_else);
	tcase_add_test(rules, shipped_sudo_reads_what_sudo_writes);
	tcase_add_test(rules, shipped_nginx_reads_what_nginx_writes);
	tcase_add_test(rules, shipped_postgresql_reads_what_postgresql_writes);
	tcase_add_test(rules, a_payload_is_valid_whatever_the_line_holds);
	tcase_add_test(rules, catastrophic_backtracking_comes_to_its_limit);
	tcase_add_test(rules, a_wrong_pattern_is_refused_with_its_fault);
	tcase_add_test(
	    rules, counts_have_a_series_for_each_combination_and_no_more_than_allowed);
	suite_add_tcase(suite, rules);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
