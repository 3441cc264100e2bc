/* SPDX-License-Identifier: Apache-2.0 */
/* The request for places, and what it has to tell all gateways. */
#include "handler_places.h"

#include "common/clock.h"
#include "common/error.h"
#include "common/json_out.h"
#include "common/log.h"
#include "common/uuid.h"
#include "core.h"
#include "handler.h"

/* A gateway that learns it later than this has lost its lease. */
#define CUT_VALID_NS (5 * SL_NS_PER_S)

static void add_member(struct sl_json_out *w, const char *key, const char *text)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

void agg_handler_places_cut(
    void *arg, const char *tenant, const char *sub, const char *id)
{
	struct agg_core *core = arg;
	struct sl_slice kind = {.data = "cut", .len = 3};
	struct sl_buf body = {0};
	char uuid[SL_UUID_TEXT];
	struct sl_json_out w;
	uint64_t seq;

	sl_uuid_format((const uint8_t *)id, uuid);
	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	add_member(&w, "tenant", tenant);
	add_member(&w, "sub", sub);
	add_member(&w, "id", uuid);
	sl_json_out_object_end(&w);
	struct sl_slice text = {.data = body.data, .len = body.len};
	int error = agg_journal_control(
	    core->journal, kind, text, sl_clock_wall_ns() + CUT_VALID_NS, false, &seq);
	if (error == 0) {
		agg_publish_control(core->publish, seq, kind, text);
		agg_publish_pass(core->publish);
	} else {
		sl_log_warn("places", "cut not sent reason=\"%s\"", sl_strerror(error));
	}
	sl_buf_clear(&body);
}

AGG_HANDLER(agg_handler_places)
{
	int error = agg_places_claim(
	    core->places, caller->peer, request->body, sl_clock_mono_ns(), &answer->body);

	if (error != 0)
		agg_answer_problem(
		    answer, 400, "bad-request", "claims: %s", sl_strerror(error));
}
