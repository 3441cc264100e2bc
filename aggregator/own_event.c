/* SPDX-License-Identifier: Apache-2.0 */
#include "own_event.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/error.h"
#include "common/json_out.h"
#include "common/json_walk.h"
#include "common/log.h"
#include "event.h"

#define SOURCE "sightline"

static void tell(struct agg_ingest *ingest, const char *tenant, const char *type,
    const struct sl_buf *payload)
{
	struct sl_ring_event event = {
	    .time_ns = sl_clock_wall_ns(),
	    .type = sl_slice_text(type),
	    .payload = {.data = payload->data, .len = payload->len},
	};
	struct agg_event_origin from = {
	    .catalog = ingest->catalog,
	    .tenant = tenant,
	    .source = SOURCE,
	    .modules = UINT64_MAX,
	    .now_ns = event.time_ns,
	};
	struct agg_event_verdict verdict = agg_event_check(&from, &event);
	struct sl_buf body = {0}, packed = {0};

	if (verdict.refusal != AGG_EVENT_OK) {
		sl_log_warn("event", "not told type=%s reason=\"%s\"", type,
		    agg_event_refusal_text(verdict.refusal));
		return;
	}
	sl_crypto_random(event.id, sizeof event.id);
	enum sl_stream log = verdict.type->priority;
	agg_event_pack(&from, &event, verdict.type,
	    agg_journal_next(ingest->journal, log), &body, &packed);
	int error =
	    agg_journal_append(ingest->journal, log, packed.data, packed.len, NULL);
	if (error == 0)
		ingest->published(ingest->arg, log, packed.data, packed.len);
	else
		sl_log_warn(
		    "event", "not told type=%s reason=\"%s\"", type, sl_strerror(error));
	sl_buf_clear(&body);
	sl_buf_clear(&packed);
}

static void member(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

/* What it was about: the alert, or whose token.  Not the token, nor what was said. */
static struct sl_slice target_of(const struct sl_msg_request *request)
{
	static const char *const keys[] = {"alertId", "sub", "jti"};
	struct sl_json_member member;
	struct sl_json_walk walk;

	sl_json_walk_init(&walk, request->body.data, request->body.len);
	while (sl_json_walk_next(&walk, &member))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (member.type == SL_JSON_STRING &&
			    sl_json_walk_is(&member, keys[i]))
				return member.value;
	return (struct sl_slice){0};
}

void agg_own_event_audit(struct agg_ingest *ingest, const struct agg_caller *caller,
    const struct sl_msg_request *request, const struct agg_answer *answer)
{
	struct sl_slice target = target_of(request);
	struct sl_buf payload = {0};
	struct sl_json_out w;
	bool done = answer->status < 400;

	sl_json_out_init(&w, &payload);
	sl_json_out_object_begin(&w);
	member(&w, "who", caller->claims.sub);
	member(&w, "role", caller->claims.role);
	member(&w, "what", sl_msg_request_name(request->kind));
	if (target.len > 0) {
		sl_json_out_key(&w, "target");
		sl_json_out_string(&w, target.data, target.len);
	}
	sl_json_out_key(&w, "through");
	sl_json_out_string(&w, request->peer.data, request->peer.len);
	member(&w, "result", done ? "done" : answer->problem);
	if (!done)
		member(&w, "reason", answer->detail);
	sl_json_out_object_end(&w);
	tell(ingest, caller->claims.tenant, "audit.recorded", &payload);
	sl_buf_clear(&payload);
}

void agg_own_event_corrupt(
    struct agg_ingest *ingest, const struct agg_source *source, const char *reason)
{
	struct sl_buf payload = {0};
	struct sl_json_out w;
	char message[512];

	snprintf(message, sizeof message,
	    "source %s was cut off: what it wrote breaks the rules of its ring",
	    source->name);
	sl_json_out_init(&w, &payload);
	sl_json_out_object_begin(&w);
	member(&w, "message", message);
	member(&w, "severity", "high");
	sl_json_out_key(&w, "details");
	sl_json_out_object_begin(&w);
	member(&w, "source", source->name);
	member(&w, "reason", reason);
	sl_json_out_object_end(&w);
	sl_json_out_object_end(&w);
	tell(ingest, source->rights.tenant, "security.incident", &payload);
	sl_buf_clear(&payload);
}
