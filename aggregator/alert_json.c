/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_json.h"

#include "clock.h"
#include "json_out.h"

static void add_text(struct sl_json_out *w, const char *key, const char *text)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, *text ? text : NULL);
}

static void add_time(struct sl_json_out *w, const char *key, int64_t wall_ns)
{
	char text[SL_CLOCK_TEXT];

	sl_json_out_key(w, key);
	if (wall_ns)
		sl_json_out_string(w, text, (size_t)sl_clock_format(wall_ns, text));
	else
		sl_json_out_null(w);
}

static void add_number(struct sl_json_out *w, const char *key, double value)
{
	sl_json_out_key(w, key);
	sl_json_out_double(w, value);
}

void agg_alert_json(struct sl_buf *out, const struct agg_alert *alert)
{
	static const char *const states[] = {
	    [AGG_ALERT_PENDING] = "pending",
	    [AGG_ALERT_FIRING] = "firing",
	    [AGG_ALERT_RESOLVED] = "resolved",
	};
	struct sl_json_out writer, *w = &writer;

	sl_json_out_init(w, out);
	sl_json_out_object_begin(w);
	add_text(w, "id", alert->id);
	add_text(w, "rule", alert->rule);
	add_text(w, "metric", alert->metric);
	add_text(w, "module", alert->module);
	sl_json_out_key(w, "labels");
	sl_json_out_raw(w, alert->labels, sl_slice_text(alert->labels).len);
	add_text(w, "severity", agg_rule_severity_name(alert->severity));
	add_text(w, "state", states[alert->state]);
	add_number(w, "value", alert->value);
	add_number(w, "threshold", alert->threshold);
	add_text(w, "message", alert->message);
	add_time(w, "startedAt", alert->started_ns);
	add_time(w, "firedAt", alert->fired_ns);
	add_time(w, "resolvedAt", alert->resolved_ns);
	sl_json_out_key(w, "acknowledged");
	sl_json_out_bool(w, alert->acknowledged);
	add_text(w, "acknowledgedBy", alert->acknowledged_by);
	add_time(w, "acknowledgedAt", alert->acknowledged_ns);
	add_text(w, "note", alert->note);
	add_time(w, "silencedUntil", alert->silenced_until_ns);
	sl_json_out_object_end(w);
}
