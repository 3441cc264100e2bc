/* SPDX-License-Identifier: Apache-2.0 */
/* Random filters and events against a naive oracle over trees. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "gateway/filter.h"

static struct gw_table home;

/* ---- the oracle --------------------------------------------------------------- */

typedef bool each_fn(const json_t *value, const json_t *arg);

/* Whether test holds for any value at the path. */
static bool any_at(const json_t *at, const char *path, each_fn *test, const json_t *arg)
{
	if (json_is_array(at)) {
		for (size_t i = 0; i < json_array_size(at); i++) {
			if (any_at(json_array_get(at, i), path, test, arg))
				return true;
		}
		return false;
	}
	if (*path == '\0')
		return at && !json_is_object(at) && test(at, arg);
	size_t len = strcspn(path, ".");
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)len, path);
	path += len;
	return any_at(json_object_get(at, name), *path ? path + 1 : path, test, arg);
}

static int sign_of(const json_t *a, const json_t *b)
{
	if (json_is_string(a))
		return strcmp(json_string_value(a), json_string_value(b));
	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) -
		       (json_integer_value(a) < json_integer_value(b));
	return (json_number_value(a) > json_number_value(b)) -
	       (json_number_value(a) < json_number_value(b));
}

static bool comparable(const json_t *a, const json_t *b)
{
	return (json_is_number(a) && json_is_number(b)) ||
	       (json_is_string(a) && json_is_string(b));
}

static bool is_equal(const json_t *value, const json_t *arg)
{
	return comparable(value, arg)
		   ? sign_of(value, arg) == 0
		   : json_typeof(value) == json_typeof(arg) && !json_is_number(value) &&
			 !json_is_string(value);
}

static bool is_within(const json_t *value, const json_t *bounds)
{
	static const struct {
		const char *name;
		int sign;
		bool equal;
	} ops[] = {
	    {"gt", 1, false}, {"gte", 1, true}, {"lt", -1, false}, {"lte", -1, true}};

	for (size_t i = 0; i < 4; i++) {
		const json_t *bound = json_object_get(bounds, ops[i].name);
		if (!bound)
			continue;
		if (!comparable(value, bound))
			return false;
		int sign = sign_of(value, bound);
		if (sign == 0 ? !ops[i].equal : (sign > 0) != (ops[i].sign > 0))
			return false;
	}
	return true;
}

static bool field_holds(const json_t *at, const char *path, const json_t *with)
{
	if (json_is_array(with)) {
		for (size_t i = 0; i < json_array_size(with); i++) {
			if (any_at(at, path, is_equal, json_array_get(with, i)))
				return true;
		}
		return false;
	}
	if (!json_is_object(with))
		return any_at(at, path, is_equal, with);
	const json_t *other = json_object_get(with, "ne");
	if (other && any_at(at, path, is_equal, other))
		return false;
	return json_object_size(with) == (other ? 1 : 0) ||
	       any_at(at, path, is_within, with);
}

static bool oracle(const json_t *filter, const json_t *event_json)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)filter, name, value) {
		bool ok = strcmp(name, "and") == 0;
		if (ok || strcmp(name, "or") == 0) {
			bool all = ok;
			for (size_t i = 0; i < json_array_size(value); i++) {
				bool one = oracle(json_array_get(value, i), event_json);
				ok = all ? ok && one : ok || one;
			}
		} else if (strcmp(name, "not") == 0) {
			ok = !oracle(value, event_json);
		} else {
			size_t len = strcspn(name, ".");
			bool own = (len == 7 && strncmp(name, "payload", 7) == 0) ||
				   (len == 4 && strncmp(name, "type", 4) == 0);
			ok = field_holds(
			    own ? event_json : json_object_get(event_json, "payload"),
			    name, value);
		}
		if (!ok)
			return false;
	}
	return true;
}

/* ---- random filters and events ---------------------------------------------------- */

static unsigned seed;

static unsigned roll(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

static const char *const names[] = {"a", "b", "c", "type", "\xc3\xa4"};

static void random_scalar(struct sl_buf *out)
{
	static const char *const scalars[] = {"0", "1", "-1", "1.0", "2", "0.5", "1e0",
	    "-0.0", "9007199254740993", "9007199254740992", "-9223372036854775808",
	    "9223372036854775807", "1e300", "\"\"", "\"a\"", "\"b\"", "\"ab\"", "\"1\"",
	    "\"\\u0061\"", "\"a\\\"\"", "\"\\\\\"", "\"\xc3\xa4\"", "\"\\u00e4\"",
	    "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80x\"", "true", "false", "null"};

	sl_buf_adds(out, scalars[roll(sizeof scalars / sizeof *scalars)]);
}

static void random_space(struct sl_buf *out)
{
	static const char *const spaces[] = {"", "", "", " ", "\n\t"};

	sl_buf_adds(out, spaces[roll(5)]);
}

static void random_value(struct sl_buf *out, int depth)
{
	unsigned kind = roll(depth > 3 ? 2 : 5);
	unsigned n = roll(4);

	random_space(out);
	if (kind < 2) {
		random_scalar(out);
	} else if (kind == 2) {
		sl_buf_addc(out, '[');
		for (unsigned i = 0; i < n; i++) {
			sl_buf_adds(out, i ? "," : "");
			random_value(out, depth + 1);
		}
		sl_buf_addc(out, ']');
	} else {
		unsigned first = roll(5);
		sl_buf_addc(out, '{');
		for (unsigned i = 0; i < n; i++) {
			const char *name = names[(first + i) % 5];
			sl_buf_adds(out, i ? "," : "");
			random_space(out);
			if (roll(4) == 0 && (*name & 0x80) == 0)
				sl_buf_addf(out, "\"\\u00%02x%s\"", *name, name + 1);
			else
				sl_buf_addf(out, "\"%s\"", name);
			random_space(out);
			sl_buf_addc(out, ':');
			random_value(out, depth + 1);
		}
		sl_buf_addc(out, '}');
	}
	random_space(out);
}

static void random_path(struct sl_buf *out)
{
	static const char *const first[] = {
	    "a", "b", "c", "\xc3\xa4", "type", "payload.type", "payload.a", "payload"};

	sl_buf_addf(out, "%s", first[roll(8)]);
	for (unsigned n = roll(3); n > 0; n--)
		sl_buf_addf(out, ".%s", names[roll(5)]);
}

static void random_bounds(struct sl_buf *out)
{
	bool text = roll(2);
	const char *value = text ? "\"a\"" : "1";

	sl_buf_addc(out, '{');
	if (roll(3))
		sl_buf_addf(out, "\"%s\":%s,", roll(2) ? "gt" : "gte", value);
	if (roll(3))
		sl_buf_addf(out, "\"%s\":%s,", roll(2) ? "lt" : "lte",
		    text      ? "\"b\""
		    : roll(2) ? "1"
			      : "1.5");
	sl_buf_adds(out, "\"ne\":");
	random_scalar(out);
	sl_buf_addc(out, '}');
}

static void random_filter(struct sl_buf *out, int depth)
{
	unsigned n = 1 + roll(2);
	bool joined = false;

	sl_buf_addc(out, '{');
	for (unsigned i = 0; i < n; i++) {
		unsigned kind = joined || depth > 3 ? 3 + roll(4) : roll(7);
		sl_buf_adds(out, i ? "," : "");
		joined |= kind < 3;
		if (kind == 0) {
			sl_buf_adds(out, "\"not\":");
			random_filter(out, depth + 1);
			continue;
		}
		if (kind < 3) {
			sl_buf_adds(out, kind == 1 ? "\"and\":[" : "\"or\":[");
			for (unsigned k = 1 + roll(3); k > 0; k--) {
				random_filter(out, depth + 1);
				sl_buf_adds(out, k > 1 ? "," : "]");
			}
			continue;
		}
		sl_buf_addc(out, '"');
		random_path(out);
		sl_buf_adds(out, "\":");
		if (kind == 3) {
			random_bounds(out);
		} else if (kind == 4) {
			sl_buf_addc(out, '[');
			random_scalar(out);
			sl_buf_addc(out, ',');
			random_scalar(out);
			sl_buf_addc(out, ']');
		} else {
			random_scalar(out);
		}
	}
	sl_buf_addc(out, '}');
}

static void random_event(struct sl_buf *out)
{
	sl_buf_adds(out, "{");
	if (roll(4)) {
		sl_buf_adds(out, "\"type\":");
		random_scalar(out);
		sl_buf_addc(out, ',');
	}
	sl_buf_adds(out, "\"payload\":");
	random_value(out, 0);
	sl_buf_adds(out, roll(2) ? ",\"z\":1}" : "}");
}

/* Returns whether it passed, or -1 for a filter that named one path twice. */
static int check_random(struct sl_buf *filter_text, struct sl_buf *event_text)
{
	char error[GW_FILTER_ERROR];
	struct gw_filter *filter = NULL;
	struct gw_filter *again = NULL;
	json_t *filter_json = sl_json_in_parse(filter_text->data, filter_text->len, NULL);
	json_t *event_json = sl_json_in_parse(event_text->data, event_text->len, NULL);

	ck_assert_msg(event_json != NULL, "%s", sl_buf_text(event_text));
	if (!filter_json) {
		json_decref(event_json);
		return -1;
	}
	ck_assert_msg(gw_filter_make(&home, filter_json, &filter, error) == 0, "%s: %s",
	    sl_buf_text(filter_text), error);
	bool expected = oracle(filter_json, event_json);
	ck_assert_msg(
	    gw_filter_match(filter, event_text->data, event_text->len) == expected,
	    "filter %s event %s", sl_buf_text(filter_text), sl_buf_text(event_text));
	struct sl_slice text = gw_filter_text(filter);
	ck_assert_int_eq(gw_filter_parse(&home, text.data, text.len, &again, error), 0);
	ck_assert_msg(again == filter, "%.*s", (int)text.len, text.data);
	gw_filter_unref(again);
	gw_filter_unref(filter);
	json_decref(filter_json);
	json_decref(event_json);
	return expected;
}

START_TEST(random_filters_agree_with_a_naive_oracle)
{
	struct sl_buf filter = {0};
	struct sl_buf ev = {0};
	int counts[2] = {0};

	seed = (unsigned)_i + 1;
	for (int i = 0; i < 20000; i++) {
		sl_buf_reset(&filter);
		sl_buf_reset(&ev);
		random_filter(&filter, 0);
		random_event(&ev);
		int result = check_random(&filter, &ev);
		if (result >= 0)
			counts[result]++;
	}
	/* The dice are worth something only if both answers come up often. */
	ck_assert_int_gt(counts[0], 1000);
	ck_assert_int_gt(counts[1], 1000);
	ck_assert_uint_eq(home.count, 0);
	sl_buf_clear(&filter);
	sl_buf_clear(&ev);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_filter_oracle");
	TCase *tc = tcase_create("oracle");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_filters_agree_with_a_naive_oracle, 0, 5);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
