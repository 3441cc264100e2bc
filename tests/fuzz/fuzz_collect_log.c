/* SPDX-License-Identifier: Apache-2.0 */
/* A log, or a state file: lines through all shipped patterns, records there and back. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/logline.h"
#include "collectors/logrule.h"
#include "collectors/logshipped.h"
#include "collectors/logstate.h"
#include "common/json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX_BYTES 300
#define RULES_MAX      32

static struct col_logrule *rule[RULES_MAX];
static size_t rule_count;

/* Without a catalog: its events and metrics are not what is tested. */
static void make_rules(void)
{
	static const char *const sets[] = {
	    "sshd", "sudo", "nginx_access", "nginx_error", "postgresql"};
	static struct sl_config_log_pattern config[RULES_MAX];
	char error[COL_LOGRULE_ERROR];

	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
		for (size_t i = 0; col_logshipped_at(sets[s], i) != NULL; i++) {
			config[rule_count] = *col_logshipped_at(sets[s], i);
			config[rule_count].event = config[rule_count].count = NULL;
			config[rule_count].per_minute = config[rule_count].share = NULL;
			rule[rule_count] =
			    col_logrule_new(&config[rule_count], NULL, 10000, error);
			if (rule[rule_count++] == NULL)
				abort();
		}
}

static void take_line(struct sl_slice line)
{
	struct sl_buf payload = {0}, label = {0};

	for (size_t i = 0; i < rule_count; i++) {
		if (col_logpattern_match(rule[i]->pattern, line) != COL_LOGPATTERN_MATCH)
			continue;
		sl_buf_reset(&payload);
		col_logrule_payload(rule[i], &payload);
		if (sl_json_check_object(payload.data, payload.len) != 0)
			abort();
		for (size_t l = 0; l < rule[i]->label_count; l++)
			col_logrule_text(col_logrule_label(rule[i], l), 16, &label);
		if (label.len > 0 && memchr(label.data, '\0', label.len) != NULL)
			abort();
	}
	sl_buf_clear(&payload);
	sl_buf_clear(&label);
}

static void take_log(const char *data, size_t len)
{
	struct col_logline line;
	bool skip = false;

	while (col_logline_next(data, len, LINE_MAX_BYTES, skip, &line)) {
		if (line.used == 0 || line.used > len || line.text.len > LINE_MAX_BYTES)
			abort();
		if (!line.skipped)
			take_line(line.text);
		skip = line.skip;
		data += line.used;
		len -= line.used;
	}
}

/* What was read is written as something that reads as the same. */
static void take_state(const char *data, size_t len)
{
	struct sl_buf once = {0}, twice = {0};
	struct col_logstate state;

	if (col_logstate_read(&state, data, len) != 0)
		return;
	col_logstate_write(&state, &once);
	col_logstate_resume(&state, state.next + 1, 7);
	col_logstate_sweep(&state);
	col_logstate_clear(&state);
	if (col_logstate_read(&state, once.data, once.len) != 0)
		abort();
	col_logstate_write(&state, &twice);
	if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
		abort();
	col_logstate_clear(&state);
	sl_buf_clear(&once);
	sl_buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a read past its end is seen. */
	char *copy = malloc(size + 1);

	if (copy == NULL)
		abort();
	if (rule_count == 0)
		make_rules();
	if (size > 0)
		memcpy(copy, data, size);
	take_log(copy, size);
	take_state(copy, size);
	free(copy);
	return 0;
}
