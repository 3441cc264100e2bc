/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include <math.h>
#include <string.h>

#include "clock.h"

static const char *const status_words[] = {"healthy", "warning", "critical"};

void sl_snapshot_begin(struct sl_snapshot *w, struct sl_buf *out, int64_t newest_us)
{
	*w = (struct sl_snapshot){0};
	sl_json_out_init(&w->json, out);
	sl_json_out_object_begin(&w->json);
	sl_json_out_key(&w->json, "timestamp");
	if (newest_us > 0) {
		char text[SL_CLOCK_TEXT];
		int len = sl_clock_format(newest_us * SL_NS_PER_US, text);
		sl_json_out_string(&w->json, text, (size_t)len);
	} else {
		sl_json_out_null(&w->json);
	}
}

static void end_section(struct sl_snapshot *w)
{
	if (w->in_stale)
		sl_json_out_array_end(&w->json);
	if (w->in_section)
		sl_json_out_object_end(&w->json);
	w->in_stale = false;
	w->in_section = false;
}

void sl_snapshot_section(struct sl_snapshot *w, const char *key)
{
	end_section(w);
	sl_json_out_key(&w->json, key);
	sl_json_out_object_begin(&w->json);
	w->in_section = true;
}

void sl_snapshot_notice(struct sl_snapshot *w, const char *notice)
{
	if (!notice)
		return;
	sl_json_out_key(&w->json, "notice");
	sl_json_out_text(&w->json, notice);
}

void sl_snapshot_value(
    struct sl_snapshot *w, const char *field, double value, bool is_status)
{
	sl_json_out_key(&w->json, field);
	if (!is_status)
		sl_json_out_double(&w->json, value);
	else if (value >= 0 && value < 3)
		sl_json_out_text(&w->json, status_words[(int)value]);
	else
		sl_json_out_null(&w->json);
}

void sl_snapshot_stale(struct sl_snapshot *w, const char *field)
{
	if (!w->in_stale) {
		sl_json_out_key(&w->json, "stale");
		sl_json_out_array_begin(&w->json);
		w->in_stale = true;
	}
	if (field)
		sl_json_out_text(&w->json, field);
}

void sl_snapshot_open_alerts(struct sl_snapshot *w, uint32_t warning, uint32_t critical)
{
	sl_json_out_key(&w->json, "open_alerts");
	sl_json_out_object_begin(&w->json);
	sl_json_out_key(&w->json, "warning");
	sl_json_out_uint(&w->json, warning);
	sl_json_out_key(&w->json, "critical");
	sl_json_out_uint(&w->json, critical);
	sl_json_out_object_end(&w->json);
}

void sl_snapshot_alert(struct sl_snapshot *w, struct sl_slice body)
{
	end_section(w);
	if (!w->in_alerts) {
		sl_json_out_key(&w->json, "alerts");
		sl_json_out_array_begin(&w->json);
		w->in_alerts = true;
	}
	if (body.len > 0)
		sl_json_out_raw(&w->json, body.data, body.len);
}

void sl_snapshot_end(struct sl_snapshot *w)
{
	end_section(w);
	if (w->in_alerts)
		sl_json_out_array_end(&w->json);
	w->in_alerts = false;
	sl_json_out_object_end(&w->json);
}
