/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway makes of the aggregator's answers; the aggregator is a fake. */
#include <check.h>
#include <event2/event.h>
#include <stdlib.h>

#include "clock.h"
#include "gateway/places.h"
#include "gateway/places_state.h"

static struct event_base *loop;
static struct gw_users *users;
static struct gw_user *user;
static struct gw_places *places;
static struct gw_wait *wait;
static enum gw_admission decided;

/* The question under way. */
static gw_ask_done *ask_done;
static void *ask_arg;

struct gw_question *gw_ask_send(struct gw_ask *ask, enum sl_msg_request_kind kind,
    struct sl_slice token, struct sl_slice body, gw_ask_done *done, void *arg)
{
	(void)ask, (void)token, (void)body;
	ck_assert_int_eq(kind, SL_REQ_PLACES);
	ask_done = done;
	ask_arg = arg;
	return arg; /* any but NULL */
}

/* Answers the question with a grant, or not at all. */
static void answer(const struct sl_msg_grant *grant)
{
	struct sl_msg_list_writer w;
	struct sl_buf body = {0};
	struct sl_msg_reply reply = {.status = 200};

	while (!ask_done)
		event_base_loop(loop, EVLOOP_ONCE);
	gw_ask_done *done = ask_done;
	ask_done = NULL;
	if (!grant) {
		done(ask_arg, NULL);
		return;
	}
	sl_msg_grants_begin(&w, &body, 7);
	sl_msg_grants_add(&w, grant);
	sl_msg_list_end(&w);
	reply.body = (struct sl_slice){body.data, body.len};
	done(ask_arg, &reply);
	sl_buf_clear(&body);
}

static void on_surplus(void *arg, struct gw_user *whose, uint32_t count)
{
	(void)arg, (void)whose, (void)count;
	ck_abort_msg("nobody has too many");
}

static void on_decided(void *arg, enum gw_admission admission)
{
	(void)arg;
	decided = admission;
}

static void setup(void)
{
	loop = event_base_new();
	users = gw_users_new();
	user = gw_user_get(users, "default", "alice");
	places = gw_places_new(loop, NULL, users, on_surplus, NULL);
	ask_done = NULL;
	decided = GW_ADMISSION_OPEN;
	struct gw_want want = {.user = user, .limit = 1, .done = on_decided};
	ck_assert_int_eq(gw_places_ask(places, &want, &wait), GW_ADMISSION_WAIT);
}

static void teardown(void)
{
	gw_places_free(places);
	gw_user_unref(user);
	gw_users_free(users);
	event_base_free(loop);
}

START_TEST(who_waits_is_let_in_when_there_is_a_place)
{
	answer(&(struct sl_msg_grant){.places = 1});
	ck_assert_int_eq(decided, GW_ADMISSION_YES);
	ck_assert_uint_eq(user->connections, 1);
}
END_TEST

START_TEST(who_is_over_the_limit_is_refused)
{
	answer(&(struct sl_msg_grant){.places = 0});
	ck_assert_int_eq(decided, GW_ADMISSION_NO);
	ck_assert_uint_eq(user->connections, 0);
}
END_TEST

START_TEST(an_aggregator_that_has_not_settled_is_asked_again)
{
	answer(&(struct sl_msg_grant){.waiting = true});
	ck_assert_int_eq(decided, GW_ADMISSION_OPEN);
	answer(&(struct sl_msg_grant){.places = 1});
	ck_assert_int_eq(decided, GW_ADMISSION_YES);
}
END_TEST

START_TEST(an_aggregator_that_does_not_settle_in_time_is_no_limit_reached)
{
	answer(&(struct sl_msg_grant){.waiting = true});
	wait->since_ns -= 4 * SL_NS_PER_S;
	answer(&(struct sl_msg_grant){.waiting = true});
	ck_assert_int_eq(decided, GW_ADMISSION_UNKNOWN);
	ck_assert_uint_eq(user->connections, 0);
	ck_assert_uint_eq(gw_places_stats(places)->waiting, 0);
}
END_TEST

START_TEST(without_an_answer_the_own_count_decides)
{
	answer(NULL);
	ck_assert_int_eq(decided, GW_ADMISSION_YES);
	ck_assert_uint_eq(gw_places_stats(places)->alone, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_places");
	TCase *tcase = tcase_create("gw_places");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_waits_is_let_in_when_there_is_a_place);
	tcase_add_test(tcase, who_is_over_the_limit_is_refused);
	tcase_add_test(tcase, an_aggregator_that_has_not_settled_is_asked_again);
	tcase_add_test(
	    tcase, an_aggregator_that_does_not_settle_in_time_is_no_limit_reached);
	tcase_add_test(tcase, without_an_answer_the_own_count_decides);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
