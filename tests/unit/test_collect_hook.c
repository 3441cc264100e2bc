/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "collectors/hook_beacon.h"
#include "collectors/hook_form.h"
#include "collectors/hook_sign.h"
#include "collectors/seen.h"
#include "error.h"
#include "fixture.h"

#define S SL_NS_PER_S

/* ---- who ------------------------------------------------------------------------ */

static void use_secret(struct col_hook_secrets *secrets, const char *text)
{
	char error[COL_HOOK_SECRET_ERROR] = "";

	ck_assert_msg(
	    col_hook_secret_parse(secrets, fixture_text(text), error) == 0, "%s", error);
}

/* docs.github.com, "Validating webhook deliveries", "Testing the webhook payload
 * validation". */
START_TEST(the_example_that_github_publishes_passes_and_nothing_near_it)
{
	struct col_hook_secrets secrets;
	struct col_hook_proof proof;
	struct col_hook_claim claim = {.body = fixture_text("Hello, World!"),
	    .hub_signature =
		fixture_text("sha256=757107ea0eb2509fc211221cce984b8a37570b6d"
			     "7586c22c46f4379c8b043e17")};

	use_secret(&secrets, "It's a Secret to Everybody\n");
	ck_assert_int_eq(col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_OK);
	ck_assert(proof.is_signed);
	claim.body = fixture_text("Hello, World?");
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_WRONG);
	claim.hub_signature.len--;
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_MALFORMED);
	col_hook_secret_clear(&secrets);
}
END_TEST

/* The example of standard-webhooks' reference libraries. */
START_TEST(the_example_that_standard_webhooks_publishes_passes_in_its_time)
{
	struct col_hook_secrets secrets;
	struct col_hook_proof proof;
	struct col_hook_claim claim = {.body = fixture_text("{\"test\": 2432232314}"),
	    .id = fixture_text("msg_p5jXN8AQM9LWM0D4loKWxJek"),
	    .timestamp = fixture_text("1614265330"),
	    .signature = fixture_text("v1,AAAA v1a,AAAA "
				      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
	    .now_ns = 1614265330 * S,
	    .tolerance_ns = 300 * S};

	/* The secret before it may be used, too: one follows another. */
	use_secret(&secrets, "an older secret of ours\r\n# newer\n"
			     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	ck_assert_int_eq(col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_OK);
	ck_assert(proof.is_signed && proof.is_timed);
	claim.now_ns += 301 * S;
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_OLD);
	claim.now_ns -= 602 * S;
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_AHEAD);
	claim.timestamp = fixture_text("1614265331");
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_WRONG);
	claim.timestamp = fixture_text("161426533O");
	ck_assert_int_eq(
	    col_hook_sign_check(&secrets, &claim, &proof), COL_HOOK_SIGN_MALFORMED);
	col_hook_secret_clear(&secrets);
}
END_TEST

START_TEST(secrets_that_are_none_are_refused_with_their_line)
{
	static const char *const bad[] = {
	    "", "# only a comment\n\n", "\nshort\n", "whsec_!!!!!!!!!!!!!!!!\n"};
	char error[COL_HOOK_SECRET_ERROR];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct col_hook_secrets secrets;
		ck_assert_int_eq(
		    col_hook_secret_parse(&secrets, fixture_text(bad[i]), error),
		    SL_EINVAL);
		ck_assert_ptr_null(secrets.text.data);
	}
	ck_assert_msg(strstr(error, "line 1") != NULL, "%s", error);
}
END_TEST

/* ---- what was seen ---------------------------------------------------------------- */

START_TEST(the_newest_keys_are_remembered_and_the_oldest_forgotten)
{
	struct col_seen *seen = col_seen_new(100);
	uint8_t key[COL_BATCH_KEY] = {0};
	uint64_t number;

	for (uint64_t n = 0; n < 1000; n++) {
		/* Chains of many: only two bits of the table's index differ. */
		memcpy(key + 8, &n, sizeof(n));
		key[0] = (uint8_t)(n & 3);
		ck_assert(!col_seen_find(seen, key, &number));
		ck_assert(col_seen_busy(seen, 50, (int64_t)n) == false);
		col_seen_add(seen, key, n, (int64_t)n);
	}
	for (uint64_t n = 0; n < 1000; n++) {
		memcpy(key + 8, &n, sizeof(n));
		key[0] = (uint8_t)(n & 3);
		ck_assert(col_seen_find(seen, key, &number) == (n >= 900));
		ck_assert(n < 900 || number == n);
	}
	ck_assert(col_seen_busy(seen, 200, 1000));
	col_seen_free(seen);
}
END_TEST

START_TEST(an_address_spends_its_rate_and_no_other_pays_for_it)
{
	struct col_hook_beacon *beacon = col_hook_beacon_new();
	struct sl_addr one = {.family = SL_ADDR_V4, .ip = {192, 0, 2, 1}};
	int64_t now = 1000 * S;

	ck_assert(!col_hook_beacon_spend(beacon, &one, 41, 10, now));
	ck_assert(col_hook_beacon_spend(beacon, &one, 40, 10, now));
	ck_assert(!col_hook_beacon_spend(beacon, &one, 1, 10, now));
	ck_assert(col_hook_beacon_spend(beacon, &one, 10, 10, now + S));
	ck_assert(!col_hook_beacon_spend(beacon, &one, 1, 10, now + S));
	col_hook_beacon_free(beacon);
}
END_TEST

/* ---- forms ------------------------------------------------------------------------ */

static struct sl_catalog *catalog;
static struct col_batch batch;
static struct col_batch_rules rules;

static void setup(void)
{
	static const char text[] =
	    "module \"shop\" { title = \"Shop\" }\n"
	    "module \"closed\" { title = \"Closed\" }\n"
	    "event \"orders.created\" { module = shop fields = {\"id:any\"} }\n"
	    "event \"secret.made\" { module = closed }\n"
	    "event \"workflow.failed\" { module = shop fields = {\"executionId:any\"} }\n"
	    "metric \"queue_size\" { module = shop }\n"
	    "role \"all\" { modules = {all} }\n";
	struct sl_buf error = {0};

	ck_assert_msg(sl_catalog_parse("test", text, &catalog, &error) == 0, "%s",
	    error.data != NULL ? sl_buf_text(&error) : "");
	rules = (struct col_batch_rules){.catalog = catalog,
	    .modules = sl_catalog_module(catalog, "shop", 4)->bit,
	    .now_ns = 1700000000 * S};
	col_batch_reset(&batch);
}

static void teardown(void)
{
	col_batch_clear(&batch);
	sl_catalog_unref(catalog);
}

START_TEST(an_id_gives_one_uuid_and_sources_do_not_share_ids)
{
	static const char *const bodies[] = {
	    "[{\"specversion\":\"1.0\",\"type\":\"a.orders.created\",\"source\":\"/a\","
	    "\"id\":\"1\",\"data\":{\"id\":1}},",
	    "{\"specversion\":\"1.0\",\"type\":\"orders.created\",\"source\":\"/b\","
	    "\"id\":\"1\",\"data\":{\"id\":1}},",
	    "{\"type\":\"orders.created\",\"id\":\"0190163d-8694-739b-aea5-"
	    "966c26f8ad91\","
	    "\"data\":{\"id\":1}},",
	    "{\"type\":\"orders.created\",\"data\":{\"id\":1}}]"};
	char body[1024];

	snprintf(
	    body, sizeof(body), "%s%s%s%s", bodies[0], bodies[1], bodies[2], bodies[3]);
	ck_assert_msg(col_batch_form_json(&batch, &rules, fixture_text(body)) == 0, "%s",
	    batch.error);
	ck_assert_uint_eq(batch.event_count, 4);
	ck_assert_mem_ne(batch.event[0].key, batch.event[1].key, COL_BATCH_KEY);
	ck_assert_uint_eq(batch.event[0].id[6] >> 4, 8);
	ck_assert_uint_eq(batch.event[2].id[0], 0x01);
	ck_assert_uint_eq(batch.event[2].id[15], 0x91);
	ck_assert(!batch.event[3].has_key);
	ck_assert_str_eq(
	    col_batch_text(&batch, batch.event[0].type_at), "orders.created");
}
END_TEST

START_TEST(a_module_that_the_source_may_not_write_is_refused)
{
	ck_assert_int_eq(col_batch_form_json(&batch, &rules,
			     fixture_text("{\"type\":\"secret.made\",\"payload\":{}}")),
	    SL_EINVAL);
	ck_assert_msg(strstr(batch.error, "closed") != NULL, "%s", batch.error);
}
END_TEST

START_TEST(labels_make_one_series_in_whatever_order_they_come)
{
	ck_assert_int_eq(
	    col_batch_form_json(&batch, &rules,
		fixture_text(
		    "[{\"metric\":\"queue_size\",\"value\":1,\"labels\":{\"b\":2,"
		    "\"a\":\"x\"}},{\"metric\":\"queue_size\",\"value\":1,"
		    "\"labels\":{\"a\":\"x\",\"b\":2}}]")),
	    0);
	ck_assert_uint_eq(batch.sample_count, 2);
	ck_assert_mem_eq(
	    col_batch_text(&batch, batch.sample[0].labels_at), "a\0x\0b\0002", 8);
	ck_assert_mem_eq(
	    col_batch_text(&batch, batch.sample[1].labels_at), "a\0x\0b\0002", 8);
}
END_TEST

START_TEST(the_error_workflow_of_n8n_says_which_execution_failed)
{
	ck_assert_int_eq(
	    col_hook_form_n8n(&batch, &rules,
		fixture_text("{\"execution\":{\"id\":231,\"error\":{\"message\":\"m\"}},"
			     "\"workflow\":{\"id\":\"1\"}}")),
	    0);
	ck_assert_uint_eq(batch.event_count, 1);
	ck_assert_str_eq(
	    col_batch_text(&batch, batch.event[0].type_at), "workflow.failed");
	ck_assert_int_eq(
	    col_hook_form_n8n(&batch, &rules, fixture_text("{\"event\":\"queue\"}")),
	    SL_EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_hook");
	TCase *tc = tcase_create("hook");
	TCase *forms = tcase_create("forms");

	tcase_add_test(tc, the_example_that_github_publishes_passes_and_nothing_near_it);
	tcase_add_test(
	    tc, the_example_that_standard_webhooks_publishes_passes_in_its_time);
	tcase_add_test(tc, secrets_that_are_none_are_refused_with_their_line);
	tcase_add_test(tc, the_newest_keys_are_remembered_and_the_oldest_forgotten);
	tcase_add_test(tc, an_address_spends_its_rate_and_no_other_pays_for_it);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(forms, setup, teardown);
	tcase_add_test(forms, an_id_gives_one_uuid_and_sources_do_not_share_ids);
	tcase_add_test(forms, a_module_that_the_source_may_not_write_is_refused);
	tcase_add_test(forms, labels_make_one_series_in_whatever_order_they_come);
	tcase_add_test(forms, the_error_workflow_of_n8n_says_which_execution_failed);
	suite_add_tcase(suite, forms);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
