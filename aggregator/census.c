/* SPDX-License-Identifier: Apache-2.0 */
#include "census.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json_out.h"
#include "common/loop.h"
#include "connection.h"
#include "core.h"

/* Under way at once; before the command's own limit for what waits. */
#define OPEN_MAX  32
#define WAIT_MS   450
#define ENTRY_NS  (2 * SL_NS_PER_S)
#define ALIVE_NS  (3 * SL_NS_PER_S)
#define ASKED_MAX 4096u

struct question {
	char id[SL_MSG_REQUEST_ID + 1]; /* "": the place is free */
	int64_t mono_ns;
	size_t expected;
	size_t answered;
	char gateway[AGG_GATEWAYS_MAX][64]; /* expected ones; "" once answered */
	struct sl_buf answers;              /* JSON values with commas between */
};

struct agg_census {
	struct agg_core *core;
	struct event *timer;
	struct question open[OPEN_MAX];
};

static void on_timer(int fd, short what, void *arg);

struct agg_census *agg_census_new(struct agg_core *core)
{
	struct agg_census *census = calloc(1, sizeof *census);

	if (!census)
		abort();
	census->core = core;
	census->timer = evtimer_new(core->process->loop, on_timer, census);
	if (!census->timer)
		abort();
	return census;
}

void agg_census_free(struct agg_census *census)
{
	if (!census)
		return;
	event_free(census->timer);
	for (size_t i = 0; i < OPEN_MAX; i++)
		sl_buf_clear(&census->open[i].answers);
	free(census);
}

static struct question *find(struct agg_census *census, const char *id)
{
	for (size_t i = 0; i < OPEN_MAX; i++) {
		if (strcmp(census->open[i].id, id) == 0)
			return &census->open[i];
	}
	return NULL;
}

/* Answers the request with what has come. */
static void finish(struct agg_census *census, struct question *q)
{
	struct agg_answer answer = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &answer.body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "gateways");
	sl_buf_addc(&q->answers, ']');
	sl_json_out_raw(&w, q->answers.data, q->answers.len);
	sl_json_out_key(&w, "missing");
	sl_json_out_array_begin(&w);
	for (size_t i = 0; i < q->expected; i++) {
		if (q->gateway[i][0])
			sl_json_out_text(&w, q->gateway[i]);
	}
	sl_json_out_array_end(&w);
	sl_json_out_object_end(&w);
	agg_command_done(census->core->command, sl_slice_text(q->id), &answer);
	sl_buf_clear(&answer.body);
	sl_buf_clear(&q->answers);
	q->id[0] = '\0';
}

static void wait_for(struct agg_census *census)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < OPEN_MAX; i++) {
		if (census->open[i].id[0] && census->open[i].mono_ns < oldest)
			oldest = census->open[i].mono_ns;
	}
	if (oldest == INT64_MAX) {
		event_del(census->timer);
		return;
	}
	int64_t ms = WAIT_MS - (sl_clock_mono_ns() - oldest) / SL_NS_PER_MS;
	struct timeval left = sl_loop_ms(ms > 0 ? ms : 0);
	event_add(census->timer, &left);
}

static void on_timer(int fd, short what, void *arg)
{
	struct agg_census *census = arg;
	int64_t before = sl_clock_mono_ns() - WAIT_MS * SL_NS_PER_MS;

	(void)fd, (void)what;
	for (size_t i = 0; i < OPEN_MAX; i++) {
		if (census->open[i].id[0] && census->open[i].mono_ns <= before)
			finish(census, &census->open[i]);
	}
	wait_for(census);
}

/* ---- asking --------------------------------------------------------------------- */

static void expect_all(struct question *q, const struct agg_gateways *gateways)
{
	q->expected = q->answered = 0;
	for (size_t i = 0; i < gateways->count; i++) {
		const struct agg_gateway *row = &gateways->gateway[i];
		if (q->mono_ns - row->seen_mono_ns < ALIVE_NS)
			memcpy(q->gateway[q->expected++], row->name, sizeof row->name);
	}
}

static void write_entry(struct sl_buf *out, const struct agg_caller *caller,
    const struct sl_msg_request *request, struct sl_slice verb, const struct sl_buf *data)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "request");
	sl_json_out_string(&w, request->id.data, request->id.len);
	sl_json_out_key(&w, "do");
	sl_json_out_string(&w, verb.data, verb.len);
	sl_json_out_key(&w, "tenant");
	sl_json_out_text(&w, caller->claims.tenant);
	sl_json_out_key(&w, "sub");
	sl_json_out_text(&w, caller->claims.sub);
	sl_json_out_key(&w, "data");
	if (data->len > 0)
		sl_json_out_raw(&w, data->data, data->len);
	else
		sl_json_out_raw(&w, "{}", 2);
	sl_json_out_object_end(&w);
}

static bool permitted(
    const struct agg_caller *caller, struct sl_slice verb, struct agg_answer *answer)
{
	if (strcmp(verb.data, "test") == 0)
		return true;
	if (strcmp(verb.data, "list") != 0 && strcmp(verb.data, "count") != 0) {
		agg_answer_problem(
		    answer, 400, "bad-request", "do is list, count or test");
		return false;
	}
	if ((caller->role->may & SL_RIGHT_CONNECTIONS) &&
	    strcmp(caller->claims.tenant, "default") == 0)
		return true;
	agg_answer_problem(answer, 403, "forbidden", "role %s may not see connections",
	    caller->role->name);
	return false;
}

static void pass_on(struct agg_core *core, const struct agg_caller *caller,
    const struct sl_msg_request *request, const struct sl_buf *entry,
    struct agg_answer *answer)
{
	struct sl_slice kind = sl_slice_text("census");
	struct sl_slice text = {.data = entry->data, .len = entry->len};
	struct question *q = find(core->census, "");
	uint64_t seq;

	if (!agg_connection_allowed(core, caller, answer))
		return;
	if (!q || agg_journal_control(core->journal, kind, text,
		      sl_clock_wall_ns() + ENTRY_NS, false, &seq) != 0) {
		agg_answer_problem(answer, 503, "unavailable",
		    "too much is asked of all gateways at the moment");
		return;
	}
	memcpy(q->id, request->id.data, request->id.len);
	q->id[request->id.len] = '\0';
	q->mono_ns = sl_clock_mono_ns();
	expect_all(q, &core->gateways);
	sl_buf_reset(&q->answers);
	sl_buf_addc(&q->answers, '[');
	answer->later = true;
	agg_publish_control(core->publish, seq, kind, text);
	agg_publish_pass(core->publish);
	wait_for(core->census);
}

AGG_HANDLER(agg_census_ask)
{
	json_t *body = agg_handler_body(request, answer);
	const json_t *data = json_object_get(body, "data");
	struct sl_buf text = {0}, entry = {0};
	struct sl_slice verb;

	if (!body)
		return;
	if (data)
		sl_json_in_write(data, &text);
	if (!sl_json_in_string(body, "do", &verb) || request->id.len == 0 ||
	    text.len > ASKED_MAX) {
		agg_answer_problem(answer, 400, "bad-request",
		    "do or the request's id is missing, or data is too long");
	} else if (permitted(caller, verb, answer)) {
		char id[SL_MSG_REQUEST_ID + 1] = "";
		memcpy(id, request->id.data, request->id.len);
		/* Sent again on a new connection: it is under way. */
		if (find(core->census, id)) {
			answer->later = true;
		} else {
			write_entry(&entry, caller, request, verb, &text);
			pass_on(core, caller, request, &entry, answer);
		}
	}
	sl_buf_clear(&text);
	sl_buf_clear(&entry);
	json_decref(body);
}

AGG_HANDLER(agg_census_done)
{
	json_t *body = agg_handler_body(request, answer);
	const json_t *result = json_object_get(body, "result");
	struct sl_slice id, gateway;

	(void)caller;
	if (!body)
		return;
	struct question *q = sl_json_in_string(body, "request", &id) && id.len > 0 &&
				     sl_json_in_string(body, "gateway", &gateway) &&
				     result
				 ? find(core->census, id.data)
				 : NULL;
	for (size_t i = 0; q && i < q->expected; i++) {
		if (!q->gateway[i][0] || strcmp(q->gateway[i], gateway.data) != 0)
			continue;
		q->gateway[i][0] = '\0';
		if (q->answered++ > 0)
			sl_buf_addc(&q->answers, ',');
		sl_json_in_write(result, &q->answers);
		if (q->answered == q->expected)
			finish(core->census, q);
		break;
	}
	json_decref(body);
	sl_buf_adds(&answer->body, "{}");
}
