/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "common/json_in.h"
#include "out.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static int64_t int_of(const json_t *object, const char *key)
{
	int64_t value = 0;

	sl_json_in_int(object, key, &value);
	return value;
}

/* A count; one that should be 0 is shown as a warning. */
static void count_cell(
    struct ctl_table *table, const json_t *row, const char *key, bool bad)
{
	struct sl_buf text = {0};
	int64_t n = int_of(row, key);

	ctl_out_count(&text, n);
	ctl_table_cell(table, bad && n > 0 ? CTL_TONE_WARN : CTL_TONE_PLAIN, "%s",
	    sl_buf_text(&text));
	sl_buf_clear(&text);
}

static void bytes_cell(struct ctl_table *table, const json_t *row, const char *key)
{
	struct sl_buf text = {0};

	ctl_out_bytes(&text, (double)int_of(row, key));
	ctl_table_cell(table, CTL_TONE_PLAIN, "%s", sl_buf_text(&text));
	sl_buf_clear(&text);
}

static void state_cell(struct ctl_table *table, const char *state)
{
	ctl_table_cell(table, ctl_out_tone(state), "%s", state);
}

static void show_summary(const struct ctl *ctl, const json_t *status)
{
	bool running = json_is_true(json_object_get(status, "isRunning"));
	double memory_mb = 0;

	sl_json_in_number(status, "memoryUsageMB", &memory_mb);
	printf("instance    %.*s\n", (int)(strlen(ctl->paths.run) - strlen("/run")),
	    ctl->paths.run);
	printf("aggregator  ");
	ctl_out_print(ctl_out_tone(running ? "running" : "paused"), "%s",
	    running ? "running" : "paused");
	printf(", %.1f MB, epoch %s, %lld series, %lld samples and events\n", memory_mb,
	    text_of(status, "epoch"), (long long)int_of(status, "series"),
	    (long long)int_of(status, "totalDataPoints"));
	int64_t alerts = int_of(status, "alertsActive");

	printf("alerts      ");
	ctl_out_print(
	    alerts ? CTL_TONE_BAD : CTL_TONE_GOOD, "%lld firing", (long long)alerts);
	printf("\n");
}

static void show_sources(const json_t *sources)
{
	static const char *const titles[] = {"SOURCE", "STATE", "TENANT", "SERIES",
	    "RECEIVED", "DROPPED", "REFUSED", "IGNORED", "SHED", "LAST SEEN", NULL};
	struct ctl_table table = {0};
	size_t i;
	json_t *row;

	printf("\nsources\n");
	ctl_table_head(&table, titles);
	json_array_foreach (sources, i, row) {
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(row, "name"));
		state_cell(&table, text_of(row, "state"));
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(row, "tenant"));
		count_cell(&table, row, "series", false);
		count_cell(&table, row, "received", false);
		count_cell(&table, row, "dropped", true);
		count_cell(&table, row, "refused", true);
		count_cell(&table, row, "ignored", false);
		count_cell(&table, row, "shed", true);
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(row, "lastSeen"));
		ctl_table_row(&table);
	}
	ctl_table_print(&table);
}

static void show_gateways(const json_t *gateways)
{
	static const char *const titles[] = {"GATEWAY", "STATE", "PID", "WEBSOCKETS",
	    "SSE", "SUBSCRIPTIONS", "DELIVERED", "REQUESTS", "REFUSED TOKENS", "ERRORS",
	    "GAPS", "MEMORY", NULL};
	struct ctl_table table = {0};
	size_t i;
	json_t *row;

	printf("\ngateways\n");
	ctl_table_head(&table, titles);
	json_array_foreach (gateways, i, row) {
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", text_of(row, "name"));
		state_cell(&table, text_of(row, "state"));
		ctl_table_cell(
		    &table, CTL_TONE_PLAIN, "%lld", (long long)int_of(row, "pid"));
		count_cell(&table, row, "websockets", false);
		count_cell(&table, row, "eventStreams", false);
		count_cell(&table, row, "subscriptions", false);
		count_cell(&table, row, "messages", false);
		count_cell(&table, row, "requests", false);
		count_cell(&table, row, "authFailures", true);
		count_cell(&table, row, "serverErrors", true);
		count_cell(&table, row, "busGaps", false);
		bytes_cell(&table, row, "rssBytes");
		ctl_table_row(&table);
	}
	ctl_table_print(&table);
}

static void show_bus(const json_t *bus)
{
	static const char *const titles[] = {"BATCHES", "BYTES", "ENTRIES", "SUBSCRIBERS",
	    "REQUESTS", "BATCHES DROPPED", "PEERS REFUSED", NULL};
	struct ctl_table table = {0};

	printf("\nbus\n");
	ctl_table_head(&table, titles);
	count_cell(&table, bus, "batches", false);
	bytes_cell(&table, bus, "bytes");
	count_cell(&table, bus, "entries", false);
	count_cell(&table, bus, "subscribers", false);
	count_cell(&table, bus, "requests", false);
	count_cell(&table, bus, "batchesDropped", true);
	count_cell(&table, bus, "peersRefused", true);
	ctl_table_row(&table);
	ctl_table_print(&table);
}

static void show_journal(json_t *journal)
{
	static const char *const titles[] = {"LOG", "OLDEST KEPT", "NEXT", NULL};
	struct ctl_table table = {0};
	const char *state = text_of(journal, "state");
	const char *name;
	json_t *log;

	printf("\njournal     ");
	ctl_out_print(ctl_out_tone(state), "%s", state);
	printf(", %s on disk\n", json_is_true(json_object_get(journal, "durable"))
				     ? "everything"
				     : "not yet everything");
	ctl_table_head(&table, titles);
	json_object_foreach (json_object_get(journal, "logs"), name, log) {
		ctl_table_cell(&table, CTL_TONE_PLAIN, "%s", name);
		count_cell(&table, log, "oldest", false);
		count_cell(&table, log, "next", false);
		ctl_table_row(&table);
	}
	ctl_table_print(&table);
}

int ctl_status(struct ctl *ctl)
{
	struct ctl_answer answer;
	int code = ctl_ask(ctl, SL_REQ_STATUS, NULL, &answer);

	if (code != EX_OK)
		return code;
	struct sl_slice body = answer.reply.body;

	if (ctl->json) {
		printf("%.*s\n", (int)body.len, body.data);
		ctl_answer_clear(&answer);
		return EX_OK;
	}
	json_t *status = sl_json_in_parse(body.data, body.len, NULL);

	ctl_answer_clear(&answer);
	if (!status)
		return ctl_complain(EX_PROTOCOL, "the aggregator's status is not JSON");
	show_summary(ctl, status);
	show_sources(json_object_get(status, "sources"));
	show_gateways(json_object_get(status, "gateways"));
	show_bus(json_object_get(status, "bus"));
	show_journal(json_object_get(status, "journal"));
	json_decref(status);
	return EX_OK;
}
