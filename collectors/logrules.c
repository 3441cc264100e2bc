/* SPDX-License-Identifier: Apache-2.0 */
#include "logrules.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "logshipped.h"

static void *grow(void *array, size_t count)
{
	void *grown = reallocarray(array, count, sizeof(struct col_logrule *));

	if (grown == NULL)
		abort();
	return grown;
}

/* The rule of a pattern, made when it is first used; NULL after a log line. */
static struct col_logrule *use(struct col_logrules *rules,
    const struct sl_config_collector *section,
    const struct sl_config_log_pattern *pattern, const struct sl_catalog *catalog)
{
	char error[COL_LOGRULE_ERROR];

	for (size_t i = 0; i < rules->count; i++)
		if (rules->rule[i]->config == pattern)
			return rules->rule[i];
	struct col_logrule *rule =
	    col_logrule_new(pattern, catalog, (uint32_t)section->logs.match_limit, error);
	if (rule == NULL) {
		sl_log_error("config", "collector \"%s\": pattern \"%s\": %s",
		    section->title, pattern->title, error);
		return NULL;
	}
	rules->rule = grow(rules->rule, rules->count + 1);
	rules->rule[rules->count++] = rule;
	return rule;
}

static const struct sl_config_log_pattern *find(
    const struct sl_config_collector *section, const char *name, size_t i)
{
	for (size_t p = 0; p < section->log_pattern_count; p++)
		if (strcmp(section->log_pattern[p].title, name) == 0)
			return i == 0 ? &section->log_pattern[p] : NULL;
	return col_logshipped_at(name, i);
}

static int load_set(struct col_logrules *rules, const struct sl_config_collector *section,
    const char *title, const struct sl_names *patterns, const struct sl_catalog *catalog)
{
	struct col_logread_set *set = &rules->set[rules->set_count++];

	for (size_t n = 0; n < patterns->count; n++) {
		const char *name = patterns->name[n];
		const struct sl_config_log_pattern *pattern;
		size_t i = 0;

		for (; (pattern = find(section, name, i)) != NULL; i++) {
			struct col_logrule *rule = use(rules, section, pattern, catalog);

			if (rule == NULL)
				return EX_CONFIG;
			set->rule = grow(set->rule, set->count + 1);
			set->rule[set->count++] = rule;
		}
		if (i == 0) {
			sl_log_error("config",
			    "collector \"%s\": \"%s\": there is no pattern \"%s\"",
			    section->title, title, name);
			return EX_CONFIG;
		}
	}
	return EX_OK;
}

int col_logrules_load(struct col_logrules *rules,
    const struct sl_config_collector *section, const struct sl_catalog *catalog)
{
	size_t count = section->log_file_count + section->log_journal_count;
	int code = EX_OK;

	if (count == 0) {
		sl_log_error("config",
		    "collector \"%s\" has no section file and no section journal",
		    section->title);
		return EX_CONFIG;
	}
	rules->set = calloc(count, sizeof(*rules->set));
	if (rules->set == NULL)
		abort();
	for (size_t i = 0; i < section->log_file_count && code == EX_OK; i++) {
		const struct sl_config_log_file *file = &section->log_file[i];

		code = load_set(rules, section, file->title, &file->patterns, catalog);
	}
	for (size_t i = 0; i < section->log_journal_count && code == EX_OK; i++) {
		const struct sl_config_log_journal *journal = &section->log_journal[i];

		code =
		    load_set(rules, section, journal->title, &journal->patterns, catalog);
	}
	return code;
}

void col_logrules_clear(struct col_logrules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		col_logrule_free(rules->rule[i]);
	for (size_t i = 0; i < rules->set_count; i++)
		free(rules->set[i].rule);
	free(rules->rule);
	free(rules->set);
	*rules = (struct col_logrules){0};
}
