/* SPDX-License-Identifier: Apache-2.0 */
/* What the exec collector does without a script: lines, formats, delays, environment. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "collectors/influx.h"
#include "collectors/keeper_command.h"
#include "collectors/lines.h"
#include "collectors/netdata.h"
#include "collectors/script_settings.h"
#include "error.h"

#define ck_slice_eq(slice, text)                                                         \
	do {                                                                             \
		ck_assert_uint_eq((slice).len, strlen(text));                            \
		ck_assert_mem_eq((slice).data, text, strlen(text));                      \
	} while (0)

/* ---- lines -------------------------------------------------------------------- */

static void put(struct col_lines *lines, const char *text)
{
	memcpy(col_lines_room(lines, strlen(text)), text, strlen(text));
	col_lines_put(lines, strlen(text));
}

START_TEST(lines_come_out_however_they_were_cut)
{
	static const char text[] = "one\n\ntwo\r\nthree\nleft";
	static const char *const wanted[] = {"one", "", "two", "three"};

	for (size_t step = 1; step < sizeof(text); step++) {
		struct col_lines lines = {.max = 16};
		struct sl_slice line;
		size_t found = 0;

		for (size_t at = 0; at < strlen(text); at += step) {
			size_t n = strlen(text) - at < step ? strlen(text) - at : step;
			memcpy(col_lines_room(&lines, n), text + at, n);
			col_lines_put(&lines, n);
			while (col_lines_next(&lines, &line)) {
				ck_assert_uint_lt(found, 4);
				ck_slice_eq(line, wanted[found]);
				found++;
			}
		}
		ck_assert_uint_eq(found, 4);
		ck_assert(col_lines_rest(&lines, &line));
		ck_slice_eq(line, "left");
		ck_assert(!col_lines_rest(&lines, &line));
		col_lines_clear(&lines);
	}
}
END_TEST

START_TEST(a_line_that_is_too_long_is_left_out_or_cut_and_counted_once)
{
	for (int cut = 0; cut < 2; cut++) {
		struct col_lines lines = {.max = 4, .cut = cut};
		struct sl_slice line;

		put(&lines, "1234\n1234\r\n12345\n");
		for (int i = 0; i < 2; i++) {
			ck_assert(col_lines_next(&lines, &line));
			ck_slice_eq(line, "1234");
		}
		ck_assert(col_lines_next(&lines, &line) == cut);
		for (int i = 0; i < 1000; i++) {
			put(&lines, "endless");
			while (col_lines_next(&lines, &line))
				ck_assert(cut);
		}
		ck_assert_uint_lt(lines.text.cap, 4096);
		ck_assert(!col_lines_rest(&lines, &line));
		put(&lines, "\nnext\n");
		ck_assert(col_lines_next(&lines, &line));
		ck_slice_eq(line, "next");
		ck_assert_uint_eq(lines.overlong, 2);
		col_lines_clear(&lines);
	}
}
END_TEST

/* ---- influx ------------------------------------------------------------------- */

static struct col_influx influx;

static int parse(const char *line)
{
	return col_influx_parse(&influx, (struct sl_slice){line, strlen(line)});
}

START_TEST(influx_tags_fields_and_time_are_read_with_their_escapes)
{
	ck_assert_int_eq(parse("my\\ shop\\,1,re\\=gion=e\\ u,host=a\\b orders=12i,"
			       "load=-1.5e3,big=18446744073709551615u,open=t,shut=False,"
			       "note=\"a \\\"b\\\", c=1\" 1700000000000000001"),
	    0);
	ck_slice_eq(influx.measurement, "my shop,1");
	ck_assert_uint_eq(influx.tag_count, 2);
	ck_slice_eq(influx.tag[0].key, "re=gion");
	ck_slice_eq(influx.tag[0].value, "e u");
	ck_slice_eq(influx.tag[1].value, "a\\b");
	ck_assert_uint_eq(influx.field_count, 5);
	ck_assert_double_eq(influx.field[0].value, 12);
	ck_assert_double_eq(influx.field[1].value, -1500);
	ck_assert_double_eq(influx.field[2].value, 18446744073709551615.0);
	ck_assert_double_eq(influx.field[3].value, 1);
	ck_assert_double_eq(influx.field[4].value, 0);
	ck_assert_uint_eq(influx.text_count, 1);
	ck_assert(influx.has_time);
	ck_assert_int_eq(influx.time_ns, 1700000000000000001);
	ck_assert_int_eq(parse("cpu value=1"), 0);
	ck_assert(!influx.has_time);
	ck_assert_int_eq(parse("cpu  value=1   "), 0);
	ck_assert_int_eq(parse("# cpu value=1"), 0);
	ck_assert_uint_eq(influx.field_count, 0);
}
END_TEST

START_TEST(influx_lines_that_are_wrong_say_why)
{
	static const char *const wrong[] = {"cpu", "cpu ", ",a=b v=1", "cpu,a v=1",
	    "cpu,=b v=1", "cpu,a= v=1", "cpu v", "cpu v=", "cpu =1", "cpu v=x",
	    "cpu v=1i2", "cpu v=0x10", "cpu v=inf", "cpu v=nan", "cpu v=1e999", "cpu v=i",
	    "cpu v=\"open", "cpu v=\"a\"b", "cpu v=1,", "cpu v=1 x", "cpu v=1 1 1",
	    "cpu v=1 99999999999999999999", "cpu v=\xff", "\xff v=1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(parse(wrong[i]) == SL_EMALFORMED, "%s", wrong[i]);
		ck_assert_str_ne(influx.error, "");
	}
}
END_TEST

START_TEST(influx_bounds_tags_and_fields)
{
	struct sl_buf text = {0};

	sl_buf_adds(&text, "cpu");
	for (int i = 0; i <= COL_MAPPING_LABELS_MAX; i++)
		sl_buf_addf(&text, ",t%d=1", i);
	sl_buf_adds(&text, " v=1");
	ck_assert_int_eq(parse(sl_buf_text(&text)), SL_ETOOBIG);
	sl_buf_reset(&text);
	sl_buf_adds(&text, "cpu v=1");
	for (int i = 0; i < COL_INFLUX_FIELDS_MAX; i++)
		sl_buf_addf(&text, ",f%d=1", i);
	ck_assert_int_eq(parse(sl_buf_text(&text)), SL_ETOOBIG);
	sl_buf_clear(&text);
}
END_TEST

/* ---- netdata ------------------------------------------------------------------ */

static struct {
	char name[64];
	double value, total, delta;
	bool is_counter;
} got[16];
static size_t got_count;

static void on_value(void *arg, const struct col_netdata_value *value)
{
	(void)arg;
	ck_assert_uint_lt(got_count, 16);
	ck_assert_uint_lt(value->name.len, sizeof(got[0].name));
	memcpy(got[got_count].name, value->name.data, value->name.len);
	got[got_count].name[value->name.len] = '\0';
	got[got_count].value = value->value;
	got[got_count].total = value->total;
	got[got_count].delta = value->delta;
	got[got_count++].is_counter = value->is_counter;
}

/* Lines at a time of seconds; stops at the first that is not 0. */
static int tell(struct col_netdata *netdata, int64_t now_s, const char *text)
{
	struct sl_slice line = {text, 0};
	int rc = 0;

	got_count = 0;
	for (; *line.data != '\0' && rc == 0; line.data += line.len + 1) {
		line.len = strcspn(line.data, "\n");
		rc = col_netdata_line(netdata, line, now_s * SL_NS_PER_S);
		if (line.data[line.len] == '\0')
			break;
	}
	return rc;
}

START_TEST(netdata_dimensions_follow_their_algorithm)
{
	struct col_netdata *netdata = col_netdata_new(8, 8, on_value, NULL);

	ck_assert_int_eq(
	    tell(netdata, 1,
		"CHART a.b 'x' \"the title = 1\" 'u' fam ctx line 1 1\n"
		"DIMENSION abs '' absolute 10 4\nDIMENSION inc '' incremental 2 1\n"
		"DIMENSION one '' percentage-of-absolute-row\n"
		"DIMENSION 'in c' '' percentage-of-incremental-row\n"
		"DIMENSION hid '' absolute 1 1 'hidden'\n"
		"BEGIN a.b\nSET abs = 6\nSET inc = 100\nSET one = 4\nSET 'in c' = 0\n"
		"SET hid = 10\nEND\n"),
	    0);
	ck_assert_uint_eq(got_count, 3);
	ck_assert_str_eq(got[0].name, "a.b.abs");
	ck_assert_double_eq(got[0].value, 15);
	ck_assert(got[1].is_counter && isnan(got[1].value) && isnan(got[1].delta));
	ck_assert_double_eq(got[1].total, 200);
	ck_assert_double_eq_tol(got[2].value, 100.0 * 4 / 120, 1e-9);
	ck_assert_int_eq(
	    tell(netdata, 3, "BEGIN a.b\nSET inc = 110\nSET 'in c' 30\nEND\n"), 0);
	ck_assert_uint_eq(got_count, 2);
	ck_assert_double_eq(got[0].value, 10); /* 20 in two seconds */
	ck_assert_double_eq(got[0].delta, 20);
	ck_assert_str_eq(got[1].name, "a.b.in c");
	ck_assert_double_eq(got[1].value, 75);
	/* What BEGIN says is believed; a counter that fell has no rate. */
	ck_assert_int_eq(tell(netdata, 9, "BEGIN a.b 500000\nSET inc = 111\nEND\n"), 0);
	ck_assert_double_eq(got[0].value, 4);
	ck_assert_int_eq(tell(netdata, 10, "BEGIN a.b\nSET inc = 5\nEND\n"), 0);
	ck_assert(isnan(got[0].value));
	ck_assert_double_eq(got[0].total, 10);
	ck_assert_int_eq(tell(netdata, 11, "BEGIN a.b\nSET inc = 7\nFLUSH\n"), 0);
	ck_assert_int_eq(tell(netdata, 11, "END\n"), SL_EMALFORMED);
	ck_assert_int_eq(tell(netdata, 12, "BEGIN a.b\nSET inc = \nEND\n"), 0);
	ck_assert_uint_eq(got_count, 0);
	col_netdata_free(netdata);
}
END_TEST

START_TEST(netdata_lines_that_are_wrong_say_why_and_what_is_theirs_is_passed_over)
{
	static const char *const wrong[] = {"what", "CHART", "CHART a", "CHART .a",
	    "CHART a.", "DIMENSION x", "CLABEL a b", "BEGIN", "BEGIN x.y", "SET a = 1",
	    "END", "CHART \"a.b", "CHART a.b\xff", "set a = 1"};
	struct col_netdata *netdata = col_netdata_new(2, 2, on_value, NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(
		    tell(netdata, 1, wrong[i]) == SL_EMALFORMED, "%s", wrong[i]);
		ck_assert_str_ne(col_netdata_error(netdata), "");
	}
	ck_assert_int_eq(tell(netdata, 1,
			     "\n# comment\nVARIABLE CHART x = 1\nHOST ''\nCLABEL_COMMIT\n"
			     "FUNCTION 'x' 10 'help'\nCHART a.b\nDIMENSION x\n"),
	    0);
	ck_assert_int_eq(tell(netdata, 1, "DIMENSION y '' unheard-of\n"), SL_EMALFORMED);
	ck_assert_int_eq(
	    tell(netdata, 1, "DIMENSION y '' absolute 1 0\n"), SL_EMALFORMED);
	ck_assert_int_eq(tell(netdata, 1, "BEGIN a.b\nSET z = 1\n"), SL_EMALFORMED);
	ck_assert_int_eq(tell(netdata, 1, "BEGIN a.b\nSET x = 1x\n"), SL_EMALFORMED);
	ck_assert_int_eq(tell(netdata, 1, "BEGIN a.b -1\n"), SL_EMALFORMED);
	ck_assert_int_eq(tell(netdata, 1, "DIMENSION y\nDIMENSION z\n"), SL_ETOOBIG);
	ck_assert_int_eq(tell(netdata, 1, "CHART a.c\nCHART a.d\n"), SL_ETOOBIG);
	char longer[400] = "CHART a.";
	memset(longer + 8, 'x', 300);
	ck_assert_int_eq(tell(netdata, 1, longer), SL_ETOOBIG);
	ck_assert_int_eq(tell(netdata, 1, "CHART a.b\n"), 0);
	memcpy(longer, "CLABEL k ", 9);
	ck_assert_int_eq(tell(netdata, 1, longer), SL_ETOOBIG);
	memcpy(longer, "DIMENSION", 9);
	longer[9] = ' ';
	ck_assert_int_eq(tell(netdata, 1, longer), SL_ETOOBIG);
	ck_assert_int_eq(tell(netdata, 1, "DISABLE\n"), SL_ECLOSED);
	col_netdata_free(netdata);
}
END_TEST

/* ---- settings ----------------------------------------------------------------- */

START_TEST(a_delay_doubles_up_to_its_bound_and_is_spread)
{
	struct col_script_settings settings = {
	    .restart_delay_ms = 100, .restart_delay_max_ms = 1000};

	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 1, 1), 100);
	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 1, 0), 50);
	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 3, 1), 400);
	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 9, 1), 1000);
	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 9, 0.5), 750);
	ck_assert_int_eq(col_script_settings_delay_ms(&settings, 4000000000u, 1), 1000);
}
END_TEST

static const char *variable(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

START_TEST(a_command_has_the_environment_of_its_section_and_no_other)
{
	char *words[] = {"/bin/x", "a b"}, *variables[] = {"PATH=/opt", "A=1=2", "A=3"};
	struct sl_config_collector section = {.title = "exec"};
	struct sl_config_script script = {.title = "s",
	    .format = "netdata",
	    .interval_ms = 1500,
	    .command = {words, 2},
	    .environment = {variables, 3}};
	struct col_keeper_command command;

	setenv("SECRET", "x", 1);
	col_keeper_command_init(&command, &section, &script);
	ck_assert_str_eq(command.argv[0], "/bin/x");
	ck_assert_str_eq(command.argv[1], "a b");
	ck_assert_str_eq(command.argv[2], "2");
	ck_assert_ptr_null(command.argv[3]);
	ck_assert_str_eq(variable(command.envp, "PATH"), "/opt");
	ck_assert_str_eq(variable(command.envp, "A"), "3");
	ck_assert_str_eq(variable(command.envp, "SIGHTLINE_SCRIPT"), "s");
	ck_assert_str_eq(variable(command.envp, "NETDATA_UPDATE_EVERY"), "2");
	ck_assert_ptr_null(variable(command.envp, "SECRET"));
	col_keeper_command_clear(&command);
	script.format = "json";
	script.environment.count = 0;
	col_keeper_command_init(&command, &section, &script);
	ck_assert_ptr_null(command.argv[2]);
	ck_assert_ptr_null(variable(command.envp, "NETDATA_UPDATE_EVERY"));
	col_keeper_command_clear(&command);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_script");
	TCase *tc = tcase_create("script");

	tcase_add_test(tc, lines_come_out_however_they_were_cut);
	tcase_add_test(tc, a_line_that_is_too_long_is_left_out_or_cut_and_counted_once);
	tcase_add_test(tc, influx_tags_fields_and_time_are_read_with_their_escapes);
	tcase_add_test(tc, influx_lines_that_are_wrong_say_why);
	tcase_add_test(tc, influx_bounds_tags_and_fields);
	tcase_add_test(tc, netdata_dimensions_follow_their_algorithm);
	tcase_add_test(
	    tc, netdata_lines_that_are_wrong_say_why_and_what_is_theirs_is_passed_over);
	tcase_add_test(tc, a_delay_doubles_up_to_its_bound_and_is_spread);
	tcase_add_test(tc, a_command_has_the_environment_of_its_section_and_no_other);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
