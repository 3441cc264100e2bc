/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: who may what, once and only once; the bus is a fake that keeps the reply. */
#include <event2/event.h>

#include "journal_fixture.h"

#include "aggregator/command.h"
#include "aggregator/core.h"
#include "common/crypto.h"
#include "common/msg.h"

#define SLICE(text) ((struct sl_slice){.data = (text), .len = strlen(text)})
#define START_WALL  (1000000 * SL_NS_PER_S)
#define START_MONO  (5000 * SL_NS_PER_S)

static const char roles[] =
    "module \"system_health\" { title = \"System\" }\n"
    "module \"business_metrics\" { title = \"Business\" }\n"
    "metric \"cpu\" { module = system_health warning = 70 critical = 85 }\n"
    "metric \"sales\" { module = business_metrics warning = 10 critical = 5 }\n"
    "role \"master_admin\" { modules = {all} may = {all} }\n"
    "role \"operations\" { modules = {system_health} may = {acknowledge} }\n"
    "role \"viewer\" { modules = {business_metrics} }\n";

static struct agg_core core;
static struct sl_process process;
static struct sl_config config;
static struct sl_catalog *catalog;
static struct sl_key key;
static struct sl_bus_counters counters;

/* The last reply; data are kept in reply_bytes. */
static struct sl_msg_reply reply;
static struct sl_buf reply_bytes;
static size_t replies;

int sl_bus_reply(
    struct sl_bus *bus, struct sl_bus_route route, const void *data, size_t len)
{
	(void)bus, (void)route;
	sl_buf_reset(&reply_bytes);
	sl_buf_add(&reply_bytes, data, len);
	ck_assert_int_eq(sl_msg_reply_read(reply_bytes.data, reply_bytes.len, &reply), 0);
	replies++;
	return 0;
}

int sl_bus_publish(struct sl_bus *bus, const void *data, size_t len)
{
	(void)bus, (void)data, (void)len;
	return 0;
}

const struct sl_bus_counters *sl_bus_counters(struct sl_bus *bus)
{
	(void)bus;
	return &counters;
}

static void on_tenant(void *arg, struct agg_tenant *tenant)
{
	(void)arg;
	agg_judge_tenant(core.judge, tenant);
}

static int on_changed(void *arg, struct agg_metric *metric, int64_t mono_ns)
{
	(void)arg;
	return agg_judge_changed(core.judge, metric, mono_ns);
}

static void open_core(void)
{
	struct agg_journal_options journal = fixture_options();
	struct agg_tenant *tenant;
	char path[128];

	snprintf(path, sizeof path, "%s/journal", journal_dir);
	ck_assert_int_eq(agg_journal_open(path, &journal, &core.journal, NULL), 0);
	snprintf(path, sizeof path, "%s/state", journal_dir);
	ck_assert_int_eq(agg_table_open(path, NULL, &core.table, NULL), 0);
	core.recent = agg_recent_new(NULL);
	struct agg_judge_options judge = {.catalog = catalog,
	    .config = &config,
	    .journal = core.journal,
	    .table = core.table,
	    .recent = core.recent};
	ck_assert_int_eq(agg_judge_new(&judge, &core.judge), 0);
	struct agg_state_options state = {.catalog = catalog,
	    .table = core.table,
	    .recent = core.recent,
	    .tenant_series_max = 100};
	struct agg_state_hooks hooks = {.tenant = on_tenant, .changed = on_changed};
	core.state = agg_state_new(&state, &hooks);
	struct agg_publish_options publish = {.loop = process.loop,
	    .state = core.state,
	    .journal = core.journal,
	    .publish_interval_ms = 50,
	    .streaming = true};
	core.publish = agg_publish_new(&publish);
	core.bus = (struct sl_bus *)&counters;
	agg_publish_connect(core.publish, core.bus);
	agg_judge_connect(core.judge, core.state, core.publish);
	agg_state_tenant(core.state, "default", &tenant);
	core.command = agg_command_new(&core);
	agg_core_resume_pause(&core);
}

static void close_core(void)
{
	agg_command_free(core.command);
	agg_publish_free(core.publish);
	agg_state_free(core.state);
	agg_judge_free(core.judge);
	agg_recent_free(core.recent);
	agg_table_close(core.table);
	agg_journal_close(core.journal);
}

static void setup(void)
{
	struct sl_buf error = {0};

	fixture_setup();
	sl_clock_fake(START_WALL, START_MONO);
	ck_assert_int_eq(sl_crypto_init(), 0);
	ck_assert_msg(sl_catalog_parse("test", roles, &catalog, &error) == 0, "%s",
	    sl_buf_text(&error));
	process = (struct sl_process){
	    .config = &config, .catalog = catalog, .loop = event_base_new()};
	memset(&core, 0, sizeof core);
	core.process = &process;
	sl_key_generate(&key);
	sl_key_set_add(&core.keyring.keys, &key);
	replies = 0;
	open_core();
}

static void teardown(void)
{
	close_core();
	sl_keyring_clear(&core.keyring);
	sl_buf_clear(&reply_bytes);
	event_base_free(process.loop);
	sl_catalog_unref(catalog);
	fixture_teardown();
}

static struct sl_buf token_of(const char *role, const char *tenant, const char *jti)
{
	struct sl_jwt_claims claims = {.exp_s = START_WALL / SL_NS_PER_S + 3600};
	struct sl_buf token = {0};

	snprintf(claims.sub, sizeof claims.sub, "ann");
	snprintf(claims.role, sizeof claims.role, "%s", role);
	snprintf(claims.tenant, sizeof claims.tenant, "%s", tenant);
	snprintf(claims.jti, sizeof claims.jti, "%s", jti);
	ck_assert_int_eq(sl_jwt_sign(&key, &claims, &token), 0);
	return token;
}

/* Asks with that token ("" for none) and returns the reply's status. */
static int ask_with(enum sl_msg_request_kind kind, const char *id, struct sl_slice token,
    const char *body)
{
	struct sl_msg_request request = {.kind = kind,
	    .id = SLICE(id),
	    .peer = SLICE("gateway-1"),
	    .token = token,
	    .body = SLICE(body)};
	struct sl_bus_route route = {0};
	struct sl_buf packed = {0};
	size_t before = replies;

	sl_msg_request_pack(&packed, &request);
	agg_command_request(core.command, route, packed.data, packed.len);
	sl_buf_clear(&packed);
	ck_assert_uint_eq(replies, before + 1);
	ck_assert_mem_eq(reply.id.data, id, strlen(id));
	return reply.status;
}

static int ask(enum sl_msg_request_kind kind, const char *id, const char *role,
    const char *tenant, const char *body)
{
	struct sl_buf token = token_of(role, tenant, "");
	int status = ask_with(kind, id, (struct sl_slice){token.data, token.len}, body);

	sl_buf_clear(&token);
	return status;
}

static bool body_has(const char *text)
{
	return reply.body.len &&
	       memmem(reply.body.data, reply.body.len, text, strlen(text));
}

static void set_cpu(double value)
{
	struct agg_metric *cpu =
	    agg_state_metric(core.state, "default", "system_health", "cpu");

	agg_state_set(core.state, cpu, value, START_WALL, START_MONO);
	agg_core_pass(&core, START_WALL, START_MONO);
}

START_TEST(every_role_may_what_the_catalog_says_and_no_more)
{
	static const struct {
		enum sl_msg_request_kind kind;
		int master, operations, viewer;
	} rows[] = {
	    {SL_REQ_FORCE_AGGREGATION, 200, 403, 403},
	    {SL_REQ_STOP_AGGREGATOR, 200, 403, 403},
	    {SL_REQ_START_AGGREGATOR, 200, 403, 403},
	    {SL_REQ_ALERTS, 200, 200, 200},
	    {SL_REQ_ACKNOWLEDGE, 400, 400, 403},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char id[8];
		snprintf(id, sizeof id, "r%zu", i);
		ck_assert_int_eq(ask(rows[i].kind, id, "master_admin", "default", "{}"),
		    rows[i].master);
		ck_assert_int_eq(ask(rows[i].kind, id, "operations", "default", "{}"),
		    rows[i].operations);
		ck_assert_int_eq(
		    ask(rows[i].kind, id, "viewer", "default", "{}"), rows[i].viewer);
		ck_assert_int_eq(ask(rows[i].kind, id, "nobody", "default", "{}"), 403);
	}
}
END_TEST

START_TEST(what_concerns_the_process_needs_the_default_tenant)
{
	ck_assert_int_eq(
	    ask(SL_REQ_STOP_AGGREGATOR, "1", "master_admin", "acme", "{}"), 403);
	ck_assert(!core.paused);
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "2", "master_admin", "acme", "{}"), 200);
}
END_TEST

START_TEST(a_token_is_verified_here_whoever_forwarded_it)
{
	struct sl_buf token = token_of("master_admin", "default", "");

	ck_assert_int_eq(ask_with(SL_REQ_STOP_AGGREGATOR, "1", SLICE(""), "{}"), 401);
	token.data[token.len - 10] ^= 1;
	ck_assert_int_eq(ask_with(SL_REQ_STOP_AGGREGATOR, "2",
			     (struct sl_slice){token.data, token.len}, "{}"),
	    401);
	token.data[token.len - 10] ^= 1;
	sl_clock_fake(START_WALL + 4000 * SL_NS_PER_S, START_MONO);
	ck_assert_int_eq(ask_with(SL_REQ_STOP_AGGREGATOR, "3",
			     (struct sl_slice){token.data, token.len}, "{}"),
	    401);
	ck_assert(!core.paused);
	sl_buf_clear(&token);
}
END_TEST

START_TEST(an_acknowledgement_asked_twice_happens_once)
{
	char body[128], id[64];

	set_cpu(95);
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "0", "operations", "default", "{}"), 200);
	const char *at = memmem(reply.body.data, reply.body.len, "\"id\":\"", 6);
	ck_assert_ptr_nonnull(at);
	snprintf(id, sizeof id, "%.36s", at + 6);
	snprintf(body, sizeof body, "{\"alertId\":\"%s\",\"note\":\"mine\"}", id);
	uint64_t seq = agg_journal_next(core.journal, SL_STREAM_ALERTS);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    ask(SL_REQ_ACKNOWLEDGE, "a", "operations", "default", body), 200);
		ck_assert(body_has("\"acknowledgedBy\":\"ann\""));
		ck_assert_uint_eq(
		    agg_journal_next(core.journal, SL_STREAM_ALERTS), seq + 1);
	}
	/* The id alone is not worth the answer: another's token, or none, is judged. */
	ck_assert_int_eq(ask(SL_REQ_ACKNOWLEDGE, "a", "viewer", "default", body), 403);
	ck_assert_int_eq(ask_with(SL_REQ_ACKNOWLEDGE, "a", SLICE(""), body), 401);
	ck_assert(!body_has("acknowledgedBy"));
}
END_TEST

START_TEST(an_alert_of_an_unseen_module_or_tenant_is_not_found)
{
	char body[128];

	set_cpu(95);
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "0", "master_admin", "default", "{}"), 200);
	const char *at = memmem(reply.body.data, reply.body.len, "\"id\":\"", 6);
	ck_assert_ptr_nonnull(at);
	snprintf(body, sizeof body, "{\"alertId\":\"%.36s\"}", at + 6);
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "1", "viewer", "default", "{}"), 200);
	ck_assert(!body_has("\"id\""));
	ck_assert_int_eq(ask(SL_REQ_ACKNOWLEDGE, "2", "master_admin", "acme", body), 404);
}
END_TEST

START_TEST(a_signed_out_token_stays_out_over_a_restart)
{
	for (int with_jti = 0; with_jti < 2; with_jti++) {
		struct sl_buf token =
		    token_of("master_admin", "default", with_jti ? "t1" : "");
		struct sl_slice slice = {token.data, token.len};
		const char *id = with_jti ? "j" : "h";
		ck_assert_int_eq(ask_with(SL_REQ_ALERTS, id, slice, "{}"), 200);
		ck_assert_int_eq(ask_with(SL_REQ_SIGN_OUT, id, slice, "{}"), 200);
		/* The gateway asks again: the same answer, not that it is revoked. */
		ck_assert_int_eq(ask_with(SL_REQ_SIGN_OUT, id, slice, "{}"), 200);
		ck_assert_int_eq(ask_with(SL_REQ_ALERTS, id, slice, "{}"), 401);
		close_core();
		open_core();
		ck_assert_int_eq(ask_with(SL_REQ_ALERTS, id, slice, "{}"), 401);
		sl_buf_clear(&token);
	}
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "other", "operations", "default", "{}"), 200);
}
END_TEST

START_TEST(a_pause_holds_over_a_restart)
{
	ck_assert_int_eq(
	    ask(SL_REQ_STOP_AGGREGATOR, "1", "master_admin", "default", "{}"), 200);
	ck_assert(body_has("\"isRunning\":false"));
	set_cpu(95); /* nothing is judged */
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "2", "master_admin", "default", "{}"), 200);
	ck_assert(!body_has("\"id\""));
	close_core();
	core.paused = false;
	open_core();
	ck_assert(core.paused);
}
END_TEST

static int count_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	(void)packed;
	*(uint64_t *)arg = *(uint64_t *)arg * 10 + entry->seq;
	return 0;
}

START_TEST(a_replay_gives_the_entries_asked_for)
{
	struct sl_msg_page_head head;
	struct sl_buf packed = {0};
	uint64_t seqs = 0;

	for (uint64_t seq = 1; seq <= 5; seq++) {
		struct sl_entry entry = {.stream = SL_STREAM_LOW,
		    .seq = seq,
		    .tenant = SLICE("default"),
		    .module = SLICE("system_health"),
		    .topic = SLICE("events.x"),
		    .source = SLICE("a"),
		    .key = SLICE("k"),
		    .body = SLICE("{}")};
		sl_buf_reset(&packed);
		sl_msg_entry_pack(&packed, &entry);
		ck_assert_int_eq(agg_journal_append(core.journal, SL_STREAM_LOW,
				     packed.data, packed.len, NULL),
		    0);
	}
	sl_buf_clear(&packed);
	char body[64];
	snprintf(body, sizeof body, "{\"stream\":%d,\"from\":2,\"to\":4}", SL_STREAM_LOW);
	ck_assert_int_eq(ask_with(SL_REQ_REPLAY, "1", SLICE(""), body), 200);
	ck_assert_int_eq(
	    sl_msg_page_read(reply.body.data, reply.body.len, &head, count_entry, &seqs),
	    0);
	ck_assert_uint_eq(seqs, 234);
	ck_assert_uint_eq(head.next, 6);
	ck_assert_int_eq(
	    ask_with(SL_REQ_REPLAY, "2", SLICE(""), "{\"stream\":9,\"from\":1}"), 400);
	ck_assert_int_eq(
	    ask_with(SL_REQ_REPLAY, "3", SLICE(""), "{\"stream\":0,\"from\":5,\"to\":4}"),
	    400);
}
END_TEST

START_TEST(what_is_no_request_gets_no_answer)
{
	struct sl_msg_request request = {.kind = (enum sl_msg_request_kind)99,
	    .id = SLICE("1"),
	    .peer = SLICE("x"),
	    .token = SLICE(""),
	    .body = SLICE("")};
	struct sl_bus_route route = {0};
	struct sl_buf packed = {0};

	agg_command_request(core.command, route, "\x93\x01\x02", 3);
	sl_msg_request_pack(&packed, &request);
	agg_command_request(core.command, route, packed.data, packed.len);
	ck_assert_uint_eq(replies, 0);
	sl_buf_clear(&packed);
}
END_TEST

START_TEST(a_body_that_is_no_object_is_named_as_such)
{
	ck_assert_int_eq(
	    ask(SL_REQ_ACKNOWLEDGE, "1", "operations", "default", "[]"), 400);
	ck_assert_int_eq(ask(SL_REQ_ALERTS, "2", "operations", "default", "{"), 400);
	ck_assert_int_eq(
	    ask(SL_REQ_ALERTS, "3", "operations", "default", "{\"state\":[\"open\"]}"),
	    400);
}
END_TEST

/* Lets a request about a live connection wait; no gateway has it yet. */
static void ask_connection(const char *id)
{
	struct sl_buf token = token_of("viewer", "default", ""), packed = {0};
	struct sl_msg_request request = {.kind = SL_REQ_CONNECTION,
	    .id = SLICE(id),
	    .peer = SLICE("gateway-1"),
	    .token = {token.data, token.len},
	    .body = SLICE("{\"connection\":\"0190e8c4-0000-7000-8000-000000000001\","
			  "\"do\":\"refresh\"}")};
	struct sl_bus_route route = {0};

	sl_msg_request_pack(&packed, &request);
	agg_command_request(core.command, route, packed.data, packed.len);
	sl_buf_clear(&packed);
	sl_buf_clear(&token);
}

static void say_absent(const char *id, const char *gateway)
{
	char body[64];
	struct sl_buf packed = {0};
	struct sl_bus_route route = {0};

	snprintf(body, sizeof body, "{\"request\":\"%s\",\"here\":false}", id);
	struct sl_msg_request request = {.kind = SL_REQ_CONNECTION_DONE,
	    .id = SLICE("done"),
	    .peer = SLICE(gateway),
	    .body = SLICE(body)};
	sl_msg_request_pack(&packed, &request);
	agg_command_request(core.command, route, packed.data, packed.len);
	ck_assert_int_eq(reply.status, 200);
	sl_buf_clear(&packed);
}

START_TEST(a_connection_is_not_found_only_if_every_gateway_has_said_so)
{
	size_t before;

	core.gateways.count = 2;
	core.gateways.gateway[0] = (struct agg_gateway){.name = "gateway-1", .number = 1};
	core.gateways.gateway[1] =
	    (struct agg_gateway){.name = "gateway-2", .number = 200};
	agg_command_tick(core.command, START_MONO);
	ask_connection("silent");
	ask_connection("gone");
	ck_assert_uint_eq(replies, 0);
	say_absent("silent", "gateway-1");
	say_absent("silent", "gateway-1");
	say_absent("silent", "gateway-3");
	say_absent("gone", "gateway-1");
	say_absent("gone", "gateway-2");
	before = replies;
	agg_command_tick(core.command, START_MONO + SL_NS_PER_S / 4);
	ck_assert_uint_eq(replies, before);
	say_absent("unknown", "gateway-2");
	agg_command_tick(core.command, START_MONO + SL_NS_PER_S);
	ck_assert_uint_eq(replies, before + 3);
	/* The last one is that of "gone". */
	ck_assert_mem_eq(reply.id.data, "gone", 4);
	ck_assert_int_eq(reply.status, 404);
	ask_connection("silent");
	say_absent("silent", "gateway-1");
	sl_clock_fake(START_WALL, START_MONO + SL_NS_PER_S);
	agg_command_tick(core.command, START_MONO + 2 * SL_NS_PER_S);
	ck_assert_mem_eq(reply.id.data, "silent", 6);
	ck_assert_int_eq(reply.status, 503);
}
END_TEST

START_TEST(nobody_is_told_that_there_is_no_connection_before_gateways_have_reported)
{
	ask_connection("early");
	agg_command_tick(core.command, START_MONO + SL_NS_PER_S);
	ck_assert_uint_eq(replies, 0);
	agg_command_tick(core.command, START_MONO + 2 * SL_NS_PER_S);
	ck_assert_uint_eq(replies, 1);
	ck_assert_int_eq(reply.status, 503);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_role_may_what_the_catalog_says_and_no_more);
	tcase_add_test(tc, what_concerns_the_process_needs_the_default_tenant);
	tcase_add_test(tc, a_token_is_verified_here_whoever_forwarded_it);
	tcase_add_test(tc, an_acknowledgement_asked_twice_happens_once);
	tcase_add_test(tc, an_alert_of_an_unseen_module_or_tenant_is_not_found);
	tcase_add_test(tc, a_signed_out_token_stays_out_over_a_restart);
	tcase_add_test(tc, a_pause_holds_over_a_restart);
	tcase_add_test(tc, a_replay_gives_the_entries_asked_for);
	tcase_add_test(tc, what_is_no_request_gets_no_answer);
	tcase_add_test(tc, a_body_that_is_no_object_is_named_as_such);
	tcase_add_test(tc, a_connection_is_not_found_only_if_every_gateway_has_said_so);
	tcase_add_test(
	    tc, nobody_is_told_that_there_is_no_connection_before_gateways_have_reported);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
