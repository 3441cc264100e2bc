/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "common/catalog.h"
#include "common/error.h"
#include "common/json_in.h"
#include "common/snapshot.h"
#include "out.h"
#include "view.h"

struct firing {
	struct sl_slice body; /* into the answer */
	bool critical;
};

struct state {
	struct ctl_view view;
	struct sl_slice tenant;
	int64_t newest_us;
	struct firing *alert;
	size_t alert_count;
	unsigned warning, critical;
};

static bool same(struct sl_slice a, struct sl_slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* ---- the state's reply ---- */

static int on_def(void *arg, const struct sl_msg_metric_def *def)
{
	return ctl_view_define(&((struct state *)arg)->view, def);
}

static int on_metric(void *arg, const struct sl_msg_metric *metric)
{
	struct state *state = arg;
	const struct ctl_metric *m = ctl_view_update(&state->view, metric);

	if (m && same(m->tenant, state->tenant) && metric->ts_us > state->newest_us)
		state->newest_us = metric->ts_us;
	return 0;
}

static int on_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	struct state *state = arg;
	struct sl_slice text;

	(void)packed;
	if (entry->kind == SL_ENTRY_EVENT || !same(entry->tenant, state->tenant))
		return 0;
	json_t *alert = sl_json_in_parse(entry->body.data, entry->body.len, NULL);
	bool firing = sl_json_in_string(alert, "state", &text) &&
		      same(text, sl_slice_text("firing"));
	bool critical = sl_json_in_string(alert, "severity", &text) &&
			same(text, sl_slice_text("critical"));

	json_decref(alert);
	if (!firing)
		return 0;
	state->alert =
	    realloc(state->alert, (state->alert_count + 1) * sizeof(*state->alert));
	if (!state->alert)
		return SL_ENOMEM;
	state->alert[state->alert_count++] = (struct firing){entry->body, critical};
	state->critical += critical;
	state->warning += !critical;
	return 0;
}

/* ---- output ---- */

static bool shown(const struct state *state, const struct ctl_metric *m,
    const struct sl_catalog_module *module)
{
	return m->known && m->in_snapshot && same(m->tenant, state->tenant) &&
	       same(m->module, sl_slice_text(module->name));
}

static bool has_open_alerts(const struct sl_catalog_module *module)
{
	return strcmp(module->name, "executive_summary") == 0;
}

static void add_section(struct sl_snapshot *w, const struct state *state,
    const struct sl_catalog_module *module)
{
	char field[SL_MSG_NAME_MAX + 1];

	sl_snapshot_section(w, module->key);
	for (size_t i = 0; i < state->view.count; i++) {
		const struct ctl_metric *m = &state->view.metric[i];

		if (!shown(state, m, module))
			continue;
		snprintf(field, sizeof(field), "%.*s", (int)m->field.len, m->field.data);
		sl_snapshot_value(w, field, m->newest.value, m->is_status);
	}
	if (has_open_alerts(module))
		sl_snapshot_open_alerts(w, state->warning, state->critical);
	sl_snapshot_notice(w, module->notice);
	sl_snapshot_stale(w, NULL);
	for (size_t i = 0; i < state->view.count; i++) {
		const struct ctl_metric *m = &state->view.metric[i];

		if (!shown(state, m, module) || !m->newest.stale)
			continue;
		snprintf(field, sizeof(field), "%.*s", (int)m->field.len, m->field.data);
		sl_snapshot_stale(w, field);
	}
}

static void print_json(const struct state *state, const struct sl_catalog *catalog)
{
	struct sl_buf out = {0};
	struct sl_snapshot w;

	sl_snapshot_begin(&w, &out, state->newest_us);
	for (size_t i = 0; i < sl_catalog_module_count(catalog); i++)
		add_section(&w, state, sl_catalog_module_at(catalog, i));
	sl_snapshot_alert(&w, (struct sl_slice){0});
	for (size_t i = 0; i < state->alert_count; i++)
		sl_snapshot_alert(&w, state->alert[i].body);
	sl_snapshot_end(&w);
	puts(sl_buf_text(&out));
	sl_buf_clear(&out);
}

static void add_row(struct ctl_table *table, const struct ctl_metric *m)
{
	struct sl_buf value = {0};
	bool fed = !isnan(m->newest.value);
	const char *status = fed ? ctl_view_status(m->newest.status) : "-";

	if (m->is_status && fed)
		sl_buf_adds(&value, ctl_view_status((uint8_t)m->newest.value));
	else
		ctl_out_value(&value, m->newest.value, m->unit.data, m->unit.len);
	ctl_table_cell(table, CTL_TONE_PLAIN, "%.*s", (int)m->name.len, m->name.data);
	ctl_table_cell(table, CTL_TONE_PLAIN, "%s", sl_buf_text(&value));
	ctl_table_cell(table, ctl_out_tone(status), "%s", status);
	ctl_table_cell(table, CTL_TONE_WARN, "%s", m->newest.stale ? "stale" : "");
	ctl_table_row(table);
	sl_buf_clear(&value);
}

static void print_tables(const struct state *state, const struct sl_catalog *catalog)
{
	for (size_t i = 0; i < sl_catalog_module_count(catalog); i++) {
		const struct sl_catalog_module *module = sl_catalog_module_at(catalog, i);
		struct ctl_table table = {0};

		for (size_t j = 0; j < state->view.count; j++)
			if (shown(state, &state->view.metric[j], module))
				add_row(&table, &state->view.metric[j]);
		if (table.count == 0)
			continue;
		ctl_out_print(CTL_TONE_HEAD, "%s", module->title);
		printf("%s%s\n", module->notice ? ": " : "",
		    module->notice ? module->notice : "");
		ctl_table_print(&table);
	}
	ctl_out_print(CTL_TONE_HEAD, "Alerts");
	printf(": %u critical, %u warning\n", state->critical, state->warning);
}

int ctl_snapshot(struct ctl *ctl)
{
	static const struct sl_msg_batch_sink sink = {
	    .def = on_def, .metric = on_metric, .entry = on_entry};
	const char *tenant = sl_args_get(&ctl->args, "tenant");
	struct state state = {.tenant = sl_slice_text(tenant ? tenant : "default")};
	struct ctl_answer answer;
	int code = ctl_load_catalog(ctl);

	if (code == EX_OK)
		code = ctl_ask(ctl, SL_REQ_STATE, NULL, &answer);
	if (code != EX_OK)
		return code;
	int rc = sl_msg_batch_read(
	    answer.reply.body.data, answer.reply.body.len, &sink, &state);

	if (rc != 0)
		code = ctl_complain(
		    EX_PROTOCOL, "the aggregator's state: %s", sl_strerror(rc));
	else if (ctl->json)
		print_json(&state, ctl->catalog);
	else
		print_tables(&state, ctl->catalog);
	ctl_view_clear(&state.view);
	free(state.alert);
	ctl_answer_clear(&answer);
	return code;
}
