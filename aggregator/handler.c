/* SPDX-License-Identifier: Apache-2.0 */
#include "handler.h"

#include <string.h>

#include "alert_json.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "core.h"
#include "status.h"

json_t *agg_handler_body(const struct sl_msg_request *request, struct agg_answer *answer)
{
	struct sl_json_in_error error;
	json_t *body;

	if (request->body.len == 0)
		return json_object();
	body = sl_json_in_parse(request->body.data, request->body.len, &error);
	if (body && json_is_object(body))
		return body;
	if (body)
		agg_answer_problem(
		    answer, 400, "bad-request", "the body is not a JSON object");
	else
		agg_answer_problem(answer, 400, "bad-request", "body, column %d: %s",
		    error.column, error.text);
	json_decref(body);
	return NULL;
}

static bool may_see(void *arg, const char *module_name)
{
	const struct agg_caller *caller = arg;
	const struct sl_catalog_module *module =
	    sl_catalog_module(caller->catalog, module_name, strlen(module_name));

	return module ? (caller->role->modules & module->bit) != 0
		      : caller->role->all_modules;
}

/* The alerts that the caller may see. */
static struct agg_alert_filter filter_of(const struct agg_caller *caller, unsigned states)
{
	return (struct agg_alert_filter){
	    .tenant = caller->claims.tenant,
	    .states = states,
	    .may_see = may_see,
	    .arg = (void *)(uintptr_t)caller,
	};
}

/* ---- state and replay ----------------------------------------------------------------
 */

static int add_control(void *arg, const struct agg_journal_control_entry *entry)
{
	struct sl_msg_control control = {
	    .seq = entry->seq, .kind = entry->kind, .body = entry->body};

	sl_msg_batch_add_control(arg, &control);
	return 0;
}

static void add_entries(void *arg, struct sl_msg_batch_writer *w)
{
	struct agg_core *core = arg;

	agg_judge_pack_active(core->judge, w);
	agg_journal_control_each(core->journal, 0, add_control, w);
}

AGG_HANDLER(agg_handler_state)
{
	(void)caller, (void)request;
	agg_publish_state(core->publish, add_entries, core, &answer->body);
}

struct page {
	struct sl_msg_list_writer w;
	uint64_t to;
};

/* Ends the reading (not 0) behind the last entry that was asked for. */
static int add_page_entry(void *arg, uint64_t seq, const void *packed, size_t len)
{
	struct page *page = arg;

	if (seq > page->to)
		return 1;
	sl_msg_page_add(&page->w, packed, len);
	return 0;
}

AGG_HANDLER(agg_handler_replay)
{
	int64_t stream = -1, from = 0, to = INT64_MAX;
	json_t *body = agg_handler_body(request, answer);

	(void)caller;
	if (!body)
		return;
	sl_json_in_int(body, "stream", &stream);
	sl_json_in_int(body, "from", &from);
	sl_json_in_int(body, "to", &to);
	json_decref(body);
	if (stream < 0 || stream >= SL_STREAM_COUNT || from < 1 || to < from) {
		agg_answer_problem(answer, 400, "bad-request",
		    "a replay needs stream (0 to %d), from (1 or more) and to (not "
		    "before from)",
		    SL_STREAM_COUNT - 1);
		return;
	}
	struct sl_msg_page_head head = {
	    .aggregator = agg_journal_aggregator(core->journal),
	    .epoch = agg_journal_epoch(core->journal),
	    .stream = (enum sl_stream)stream,
	    .oldest = agg_journal_oldest(core->journal, (enum sl_stream)stream),
	    .next = agg_journal_next(core->journal, (enum sl_stream)stream),
	};
	uint64_t begin = (uint64_t)from < head.oldest ? head.oldest : (uint64_t)from;
	struct page page = {.to = (uint64_t)to};
	sl_msg_page_begin(&page.w, &answer->body, &head);
	if (begin < head.next)
		agg_journal_read(core->journal, head.stream, begin,
		    SL_MSG_PAGE_MAX - SL_ENTRY_MAX, add_page_entry, &page, NULL);
	sl_msg_list_end(&page.w);
}

/* ---- alerts --------------------------------------------------------------------------
 */

/* "expiresAt" as ns of the wall clock, 0 if absent; false with a 400 answered. */
static bool read_expiry(const json_t *body, int64_t *until_ns, struct agg_answer *answer)
{
	struct sl_slice text;
	const json_t *value = json_object_get(body, "expiresAt");

	*until_ns = 0;
	if (!value || json_is_null(value))
		return true;
	if (sl_json_in_string(body, "expiresAt", &text) &&
	    sl_clock_parse(text.data, text.len, until_ns) == 0)
		return true;
	agg_answer_problem(
	    answer, 400, "bad-request", "expiresAt is not an RFC 3339 time");
	return false;
}

AGG_HANDLER(agg_handler_acknowledge)
{
	struct agg_alert_filter filter = filter_of(caller, 0);
	struct sl_slice id, note = {.data = NULL};
	const struct agg_alert *alert;
	int64_t until_ns;
	json_t *body = agg_handler_body(request, answer);

	if (!body)
		return;
	const json_t *note_value = json_object_get(body, "note");
	if (!sl_json_in_string(body, "alertId", &id)) {
		agg_answer_problem(answer, 400, "bad-request", "alertId is missing");
	} else if (note_value && !json_is_null(note_value) &&
		   !sl_json_in_string(body, "note", &note)) {
		agg_answer_problem(answer, 400, "bad-request", "note is not a string");
	} else if (read_expiry(body, &until_ns, answer)) {
		int error = agg_alert_acknowledge(agg_judge_alerts(core->judge), &filter,
		    id.data, caller->claims.sub, note.data, until_ns, sl_clock_wall_ns(),
		    &alert);
		if (error == SL_ENOTFOUND)
			agg_answer_problem(
			    answer, 404, "not-found", "no alert \"%.64s\"", id.data);
		else if (error != 0)
			agg_answer_problem(
			    answer, 400, "bad-request", "expiresAt lies in the past");
		else
			agg_alert_json(&answer->body, alert);
	}
	json_decref(body);
	agg_core_pass(core, sl_clock_wall_ns(), sl_clock_mono_ns());
}

/* "state": one of the words or a list of them; 0 with a 400 answered. */
static unsigned read_states(const json_t *body, struct agg_answer *answer)
{
	static const char *const words[] = {"pending", "firing", "resolved"};
	const json_t *list = json_object_get(body, "state");
	unsigned states = 0;

	if (!list)
		return AGG_ALERT_STATE_ACTIVE;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		unsigned found = 0;
		for (unsigned s = 0; word && s < 3; s++)
			if (strcmp(word, words[s]) == 0)
				found = 1u << s;
		if (!found) {
			agg_answer_problem(answer, 400, "bad-request",
			    "state \"%.32s\" is none of pending, firing, resolved",
			    word ? word : "");
			return 0;
		}
		states |= found;
	}
	if (!states)
		agg_answer_problem(answer, 400, "bad-request", "state is an empty list");
	return states;
}

AGG_HANDLER(agg_handler_alerts)
{
	json_t *body = agg_handler_body(request, answer);
	unsigned states = body ? read_states(body, answer) : 0;

	json_decref(body);
	if (!states)
		return;
	struct agg_alert_filter filter = filter_of(caller, states);
	sl_buf_adds(&answer->body, "{\"alerts\":");
	agg_alert_list(agg_judge_alerts(core->judge), &filter, &answer->body);
	sl_buf_addc(&answer->body, '}');
}

/* ---- control -------------------------------------------------------------------------
 */

static void say_running(
    struct agg_core *core, const char *action, struct agg_answer *answer)
{
	char time[SL_CLOCK_TEXT];

	sl_clock_format(sl_clock_wall_ns(), time);
	sl_buf_addf(&answer->body,
	    "{\"action\":\"%s\",\"isRunning\":%s,\"timestamp\":\"%s\"}", action,
	    core->paused ? "false" : "true", time);
}

AGG_HANDLER(agg_handler_force_aggregation)
{
	(void)caller, (void)request;
	agg_core_aggregate(core);
	say_running(core, "force-aggregation", answer);
}

static void pause_or_go(
    struct agg_core *core, bool paused, const char *action, struct agg_answer *answer)
{
	if (agg_core_pause(core, paused) != 0)
		agg_answer_problem(
		    answer, 503, "unavailable", "the journal has no space");
	else
		say_running(core, action, answer);
}

AGG_HANDLER(agg_handler_start)
{
	(void)caller, (void)request;
	pause_or_go(core, false, "start-aggregator", answer);
}

AGG_HANDLER(agg_handler_stop)
{
	(void)caller, (void)request;
	pause_or_go(core, true, "stop-aggregator", answer);
}

/* ---- status --------------------------------------------------------------------------
 */

AGG_HANDLER(agg_handler_status)
{
	(void)caller, (void)request;
	agg_status_json(core, &answer->body);
}

AGG_HANDLER(agg_handler_metrics)
{
	(void)caller, (void)request;
	agg_own_refresh(core);
	sl_stat_render(core->own.stats, &answer->body);
}
