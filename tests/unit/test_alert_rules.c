/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts from expressions and conditions, and their life against a naive oracle. */
#include "alert_world.h"

/* ---- expressions --------------------------------------------------------------------
 */

static const struct agg_thresholds no_limits = {NAN, NAN, NAN, NAN};

static uint32_t open_disk(struct world *world, const char *name)
{
	struct agg_label label = {{"disk", 4}, sl_slice_text(name)};

	agg_recent_want(world->recent, "disk_usage");
	return agg_recent_open(
	    world->recent, "default", "disk_usage", &(struct agg_labels){&label, 1});
}

static void feed(struct world *world, uint32_t series, double value)
{
	agg_recent_push(world->recent, series, world->wall_ns, value);
	agg_alert_check(world->alerts, 0, value, world->wall_ns, world->mono_ns);
}

static void start_with(struct world *world, struct agg_rule_spec spec)
{
	world_start(world);
	world_rules(world, &spec, 1);
	agg_alert_watch(world->alerts, 0, "default", "system_health", "disk_usage");
	world_pass(world, S);
}

START_TEST(an_expression_fires_for_each_of_its_elements)
{
	struct agg_label team = {{"team", 4}, {"ops", 3}};
	struct agg_rule_spec spec = {.id = "disk_full",
	    .module = "system_health",
	    .metric = "disk_usage",
	    .expr = "disk_usage > 90",
	    .limits = no_limits,
	    .severity = CRITICAL,
	    .labels = {&team, 1},
	    .summary = "{{ $labels.disk }} is at {{ $value }}"};
	struct world world;

	start_with(&world, spec);
	uint32_t sda = open_disk(&world, "sda"), sdb = open_disk(&world, "sdb");
	feed(&world, sda, 95);
	feed(&world, sdb, 50);
	ck_assert_uint_eq(world.entries, 0);
	world_pass(&world, 0);
	world_expect(&world, 1, FIRED, CRITICAL);
	ck_assert_str_eq(
	    world_last(&world)->alert.labels, "{\"disk\":\"sda\",\"team\":\"ops\"}");
	ck_assert_str_eq(world_last(&world)->alert.message, "sda is at 95");
	ck_assert_str_eq(world_last(&world)->alert.rule, "disk_full");
	feed(&world, sdb, 99);
	world_pass(&world, 0);
	world_expect(&world, 2, FIRED, CRITICAL);
	world_pass(&world, S);
	feed(&world, sda, 20);
	world_pass(&world, 0);
	world_expect(&world, 3, RESOLVED, CRITICAL);
	ck_assert_str_eq(world_last(&world)->alert.id, world.log[0].alert.id);
	ck_assert_str_eq(world_last(&world)->alert.message, "sda is at 95");
	world_stop(&world);
}
END_TEST

START_TEST(an_expression_with_limits_has_both_severities)
{
	struct agg_rule_spec spec = {.id = "fullest",
	    .module = "system_health",
	    .metric = "disk_usage",
	    .expr = "max(disk_usage)",
	    .limits = {80, 90, NAN, NAN}};
	struct world world;

	start_with(&world, spec);
	uint32_t sda = open_disk(&world, "sda"), sdb = open_disk(&world, "sdb");
	feed(&world, sda, 10);
	feed(&world, sdb, 85);
	world_pass(&world, S);
	world_expect(&world, 1, FIRED, WARNING);
	feed(&world, sda, 95);
	world_pass(&world, S);
	world_expect(&world, 2, CHANGED, CRITICAL);
	world_pass(&world, S);
	ck_assert_uint_eq(world.entries, 2);
	world_stop(&world);
}
END_TEST

START_TEST(what_the_clock_drives_resolves_without_samples)
{
	struct agg_rule_spec spec = {.id = "burst",
	    .module = "system_health",
	    .expr = "max_over_time(disk_usage[20s]) > 90",
	    .limits = no_limits,
	    .severity = WARNING};
	struct world world;

	start_with(&world, spec);
	uint32_t sda = open_disk(&world, "sda");
	feed(&world, sda, 95);
	world_pass(&world, 0);
	world_expect(&world, 1, FIRED, WARNING);
	for (int i = 0; i < 30; i++)
		world_pass(&world, S);
	world_expect(&world, 2, RESOLVED, WARNING);
	world_stop(&world);
}
END_TEST

START_TEST(an_evaluation_that_fails_changes_nothing_and_is_counted)
{
	struct agg_rule_spec spec = {.id = "ambiguous",
	    .module = "system_health",
	    .expr = "disk_usage > on() disk_usage",
	    .limits = no_limits,
	    .severity = WARNING};
	struct agg_alert_stats stats;
	struct world world;

	start_with(&world, spec);
	feed(&world, open_disk(&world, "sda"), 95);
	feed(&world, open_disk(&world, "sdb"), 96);
	world_pass(&world, 0);
	agg_alert_stats(world.alerts, &stats);
	ck_assert_uint_eq(stats.eval_errors, 1);
	ck_assert_uint_eq(world.entries, 0);
	world_stop(&world);
}
END_TEST

START_TEST(rules_that_collide_are_refused_and_change_nothing)
{
	struct agg_rule_spec spec = {
	    .id = "a", .module = "m", .metric = "x", .limits = {1, 2, NAN, NAN}};
	struct agg_rule *rules[2];
	char error[AGG_RULE_ERROR_MAX];
	struct world world;

	world_start(&world);
	ck_assert_int_eq(agg_rule_new(&spec, &rules[0], error), 0);
	spec.id = "b";
	ck_assert_int_eq(agg_rule_new(&spec, &rules[1], error), 0);
	ck_assert_int_eq(
	    agg_alert_set_rules(world.alerts, rules, 2, world.wall_ns, world.mono_ns),
	    SL_EEXIST);
	agg_rule_free(rules[0]);
	agg_rule_free(rules[1]);
	world_stop(&world);
}
END_TEST

/* ---- conditions ---------------------------------------------------------------------
 */

static void report(struct world *world, bool stale)
{
	agg_alert_source(world->alerts, "default", "system", stale, 16 * S,
	    world->wall_ns, world->mono_ns);
}

START_TEST(a_silent_source_is_one_alert_until_it_sends_again)
{
	struct world world;

	world_start(&world);
	report(&world, false);
	ck_assert_uint_eq(world.entries, 0);
	report(&world, true);
	report(&world, true);
	world_expect(&world, 1, FIRED, WARNING);
	const struct agg_alert *alert = &world_last(&world)->alert;
	ck_assert_str_eq(alert->rule, "source_stale");
	ck_assert_str_eq(alert->module, "system_health");
	ck_assert_str_eq(alert->labels, "{\"source\":\"system\"}");
	ck_assert_str_eq(alert->message, "Source system has been silent for 16 s");
	world_rules(&world, NULL, 0);
	ck_assert_uint_eq(world.entries, 1);
	report(&world, false);
	world_expect(&world, 2, RESOLVED, WARNING);
	world_stop(&world);
}
END_TEST

START_TEST(a_restored_condition_ends_unless_it_is_reported_again)
{
	struct world world;

	world_start(&world);
	report(&world, true);
	world_restart(&world, 10 * S);
	world_rules(&world, NULL, 0);
	report(&world, true);
	world_pass(&world, 61 * S);
	ck_assert_uint_eq(world.entries, 1);
	world_restart(&world, 10 * S);
	world_rules(&world, NULL, 0);
	world_pass(&world, 59 * S);
	ck_assert_uint_eq(world.entries, 1);
	world_pass(&world, 2 * S);
	world_expect(&world, 2, RESOLVED, WARNING);
	world_stop(&world);
}
END_TEST

/* ---- against an oracle ---------------------------------------------------------------
 */

/* The whole history of levels, judged from the start at every step. */
struct oracle {
	double warning, critical, warning_clear, critical_clear, sign;
	int64_t for_ns;
	bool holds[2];
	int64_t since_ns[2];
	int state; /* -1: none, else enum agg_alert_state */
	int severity;
};

static void oracle_step(struct oracle *o, double value, int64_t mono_ns)
{
	const double fire[2] = {o->warning, o->critical};
	const double clear[2] = {o->warning_clear, o->critical_clear};
	int held = 0, any = 0;

	for (int level = 0; level < 2; level++) {
		double limit = o->holds[level] ? clear[level] : fire[level];
		bool holds = o->sign * value >= o->sign * limit;

		if (holds && !o->holds[level])
			o->since_ns[level] = mono_ns;
		o->holds[level] = holds;
		if (holds)
			any = level + 1;
		if (holds && mono_ns - o->since_ns[level] >= o->for_ns)
			held = level + 1;
	}
	if (!any) {
		o->state = -1;
	} else if (held) {
		o->state = AGG_ALERT_FIRING;
		o->severity = held;
	} else if (o->state != AGG_ALERT_FIRING) {
		o->state = AGG_ALERT_PENDING;
		o->severity = any;
	}
}

/* What a client believes that has read the log from its start. */
static void check_client(const struct world *world, const struct oracle *o)
{
	int state = -1, severity = 0;
	const char *id = "";
	size_t fired = 0;

	for (size_t i = 0; i < world->entries; i++) {
		const struct agg_alert *alert = &world->log[i].alert;
		bool is_fired = world->log[i].kind == SL_ENTRY_ALERT_FIRED;

		if (strcmp(id, alert->id)) {
			ck_assert_int_eq(state, -1);
			fired = 0;
		}
		fired += is_fired;
		ck_assert_uint_le(fired, 1);
		ck_assert(!is_fired || alert->state == AGG_ALERT_FIRING);
		ck_assert(alert->state != AGG_ALERT_FIRING || fired == 1);
		id = alert->id;
		state = alert->state == AGG_ALERT_RESOLVED ? -1 : (int)alert->state;
		severity = (int)alert->severity;
	}
	ck_assert_int_eq(state, o->state);
	if (state >= 0)
		ck_assert_int_eq(severity, o->severity);
}

static double next_value(double value, unsigned *seed)
{
	value += (double)(rand_r(seed) % 2001 - 1000) / 50;
	return value < 0 ? 0 : value > 100 ? 100 : value;
}

START_TEST(a_random_walk_never_fires_twice_and_never_misses_the_end)
{
	unsigned seed = (unsigned)_i + 1;
	bool lower = _i % 2, waits = _i % 3 == 1, restarts = _i % 5 == 2;
	struct agg_rule_spec spec = {.id = "walk",
	    .module = "m",
	    .metric = "x",
	    .for_ns = waits ? 7 * S : 0,
	    .limits = {60, 80, 55, 78}};
	if (lower)
		spec.limits = (struct agg_thresholds){40, 20, 45, 22};
	struct oracle o = {spec.limits.warning, spec.limits.critical,
	    spec.limits.warning_clear, spec.limits.critical_clear, lower ? -1 : 1,
	    spec.for_ns, {false, false}, {0, 0}, -1, 0};
	double value = 50;
	struct world world;

	world_start(&world);
	world_rules(&world, &spec, 1);
	agg_alert_watch(world.alerts, 0, "default", "m", "x");
	for (int step = 0; step < 400; step++) {
		if (restarts && step % 20 == 19) {
			world_restart(&world, 0);
			world_rules(&world, &spec, 1);
			agg_alert_watch(world.alerts, 0, "default", "m", "x");
		}
		world.wall_ns += S;
		world.mono_ns += S;
		world_check(&world, 0, value = next_value(value, &seed));
		world_pass(&world, 0);
		oracle_step(&o, value, world.mono_ns);
		check_client(&world, &o);
		ck_assert_uint_eq(agg_alert_open(world.alerts, "default", WARNING),
		    o.state == AGG_ALERT_FIRING && o.severity == 1);
	}
	ck_assert_uint_gt(world.entries, 10);
	world_stop(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert_rules");
	TCase *tc = tcase_create("alert_rules");

	tcase_add_test(tc, an_expression_fires_for_each_of_its_elements);
	tcase_add_test(tc, an_expression_with_limits_has_both_severities);
	tcase_add_test(tc, what_the_clock_drives_resolves_without_samples);
	tcase_add_test(tc, an_evaluation_that_fails_changes_nothing_and_is_counted);
	tcase_add_test(tc, rules_that_collide_are_refused_and_change_nothing);
	tcase_add_test(tc, a_silent_source_is_one_alert_until_it_sends_again);
	tcase_add_test(tc, a_restored_condition_ends_unless_it_is_reported_again);
	tcase_add_loop_test(
	    tc, a_random_walk_never_fires_twice_and_never_misses_the_end, 0, 60);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
