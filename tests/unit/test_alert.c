/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_world.h"

static const struct agg_rule_spec cpu_rule = {
    .id = "cpu_usage",
    .module = "system_health",
    .metric = "cpu_usage",
    .title = "CPU",
    .unit = "percent",
    .limits = {70, 85, NAN, NAN},
};

static void start_with(struct world *world, struct agg_rule_spec spec)
{
	world_start(world);
	world_rules(world, &spec, 1);
	agg_alert_watch(world->alerts, 0, "default", "system_health", "cpu_usage");
	agg_alert_watch(world->alerts, 1, "other", "system_health", "cpu_usage");
}

static void restart_with(struct world *world, struct agg_rule_spec spec)
{
	world_restart(world, 30 * S);
	world_rules(world, &spec, 1);
	agg_alert_watch(world->alerts, 0, "default", "system_health", "cpu_usage");
	agg_alert_watch(world->alerts, 1, "other", "system_health", "cpu_usage");
}

/* ---- life cycle ---------------------------------------------------------------------
 */

START_TEST(one_alert_fires_rises_falls_and_resolves)
{
	struct world world;
	char id[AGG_ALERT_ID + 1];

	start_with(&world, cpu_rule);
	ck_assert_int_eq(world_check(&world, 0, 69), 0);
	ck_assert_uint_eq(world.entries, 0);
	ck_assert_int_eq(world_check(&world, 0, 75), 1);
	world_expect(&world, 1, FIRED, WARNING);
	strcpy(id, world_last(&world)->alert.id);
	ck_assert_uint_eq(strlen(id), AGG_ALERT_ID);
	ck_assert_int_eq(world_check(&world, 0, 80), 1);
	ck_assert_uint_eq(world.entries, 1);
	ck_assert_int_eq(world_check(&world, 0, 90), 2);
	world_expect(&world, 2, CHANGED, CRITICAL);
	ck_assert(world_last(&world)->alert.threshold == 85);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "default", CRITICAL), 1);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "default", WARNING), 0);
	world_check(&world, 0, 80);
	world_expect(&world, 3, CHANGED, WARNING);
	world_check(&world, 0, 10);
	world_expect(&world, 4, RESOLVED, WARNING);
	for (size_t i = 0; i < world.entries; i++)
		ck_assert_str_eq(world.log[i].alert.id, id);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "default", WARNING), 0);
	ck_assert_uint_gt(world.counted, 0);

	world_check(&world, 0, 99);
	world_expect(&world, 5, FIRED, CRITICAL);
	ck_assert_str_ne(world_last(&world)->alert.id, id);
	world_stop(&world);
}
END_TEST

START_TEST(tenants_have_alerts_of_their_own)
{
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	world_check(&world, 1, 75);
	world_expect(&world, 2, FIRED, WARNING);
	ck_assert_str_eq(world_last(&world)->alert.tenant, "other");
	world_check(&world, 0, 1);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "other", WARNING), 1);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "default", CRITICAL), 0);
	world_stop(&world);
}
END_TEST

START_TEST(a_rule_with_for_is_pending_until_it_has_held_so_long)
{
	struct agg_rule_spec spec = cpu_rule;
	struct world world;

	spec.for_ns = 10 * S;
	start_with(&world, spec);
	world_check(&world, 0, 75);
	world_expect(&world, 1, PENDING, WARNING);
	world_pass(&world, 4 * S);
	world_check(&world, 0, 90);
	world_expect(&world, 2, PENDING, CRITICAL);
	world_pass(&world, 6 * S - 1);
	ck_assert_uint_eq(world.entries, 2);
	world_pass(&world, 1);
	world_expect(&world, 3, FIRED, WARNING);
	ck_assert_int_eq(world_last(&world)->alert.fired_ns, world.wall_ns);
	ck_assert(world_last(&world)->alert.value == 90);
	world_pass(&world, 4 * S);
	world_expect(&world, 4, CHANGED, CRITICAL);
	world_stop(&world);
}
END_TEST

START_TEST(what_ends_while_pending_never_fires)
{
	struct agg_rule_spec spec = cpu_rule;
	struct agg_alert_stats stats;
	struct world world;

	spec.for_ns = 10 * S;
	start_with(&world, spec);
	world_check(&world, 0, 75);
	world_pass(&world, 9 * S);
	world_check(&world, 0, 10);
	world_expect(&world, 2, RESOLVED, WARNING);
	ck_assert_int_eq(world_last(&world)->alert.fired_ns, 0);
	world_pass(&world, 9 * S);
	ck_assert_uint_eq(world.entries, 2);
	agg_alert_stats(world.alerts, &stats);
	ck_assert_uint_eq(stats.resolved, 0);
	ck_assert_uint_eq(stats.pending + stats.firing, 0);
	ck_assert_uint_eq(world.table[0].len, 0);
	world_stop(&world);
}
END_TEST

START_TEST(nan_and_unknown_metrics_change_nothing)
{
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	ck_assert_int_eq(world_check(&world, 0, NAN), 0);
	ck_assert_int_eq(world_check(&world, 12345678, 99), 0);
	ck_assert_int_eq(world_check(&world, 7, 99), 0);
	ck_assert_uint_eq(world.entries, 1);
	world_stop(&world);
}
END_TEST

/* ---- commands -----------------------------------------------------------------------
 */

static bool sees_business_only(void *arg, const char *module)
{
	(void)arg;
	return !strcmp(module, "business_metrics");
}

static const struct agg_alert_filter everything = {
    .tenant = "default", .states = AGG_ALERT_STATE_ACTIVE | AGG_ALERT_STATE_RESOLVED};

static int acknowledge(struct world *world, const struct agg_alert_filter *filter,
    const char *id, int64_t until_ns, const struct agg_alert **alert)
{
	return agg_alert_acknowledge(
	    world->alerts, filter, id, "ann", "on it", until_ns, world->wall_ns, alert);
}

START_TEST(acknowledging_is_idempotent_and_pushed_once)
{
	struct agg_alert_filter business = everything, other = everything;
	const struct agg_alert *alert = NULL;
	struct world world;

	business.may_see = sees_business_only;
	other.tenant = "other";
	start_with(&world, cpu_rule);
	world_check(&world, 0, 75);
	const char *id = world.log[0].alert.id;
	ck_assert_int_eq(acknowledge(&world, &business, id, 0, &alert), SL_ENOTFOUND);
	ck_assert_int_eq(acknowledge(&world, &other, id, 0, &alert), SL_ENOTFOUND);
	ck_assert_int_eq(
	    acknowledge(&world, &everything, "nope", 0, &alert), SL_ENOTFOUND);
	ck_assert_int_eq(acknowledge(&world, &everything, id, 1, &alert), SL_EINVAL);
	ck_assert_int_eq(acknowledge(&world, &everything, id, 0, &alert), 0);
	ck_assert(alert->acknowledged);
	ck_assert_str_eq(alert->acknowledged_by, "ann");
	ck_assert_str_eq(alert->note, "on it");
	world_expect(&world, 2, CHANGED, WARNING);
	ck_assert_int_eq(acknowledge(&world, &everything, id, 0, &alert), 0);
	ck_assert_uint_eq(world.entries, 2);
	world_stop(&world);
}
END_TEST

START_TEST(a_rising_severity_clears_the_acknowledgement_a_falling_one_keeps_it)
{
	const struct agg_alert *alert;
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	acknowledge(&world, &everything, world.log[0].alert.id, 0, &alert);
	world_check(&world, 0, 75);
	ck_assert(world_last(&world)->alert.acknowledged);
	world_check(&world, 0, 90);
	ck_assert(!world_last(&world)->alert.acknowledged);
	ck_assert_str_eq(world_last(&world)->alert.acknowledged_by, "");
	world_expect(&world, 4, CHANGED, CRITICAL);
	world_stop(&world);
}
END_TEST

START_TEST(an_acknowledgement_expires)
{
	const struct agg_alert *alert;
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	acknowledge(
	    &world, &everything, world.log[0].alert.id, world.wall_ns + 60 * S, &alert);
	world_pass(&world, 59 * S);
	ck_assert(world_last(&world)->alert.acknowledged);
	world_pass(&world, 2 * S);
	ck_assert(!world_last(&world)->alert.acknowledged);
	ck_assert_uint_eq(world.entries, 3);
	world_stop(&world);
}
END_TEST

START_TEST(a_list_shows_what_the_filter_selects_newest_first)
{
	struct agg_alert_filter firing = {
	    .tenant = "default", .states = AGG_ALERT_STATE_FIRING};
	struct agg_alert_filter business = everything;
	struct sl_buf out = {0};
	struct world world;

	business.may_see = sees_business_only;
	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	world_check(&world, 0, 1);
	world_check(&world, 0, 75);
	agg_alert_list(world.alerts, &everything, &out);
	const char *firing_at = strstr(sl_buf_text(&out), "\"state\":\"firing\"");
	const char *resolved_at = strstr(sl_buf_text(&out), "\"state\":\"resolved\"");
	ck_assert(firing_at && resolved_at && firing_at < resolved_at);
	sl_buf_reset(&out);
	agg_alert_list(world.alerts, &firing, &out);
	ck_assert_ptr_null(strstr(sl_buf_text(&out), "resolved\""));
	sl_buf_reset(&out);
	agg_alert_list(world.alerts, &business, &out);
	ck_assert_str_eq(sl_buf_text(&out), "[]");
	sl_buf_clear(&out);
	world_stop(&world);
}
END_TEST

START_TEST(an_alert_as_json_has_every_field_and_null_where_not_set)
{
	struct sl_buf out = {0};
	struct agg_alert alert = {.id = "018f0000-0000-7000-8000-000000000000",
	    .rule = "cpu_usage",
	    .metric = "cpu_usage",
	    .module = "system_health",
	    .labels = "{\"host\":\"a\"}",
	    .message = "CPU is \"high\"",
	    .severity = WARNING,
	    .state = AGG_ALERT_PENDING,
	    .value = 71.5,
	    .threshold = NAN,
	    .started_ns = 1767225600123456789};

	agg_alert_json(&out, &alert);
	ck_assert_str_eq(sl_buf_text(&out),
	    "{\"id\":\"018f0000-0000-7000-8000-000000000000\",\"rule\":\"cpu_usage\","
	    "\"metric\":\"cpu_usage\",\"module\":\"system_health\","
	    "\"labels\":{\"host\":\"a\"},\"severity\":\"warning\",\"state\":\"pending\","
	    "\"value\":71.5,\"threshold\":null,\"message\":\"CPU is \\\"high\\\"\","
	    "\"startedAt\":\"2026-01-01T00:00:00.123Z\",\"firedAt\":null,"
	    "\"resolvedAt\":null,\"acknowledged\":false,\"acknowledgedBy\":null,"
	    "\"acknowledgedAt\":null,\"note\":null,\"silencedUntil\":null}");
	sl_buf_clear(&out);
}
END_TEST

/* ---- restarts -----------------------------------------------------------------------
 */

START_TEST(a_firing_alert_survives_a_restart_without_firing_again)
{
	const struct agg_alert *alert;
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	acknowledge(&world, &everything, world.log[0].alert.id, 0, &alert);
	restart_with(&world, cpu_rule);
	ck_assert_uint_eq(agg_alert_open(world.alerts, "default", CRITICAL), 1);
	world_check(&world, 0, 91);
	world_pass(&world, 5 * S);
	ck_assert_uint_eq(world.entries, 2);
	alert = agg_alert_find(world.alerts, world.log[0].alert.id);
	ck_assert_ptr_nonnull(alert);
	ck_assert(alert->acknowledged);
	ck_assert_str_eq(alert->note, "on it");
	world_stop(&world);
}
END_TEST

START_TEST(what_cleared_or_appeared_while_down_is_resolved_or_fires_once)
{
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	restart_with(&world, cpu_rule);
	world_check(&world, 0, 10);
	world_expect(&world, 2, RESOLVED, CRITICAL);
	restart_with(&world, cpu_rule);
	world_check(&world, 0, 75);
	world_expect(&world, 3, FIRED, WARNING);
	world_check(&world, 0, 76);
	ck_assert_uint_eq(world.entries, 3);
	world_stop(&world);
}
END_TEST

START_TEST(a_pending_alert_goes_on_waiting_over_a_restart)
{
	struct agg_rule_spec spec = cpu_rule;
	struct world world;

	spec.for_ns = 60 * S;
	start_with(&world, spec);
	world_check(&world, 0, 75);
	world_pass(&world, 20 * S);
	restart_with(&world, spec); /* 30 s away */
	world_check(&world, 0, 75);
	world_pass(&world, 9 * S);
	ck_assert_uint_eq(world.entries, 1);
	world_pass(&world, 1 * S);
	world_expect(&world, 2, FIRED, WARNING);
	world_stop(&world);
}
END_TEST

START_TEST(a_wait_that_ended_while_down_fires_only_if_it_is_still_so)
{
	struct agg_rule_spec spec = cpu_rule;
	struct world world;

	spec.for_ns = 20 * S;
	for (int still = 0; still < 2; still++) {
		start_with(&world, spec);
		world_check(&world, 0, 75);
		restart_with(&world, spec); /* 30 s away */
		world_pass(&world, S);
		ck_assert_uint_eq(world.entries, 1);
		world_check(&world, 0, still ? 75 : 10);
		if (still)
			world_expect(&world, 2, FIRED, WARNING);
		else
			world_expect(&world, 2, RESOLVED, WARNING);
		world_stop(&world);
	}
}
END_TEST

START_TEST(a_crash_between_record_and_log_neither_loses_nor_repeats)
{
	struct world world;

	start_with(&world, cpu_rule);
	world.crash_in_log = true;
	world_check(&world, 0, 90);
	restart_with(&world, cpu_rule);
	world_pass(&world, 5 * S);
	world_check(&world, 0, 90);
	ck_assert_uint_eq(world.entries, 1);

	world.log_full = true; /* it died before the entry was appended */
	world_check(&world, 0, 1);
	ck_assert_uint_eq(world.entries, 1);
	world.log_full = false;
	restart_with(&world, cpu_rule);
	world_pass(&world, 2 * S);
	world_expect(&world, 2, RESOLVED, CRITICAL);
	world_pass(&world, 2 * S);
	ck_assert_uint_eq(world.entries, 2);
	world_stop(&world);
}
END_TEST

START_TEST(what_the_log_refuses_is_sent_when_it_has_room)
{
	struct world world;

	start_with(&world, cpu_rule);
	world.log_full = true;
	world_check(&world, 0, 75);
	world_check(&world, 0, 90);
	world_pass(&world, 2 * S);
	world.log_full = false;
	world_pass(&world, 2 * S);
	world_expect(&world, 1, FIRED, CRITICAL);
	world_stop(&world);
}
END_TEST

START_TEST(an_alert_whose_rule_is_gone_is_resolved)
{
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 90);
	world_rules(&world, NULL, 0);
	world_expect(&world, 2, RESOLVED, CRITICAL);
	ck_assert_int_eq(world_check(&world, 0, 90), 0);
	ck_assert_uint_eq(world.entries, 2);
	world_stop(&world);
}
END_TEST

START_TEST(new_limits_hold_from_the_next_check)
{
	struct agg_rule_spec spec = cpu_rule;
	struct world world;

	start_with(&world, cpu_rule);
	world_check(&world, 0, 75);
	spec.limits = (struct agg_thresholds){80, 95, NAN, NAN};
	world_rules(&world, &spec, 1);
	world_check(&world, 0, 75);
	world_expect(&world, 2, RESOLVED, WARNING);
	world_rules(&world, &cpu_rule, 1);
	world_check(&world, 0, 75);
	world_expect(&world, 3, FIRED, WARNING);
	world_stop(&world);
}
END_TEST

/* ---- limits -------------------------------------------------------------------------
 */

START_TEST(the_number_of_alerts_is_bounded_and_old_ones_are_forgotten)
{
	struct agg_alert_stats stats;
	struct world world;

	world_start(&world);
	world.options = (struct agg_alert_options){.active_max = 1, .resolved_max = 3};
	agg_alert_free(world.alerts);
	world_open(&world);
	world_rules(&world, &cpu_rule, 1);
	agg_alert_watch(world.alerts, 0, "default", "system_health", "cpu_usage");
	agg_alert_watch(world.alerts, 1, "other", "system_health", "cpu_usage");
	world_check(&world, 0, 90);
	world_check(&world, 1, 90);
	agg_alert_stats(world.alerts, &stats);
	ck_assert_uint_eq(stats.firing, 1);
	ck_assert_uint_eq(stats.refused, 1);
	for (int i = 0; i < 10; i++) {
		world_check(&world, 0, 1);
		world_check(&world, 0, 90);
	}
	world_pass(&world, 2 * S);
	agg_alert_stats(world.alerts, &stats);
	ck_assert_uint_eq(stats.resolved, 3);
	world_pass(&world, 25 * 3600 * S);
	agg_alert_stats(world.alerts, &stats);
	ck_assert_uint_eq(stats.resolved, 0);
	size_t records = 0;
	for (size_t i = 0; i < WORLD_SLOTS; i++)
		records += world.table[i].len > 0;
	ck_assert_uint_eq(records, 1);
	world_stop(&world);
}
END_TEST

START_TEST(a_record_reads_back_and_damage_is_refused)
{
	static struct agg_alert alert, got;
	unsigned char record[AGG_ALERT_RECORD_MAX];

	memset(&alert, 0, sizeof(alert));
	strcpy(alert.id, "018f0000-0000-7000-8000-000000000000");
	memset(alert.tenant, 't', AGG_ALERT_NAME);
	memset(alert.rule, 'r', AGG_ALERT_NAME);
	memset(alert.metric, 'm', AGG_ALERT_NAME);
	memset(alert.module, 'o', AGG_ALERT_NAME);
	memset(alert.labels, 'l', AGG_ALERT_LABELS);
	memset(alert.message, 'e', AGG_ALERT_MESSAGE);
	memset(alert.acknowledged_by, 'b', AGG_ALERT_NAME);
	memset(alert.note, 'n', AGG_ALERT_NOTE);
	alert.severity = CRITICAL;
	alert.state = AGG_ALERT_FIRING;
	alert.value = 1.5;
	alert.seq = 77;
	alert.condition = true;
	size_t len = agg_alert_record_pack(&alert, record);
	ck_assert_int_eq(agg_alert_record_read(record, len, &got), 0);
	ck_assert_mem_eq(&alert, &got, sizeof(alert));
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(agg_alert_record_read(record, cut, &got), SL_ECORRUPT);
	record[0]++;
	ck_assert_int_eq(agg_alert_record_read(record, len, &got), SL_EVERSION);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert");
	TCase *tc = tcase_create("alert");

	tcase_add_test(tc, one_alert_fires_rises_falls_and_resolves);
	tcase_add_test(tc, tenants_have_alerts_of_their_own);
	tcase_add_test(tc, a_rule_with_for_is_pending_until_it_has_held_so_long);
	tcase_add_test(tc, what_ends_while_pending_never_fires);
	tcase_add_test(tc, nan_and_unknown_metrics_change_nothing);
	tcase_add_test(tc, acknowledging_is_idempotent_and_pushed_once);
	tcase_add_test(
	    tc, a_rising_severity_clears_the_acknowledgement_a_falling_one_keeps_it);
	tcase_add_test(tc, an_acknowledgement_expires);
	tcase_add_test(tc, a_list_shows_what_the_filter_selects_newest_first);
	tcase_add_test(tc, an_alert_as_json_has_every_field_and_null_where_not_set);
	tcase_add_test(tc, a_firing_alert_survives_a_restart_without_firing_again);
	tcase_add_test(tc, what_cleared_or_appeared_while_down_is_resolved_or_fires_once);
	tcase_add_test(tc, a_pending_alert_goes_on_waiting_over_a_restart);
	tcase_add_test(tc, a_wait_that_ended_while_down_fires_only_if_it_is_still_so);
	tcase_add_test(tc, a_crash_between_record_and_log_neither_loses_nor_repeats);
	tcase_add_test(tc, what_the_log_refuses_is_sent_when_it_has_room);
	tcase_add_test(tc, an_alert_whose_rule_is_gone_is_resolved);
	tcase_add_test(tc, new_limits_hold_from_the_next_check);
	tcase_add_test(tc, the_number_of_alerts_is_bounded_and_old_ones_are_forgotten);
	tcase_add_test(tc, a_record_reads_back_and_damage_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
