/* SPDX-License-Identifier: Apache-2.0 */
#include "tail_line.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json_out.h"
#include "out.h"

static bool wanted(const struct ctl_tail_filter *filter, struct sl_slice tenant,
    struct sl_slice topic, struct sl_slice module)
{
	if (tenant.len != filter->tenant.len ||
	    memcmp(tenant.data, filter->tenant.data, tenant.len) != 0)
		return false;
	for (size_t i = 0; i < filter->target_count; i++) {
		const struct sl_catalog_target *t = &filter->target[i];

		if (t->module && (strlen(t->module->name) != module.len ||
				     memcmp(t->module->name, module.data, module.len)))
			continue;
		if (sl_pattern_match(t->pattern, t->len, topic.data, topic.len))
			return true;
	}
	return filter->target_count == 0;
}

static void print_time(int64_t ts_us)
{
	char text[SL_CLOCK_TEXT];

	sl_clock_format(ts_us * SL_NS_PER_US, text);
	ctl_out_print(CTL_TONE_DIM, "%s ", text);
}

bool ctl_tail_line_metric(
    const struct ctl_tail_filter *filter, const struct ctl_metric *m)
{
	struct sl_buf out = {0};

	if (!wanted(filter, m->tenant, m->topic, m->module))
		return false;
	if (filter->json) {
		struct sl_json_out w;

		sl_json_out_init(&w, &out);
		sl_json_out_object_begin(&w);
		sl_json_out_key(&w, "type");
		sl_json_out_text(&w, "metric");
		sl_json_out_key(&w, "topic");
		sl_json_out_string(&w, m->topic.data, m->topic.len);
		sl_json_out_key(&w, "ts");
		sl_json_out_int(&w, m->newest.ts_us);
		sl_json_out_key(&w, "value");
		sl_json_out_double(&w, m->newest.value);
		sl_json_out_key(&w, "status");
		sl_json_out_text(&w, ctl_view_status(m->newest.status));
		sl_json_out_key(&w, "stale");
		sl_json_out_bool(&w, m->newest.stale);
		sl_json_out_object_end(&w);
		fputs(sl_buf_text(&out), stdout);
	} else {
		const char *status = ctl_view_status(m->newest.status);

		ctl_out_value(&out, m->newest.value, m->unit.data, m->unit.len);
		print_time(m->newest.ts_us);
		printf("%.*s ", (int)m->topic.len, m->topic.data);
		ctl_out_print(m->newest.status ? ctl_out_tone(status) : CTL_TONE_PLAIN,
		    "%s", sl_buf_text(&out));
		if (m->newest.stale)
			ctl_out_print(CTL_TONE_WARN, " stale");
	}
	sl_buf_clear(&out);
	return true;
}

bool ctl_tail_line_entry(
    const struct ctl_tail_filter *filter, const struct sl_entry *entry)
{
	static const char *const types[] = {"event", "system_alert", "alert_update"};
	struct sl_buf out = {0};

	if (!wanted(filter, entry->tenant, entry->topic, entry->module))
		return false;
	if (filter->json) {
		struct sl_json_out w;

		sl_json_out_init(&w, &out);
		sl_json_out_object_begin(&w);
		sl_json_out_key(&w, "type");
		sl_json_out_text(&w, types[entry->kind]);
		sl_json_out_key(&w, "topic");
		sl_json_out_string(&w, entry->topic.data, entry->topic.len);
		sl_json_out_key(&w, "log");
		sl_json_out_text(&w, sl_stream_name(entry->stream));
		sl_json_out_key(&w, "seq");
		sl_json_out_uint(&w, entry->seq);
		sl_json_out_key(&w, "ts");
		sl_json_out_int(&w, entry->ts_us);
		sl_json_out_key(&w, "data");
		sl_json_out_raw(&w, entry->body.data, entry->body.len);
		sl_json_out_object_end(&w);
		fputs(sl_buf_text(&out), stdout);
	} else {
		const char *log = sl_stream_name(entry->stream);

		print_time(entry->ts_us);
		ctl_out_print(entry->kind == SL_ENTRY_ALERT_FIRED ? CTL_TONE_BAD
								  : ctl_out_tone(log),
		    "%s ", entry->kind == SL_ENTRY_EVENT ? log : types[entry->kind]);
		ctl_out_text(&out, entry->topic.data, entry->topic.len);
		sl_buf_addc(&out, ' ');
		ctl_out_text(&out, entry->body.data, entry->body.len);
		fputs(sl_buf_text(&out), stdout);
	}
	sl_buf_clear(&out);
	return true;
}
