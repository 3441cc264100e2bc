/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "out.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

/* {"state":["pending",…]} from "pending,…" */
static void write_states(struct sl_buf *out, const char *list)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	if (list) {
		sl_json_out_key(&w, "state");
		sl_json_out_array_begin(&w);
		while (*list) {
			size_t n = strcspn(list, ",");

			sl_json_out_string(&w, list, n);
			list += n + (list[n] == ',');
		}
		sl_json_out_array_end(&w);
	}
	sl_json_out_object_end(&w);
}

static void show(const json_t *alerts)
{
	static const char *const titles[] = {
	    "ID", "STATE", "SEVERITY", "ACKNOWLEDGED", "SINCE", "MESSAGE", NULL};
	struct ctl_table table = {0};
	size_t i;
	json_t *alert;

	if (json_array_size(alerts) == 0) {
		ctl_out_print(CTL_TONE_GOOD, "no alerts\n");
		return;
	}
	ctl_table_head(&table, titles);
	json_array_foreach (alerts, i, alert) {
		const char *state = text_of(alert, "state");
		const char *severity = text_of(alert, "severity");
		bool acknowledged = json_is_true(json_object_get(alert, "acknowledged"));

		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(alert, "id"));
		ctl_table_cell(&table, ctl_out_tone(state), "%s", state);
		ctl_table_cell(&table, ctl_out_tone(severity), "%s", severity);
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s",
		    acknowledged ? text_of(alert, "acknowledgedBy") : "no");
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(alert, "startedAt"));
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(alert, "message"));
		ctl_table_row(&table);
	}
	ctl_table_print(&table);
}

int ctl_alerts(struct ctl *ctl)
{
	struct ctl_answer answer;
	struct sl_buf body = {0};

	write_states(&body, sl_args_get(&ctl->args, "state"));
	int code = ctl_ask(ctl, SL_REQ_ALERTS, sl_buf_text(&body), &answer);

	sl_buf_clear(&body);
	if (code != EX_OK)
		return code;
	if (ctl->json) {
		printf("%.*s\n", (int)answer.reply.body.len, answer.reply.body.data);
	} else {
		json_t *reply =
		    sl_json_in_parse(answer.reply.body.data, answer.reply.body.len, NULL);

		show(json_object_get(reply, "alerts"));
		json_decref(reply);
	}
	ctl_answer_clear(&answer);
	return EX_OK;
}

static int acknowledge(struct ctl *ctl, const char *id, const char *note)
{
	struct ctl_answer answer;
	struct sl_buf body = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "alertId");
	sl_json_out_text(&w, id);
	if (note) {
		sl_json_out_key(&w, "note");
		sl_json_out_text(&w, note);
	}
	sl_json_out_object_end(&w);
	int code = ctl_ask(ctl, SL_REQ_ACKNOWLEDGE, sl_buf_text(&body), &answer);

	sl_buf_clear(&body);
	if (code != EX_OK)
		return code;
	if (ctl->json)
		printf("%.*s\n", (int)answer.reply.body.len, answer.reply.body.data);
	else
		printf("acknowledged %s\n", id);
	ctl_answer_clear(&answer);
	return EX_OK;
}

int ctl_ack(struct ctl *ctl)
{
	int first = EX_OK;

	if (ctl->args.operand_count == 0)
		return ctl_complain(EX_USAGE, "ack: which alert? (`sightlinectl alerts` "
					      "lists them with their ids)");
	for (int i = 0; i < ctl->args.operand_count; i++) {
		int code = acknowledge(
		    ctl, ctl->args.operand[i], sl_args_get(&ctl->args, "note"));

		if (first == EX_OK)
			first = code;
	}
	return first;
}
