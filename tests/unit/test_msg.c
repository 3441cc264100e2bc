/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "msg.h"

#define SLICE(text) ((struct sl_slice){(text), strlen(text)})

static struct sl_buf message;

static void reset(void)
{
	sl_buf_clear(&message);
}

#define assert_slice(slice, text)                                                        \
	do {                                                                             \
		ck_assert_uint_eq((slice).len, strlen(text));                            \
		ck_assert_mem_eq((slice).data, (text), strlen(text));                    \
	} while (0)

/* ---- one message of each kind ---- */

static const struct sl_msg_batch_head head = {.aggregator = UINT64_MAX,
    .epoch = 0x8000000000000001,
    .flush = 7,
    .metrics_seq = 70000,
    .publish_us = -1,
    .keyframe = true};

static struct sl_entry entry_of(uint64_t seq)
{
	return (struct sl_entry){.stream = SL_STREAM_HIGH,
	    .kind = SL_ENTRY_ALERT_FIRED,
	    .seq = seq,
	    .ts_us = INT64_MIN,
	    .ingest_us = INT64_MAX,
	    .tenant = SLICE("default"),
	    .module = SLICE("system_health"),
	    .topic = SLICE("events.content.updated"),
	    .source = SLICE("a source whose name is longer than thirty-one bytes"),
	    .key = SLICE("0190-id"),
	    .active = 1,
	    .audience = SL_AUDIENCE_ROLE,
	    .audience_name = SLICE("technical_admin"),
	    .body = SLICE("{\"a\":1}")};
}

static void assert_entry(const struct sl_entry *e, uint64_t seq)
{
	ck_assert_int_eq(e->stream, SL_STREAM_HIGH);
	ck_assert_int_eq(e->kind, SL_ENTRY_ALERT_FIRED);
	ck_assert_uint_eq(e->seq, seq);
	ck_assert(e->ts_us == INT64_MIN && e->ingest_us == INT64_MAX);
	assert_slice(e->tenant, "default");
	assert_slice(e->module, "system_health");
	assert_slice(e->topic, "events.content.updated");
	assert_slice(e->source, "a source whose name is longer than thirty-one bytes");
	assert_slice(e->key, "0190-id");
	ck_assert_uint_eq(e->active, 1);
	ck_assert_int_eq(e->audience, SL_AUDIENCE_ROLE);
	assert_slice(e->audience_name, "technical_admin");
	assert_slice(e->body, "{\"a\":1}");
}

static void make_batch(void)
{
	struct sl_msg_batch_writer w;
	struct sl_buf packed = {0};
	struct sl_msg_metric_def def = {.id = 300,
	    .tenant = SLICE("default"),
	    .module = SLICE("m"),
	    .name = SLICE("cpu_usage"),
	    .field = SLICE("cpuUsage"),
	    .unit = SLICE(""),
	    .in_snapshot = true};
	struct sl_msg_metric metric = {
	    .id = 300, .value = 73.4189, .ts_us = 5, .status = 2, .stale = true};
	struct sl_msg_metric unfed = {.id = 301, .value = NAN};
	struct sl_msg_control control = {9, SLICE("revoke"), SLICE("{}")};

	sl_msg_batch_begin(&w, &message, &head);
	sl_msg_batch_add_def(&w, &def);
	sl_msg_batch_add_metric(&w, &metric);
	sl_msg_batch_add_metric(&w, &unfed);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		struct sl_entry entry = entry_of(seq);

		sl_buf_reset(&packed);
		sl_msg_entry_pack(&packed, &entry);
		sl_msg_batch_add_entry(&w, packed.data, packed.len);
	}
	sl_msg_batch_add_control(&w, &control);
	sl_msg_batch_end(&w);
	sl_buf_clear(&packed);
}

static void make_entry(void)
{
	struct sl_entry entry = entry_of(4);

	sl_buf_reset(&message);
	sl_msg_entry_pack(&message, &entry);
}

static void make_request(void)
{
	struct sl_msg_request request = {SL_REQ_ACKNOWLEDGE, SLICE("id-1"),
	    SLICE("gateway-1"), SLICE("e.y.J"), SLICE("{\"alertId\":\"x\"}")};

	sl_buf_reset(&message);
	sl_msg_request_pack(&message, &request);
}

static void make_reply(void)
{
	struct sl_msg_reply reply = {.id = SLICE("id-1"),
	    .status = 403,
	    .problem = SLICE("forbidden"),
	    .detail = SLICE("no"),
	    .next = {1, 2, 3, 4, UINT64_MAX},
	    .control_next = 6,
	    .body = SLICE("body")};

	sl_buf_reset(&message);
	sl_msg_reply_pack(&message, &reply);
}

static void make_page(void)
{
	struct sl_msg_list_writer w;
	struct sl_msg_page_head page = {1, 2, SL_STREAM_HIGH, 3, 8};
	struct sl_buf packed = {0};

	sl_msg_page_begin(&w, &message, &page);
	for (uint64_t seq = 5; seq <= 7; seq++) {
		struct sl_entry entry = entry_of(seq);

		sl_buf_reset(&packed);
		sl_msg_entry_pack(&packed, &entry);
		sl_msg_page_add(&w, packed.data, packed.len);
	}
	sl_msg_list_end(&w);
	sl_buf_clear(&packed);
}

static void make_report(void)
{
	struct sl_msg_report report = {
	    SLICE("gateway-2"), 4242, true, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX};

	sl_buf_reset(&message);
	sl_msg_report_pack(&message, &report);
}

static void make_claims(void)
{
	struct sl_msg_list_writer w;
	struct sl_msg_claim claim = {
	    SLICE("default"), SLICE("alice"), 5, 2, 1, SLICE("0123456789abcdef")};

	sl_msg_claims_begin(&w, &message, 7);
	sl_msg_claims_add(&w, &claim);
	sl_msg_claims_add(&w, &claim);
	sl_msg_list_end(&w);
}

static void make_grants(void)
{
	struct sl_msg_list_writer w;
	struct sl_msg_grant grant = {3, true};

	sl_msg_grants_begin(&w, &message, 7);
	sl_msg_grants_add(&w, &grant);
	sl_msg_grants_add(&w, &grant);
	sl_msg_list_end(&w);
}

/* ---- readers of each kind, as one table ---- */

static int count_head(void *arg, const struct sl_msg_batch_head *h)
{
	(void)h;
	++*(int *)arg;
	return 0;
}

static int count_entry(void *arg, const struct sl_entry *e, struct sl_slice packed)
{
	(void)e;
	(void)packed;
	++*(int *)arg;
	return 0;
}

static int effects;

static int read_batch(const void *data, size_t len)
{
	struct sl_msg_batch_sink sink = {.head = count_head, .entry = count_entry};

	return sl_msg_batch_read(data, len, &sink, &effects);
}

static int read_page(const void *data, size_t len)
{
	struct sl_msg_page_head page;

	return sl_msg_page_read(data, len, &page, count_entry, &effects);
}

static int count_claim(void *arg, const struct sl_msg_claim *claim)
{
	(void)claim;
	++*(int *)arg;
	return 0;
}

static int read_claims(const void *data, size_t len)
{
	uint64_t lease;

	return sl_msg_claims_read(data, len, &lease, count_claim, &effects);
}

static int count_grant(void *arg, const struct sl_msg_grant *grant)
{
	(void)grant;
	++*(int *)arg;
	return 0;
}

static int read_grants(const void *data, size_t len)
{
	uint64_t lease;

	return sl_msg_grants_read(data, len, &lease, count_grant, &effects);
}

static int read_entry(const void *data, size_t len)
{
	struct sl_entry entry;

	return sl_msg_entry_read(data, len, &entry);
}

static int read_request(const void *data, size_t len)
{
	struct sl_msg_request request;

	return sl_msg_request_read(data, len, &request);
}

static int read_reply(const void *data, size_t len)
{
	struct sl_msg_reply reply;

	return sl_msg_reply_read(data, len, &reply);
}

static int read_report(const void *data, size_t len)
{
	struct sl_msg_report report;

	return sl_msg_report_read(data, len, &report);
}

static const struct {
	void (*make)(void);
	int (*read)(const void *data, size_t len);
	bool versioned;
} kinds[] = {
    {make_batch, read_batch, true},
    {make_entry, read_entry, false},
    {make_request, read_request, true},
    {make_reply, read_reply, true},
    {make_page, read_page, true},
    {make_report, read_report, true},
    {make_claims, read_claims, true},
    {make_grants, read_grants, true},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* Reads from an allocation of exactly this size: sanitizers see every overrun. */
static int read_exact(int kind, const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	int rc = kinds[kind].read(copy, len);
	free(copy);
	return rc;
}

/* ---- promises ---- */

struct seen {
	int defs, metrics, entries, controls;
};

static int see_head(void *arg, const struct sl_msg_batch_head *h)
{
	(void)arg;
	ck_assert_uint_eq(h->aggregator, head.aggregator);
	ck_assert_uint_eq(h->epoch, head.epoch);
	ck_assert_uint_eq(h->flush, 7);
	ck_assert_uint_eq(h->metrics_seq, 70000);
	ck_assert_int_eq(h->publish_us, -1);
	ck_assert(h->keyframe && !h->paused);
	return 0;
}

static int see_def(void *arg, const struct sl_msg_metric_def *def)
{
	((struct seen *)arg)->defs++;
	ck_assert_uint_eq(def->id, 300);
	assert_slice(def->tenant, "default");
	assert_slice(def->module, "m");
	assert_slice(def->name, "cpu_usage");
	assert_slice(def->field, "cpuUsage");
	assert_slice(def->unit, "");
	ck_assert(def->in_snapshot && !def->is_status);
	return 0;
}

static int see_metric(void *arg, const struct sl_msg_metric *m)
{
	struct seen *seen = arg;

	ck_assert_uint_eq(m->id, 300u + (unsigned)seen->metrics);
	if (seen->metrics++ == 1) {
		ck_assert(isnan(m->value));
		return 0;
	}
	ck_assert(m->value == 73.4189 && m->ts_us == 5 && m->status == 2 && m->stale);
	return 0;
}

static int see_entry(void *arg, const struct sl_entry *e, struct sl_slice packed)
{
	struct sl_entry again;

	assert_entry(e, (uint64_t)++((struct seen *)arg)->entries);
	ck_assert_int_eq(sl_msg_entry_read(packed.data, packed.len, &again), 0);
	assert_entry(&again, e->seq);
	return 0;
}

static int see_control(void *arg, const struct sl_msg_control *c)
{
	((struct seen *)arg)->controls++;
	ck_assert_uint_eq(c->seq, 9);
	assert_slice(c->kind, "revoke");
	assert_slice(c->body, "{}");
	return 0;
}

START_TEST(a_batch_comes_back_as_it_was_written)
{
	struct sl_msg_batch_sink sink = {
	    see_head, see_def, see_metric, see_entry, see_control};
	struct seen seen = {0};

	make_batch();
	ck_assert_int_eq(sl_msg_batch_read(message.data, message.len, &sink, &seen), 0);
	ck_assert(seen.defs == 1 && seen.metrics == 2);
	ck_assert(seen.entries == 3 && seen.controls == 1);
}
END_TEST

START_TEST(an_empty_batch_is_a_heartbeat)
{
	struct sl_msg_batch_writer w;

	sl_msg_batch_begin(&w, &message, &head);
	sl_msg_batch_end(&w);
	effects = 0;
	ck_assert_int_eq(read_batch(message.data, message.len), 0);
	ck_assert_int_eq(effects, 1);
}
END_TEST

static int see_paged(void *arg, const struct sl_entry *e, struct sl_slice packed)
{
	assert_entry(e, (*(uint64_t *)arg)++);
	return packed.len > 0 ? 0 : SL_EINVAL;
}

START_TEST(pages_requests_replies_and_reports_come_back_as_they_were_written)
{
	struct sl_msg_page_head page;
	struct sl_msg_request request;
	struct sl_msg_reply reply;
	struct sl_msg_report report;
	uint64_t seq = 5;

	make_page();
	ck_assert_int_eq(
	    sl_msg_page_read(message.data, message.len, &page, see_paged, &seq), 0);
	ck_assert_uint_eq(seq, 8);
	ck_assert(page.aggregator == 1 && page.epoch == 2 && page.oldest == 3);
	ck_assert(page.stream == SL_STREAM_HIGH && page.next == 8);
	make_request();
	ck_assert_int_eq(sl_msg_request_read(message.data, message.len, &request), 0);
	ck_assert_int_eq(request.kind, SL_REQ_ACKNOWLEDGE);
	assert_slice(request.id, "id-1");
	assert_slice(request.peer, "gateway-1");
	assert_slice(request.token, "e.y.J");
	assert_slice(request.body, "{\"alertId\":\"x\"}");
	make_reply();
	ck_assert_int_eq(sl_msg_reply_read(message.data, message.len, &reply), 0);
	ck_assert_uint_eq(reply.status, 403);
	ck_assert(reply.next[0] == 1 && reply.next[4] == UINT64_MAX);
	ck_assert_uint_eq(reply.control_next, 6);
	assert_slice(reply.problem, "forbidden");
	assert_slice(reply.body, "body");
	make_report();
	ck_assert_int_eq(sl_msg_report_read(message.data, message.len, &report), 0);
	assert_slice(report.gateway, "gateway-2");
	ck_assert(report.pid == 4242 && report.ready && !report.draining);
	ck_assert(report.connections_ws == 1 && report.connections_sse == 2);
	ck_assert(report.subscriptions == 3 && report.messages == 4);
	ck_assert(report.bytes == 5 && report.requests == 6);
	ck_assert(report.auth_failures == 7 && report.server_errors == 8);
	ck_assert(report.bus_gaps == 9);
	ck_assert(report.rss_bytes == UINT64_MAX);
}
END_TEST

START_TEST(a_message_cut_anywhere_is_malformed_and_has_no_effect)
{
	kinds[_i].make();
	effects = 0;
	for (size_t len = 0; len < message.len; len++)
		ck_assert_int_eq(read_exact(_i, message.data, len), SL_EMALFORMED);
	ck_assert_int_eq(effects, 0);
}
END_TEST

START_TEST(a_trailing_byte_is_refused)
{
	kinds[_i].make();
	ck_assert_int_eq(read_exact(_i, message.data, message.len), 0);
	effects = 0;
	sl_buf_addc(&message, '\0');
	ck_assert_int_eq(read_exact(_i, message.data, message.len), SL_EMALFORMED);
	ck_assert_int_eq(effects, 0);
}
END_TEST

/* Where the version is: behind the head of an array, which is longer from 16 on. */
static size_t version_at(void)
{
	return (unsigned char)message.data[0] == 0xdc ? 3 : 1;
}

START_TEST(another_version_is_refused_as_such)
{
	kinds[_i].make();
	if (!kinds[_i].versioned)
		return;
	message.data[version_at()] = SL_MSG_VERSION + 1;
	ck_assert_int_eq(read_exact(_i, message.data, message.len), SL_EVERSION);
}
END_TEST

START_TEST(another_kind_is_refused)
{
	kinds[_i].make();
	for (int other = 0; other < KINDS; other++)
		if (other != _i)
			ck_assert_int_lt(read_exact(other, message.data, message.len), 0);
}
END_TEST

/* Every byte set to every value: the reader refuses or reads, and stays inside. */
START_TEST(no_changed_byte_leads_the_reader_outside)
{
	kinds[_i].make();
	for (size_t at = 0; at < message.len; at++) {
		char was = message.data[at];

		for (int value = 0; value < 256; value++) {
			message.data[at] = (char)value;
			ck_assert_int_le(read_exact(_i, message.data, message.len), 0);
		}
		message.data[at] = was;
	}
}
END_TEST

/* Counts of 2^32-1 and lengths of 4 GB in place of any five bytes but the last. */
START_TEST(declared_counts_beyond_the_bytes_are_malformed)
{
	static const unsigned char bombs[] = {0xdd, 0xdb, 0xc6, 0xdf, 0xc9};
	char bomb[5] = {0, '\xff', '\xff', '\xff', '\xff'};

	kinds[_i].make();
	for (size_t at = 0; at + 5 < message.len; at++) {
		for (size_t b = 0; b < sizeof(bombs); b++) {
			struct sl_buf hostile = {0};

			bomb[0] = (char)bombs[b];
			sl_buf_add(&hostile, message.data, at);
			sl_buf_add(&hostile, bomb, sizeof(bomb));
			ck_assert_int_eq(
			    read_exact(_i, hostile.data, hostile.len), SL_EMALFORMED);
			sl_buf_clear(&hostile);
		}
	}
}
END_TEST

static int refuse(void *arg, const struct sl_msg_batch_head *h)
{
	(void)arg;
	(void)h;
	return SL_EDENIED;
}

START_TEST(what_a_sink_returns_ends_the_reading)
{
	struct sl_msg_batch_sink sink = {.head = refuse, .entry = count_entry};

	make_batch();
	effects = 0;
	ck_assert_int_eq(
	    sl_msg_batch_read(message.data, message.len, &sink, &effects), SL_EDENIED);
	ck_assert_int_eq(effects, 0);
}
END_TEST

START_TEST(an_entry_over_its_limits_is_too_big)
{
	struct sl_entry entry = entry_of(1);
	struct sl_entry out;
	char *body = calloc(1, SL_ENTRY_MAX);

	memset(body, ' ', SL_ENTRY_MAX);
	entry.body = (struct sl_slice){body, SL_ENTRY_MAX};
	sl_msg_entry_pack(&message, &entry);
	ck_assert_int_eq(sl_msg_entry_read(message.data, message.len, &out), SL_ETOOBIG);
	sl_buf_reset(&message);
	entry.body.len = 2;
	entry.tenant = (struct sl_slice){body, SL_MSG_NAME_MAX + 1};
	sl_msg_entry_pack(&message, &entry);
	ck_assert_int_eq(sl_msg_entry_read(message.data, message.len, &out), SL_ETOOBIG);
	free(body);
}
END_TEST

START_TEST(a_page_with_entries_out_of_order_is_malformed)
{
	struct sl_msg_list_writer w;
	struct sl_msg_page_head page = {1, 2, SL_STREAM_HIGH, 3, 8};
	struct sl_entry entry = entry_of(5);
	struct sl_buf packed = {0};

	sl_msg_entry_pack(&packed, &entry);
	sl_msg_page_begin(&w, &message, &page);
	sl_msg_page_add(&w, packed.data, packed.len);
	sl_msg_page_add(&w, packed.data, packed.len);
	sl_msg_list_end(&w);
	ck_assert_int_eq(read_page(message.data, message.len), SL_EMALFORMED);
	sl_buf_clear(&packed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("msg");
	TCase *tc = tcase_create("msg");

	tcase_add_checked_fixture(tc, NULL, reset);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_batch_comes_back_as_it_was_written);
	tcase_add_test(tc, an_empty_batch_is_a_heartbeat);
	tcase_add_test(
	    tc, pages_requests_replies_and_reports_come_back_as_they_were_written);
	tcase_add_loop_test(
	    tc, a_message_cut_anywhere_is_malformed_and_has_no_effect, 0, KINDS);
	tcase_add_loop_test(tc, a_trailing_byte_is_refused, 0, KINDS);
	tcase_add_loop_test(tc, another_version_is_refused_as_such, 0, KINDS);
	tcase_add_loop_test(tc, another_kind_is_refused, 0, KINDS);
	tcase_add_loop_test(tc, no_changed_byte_leads_the_reader_outside, 0, KINDS);
	tcase_add_loop_test(tc, declared_counts_beyond_the_bytes_are_malformed, 0, KINDS);
	tcase_add_test(tc, what_a_sink_returns_ends_the_reading);
	tcase_add_test(tc, an_entry_over_its_limits_is_too_big);
	tcase_add_test(tc, a_page_with_entries_out_of_order_is_malformed);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
