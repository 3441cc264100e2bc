/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_command.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static void add(char ***list, size_t *count, const char *text)
{
	char **grown = reallocarray(*list, *count + 2, sizeof(*grown));
	char *copy = strdup(text);

	if (grown == NULL || copy == NULL)
		abort();
	grown[(*count)++] = copy;
	grown[*count] = NULL;
	*list = grown;
}

/* Netdata's plug-ins get their time between two updates, in whole seconds. */
static int64_t update_every(const struct sl_config_script *script)
{
	int64_t seconds = (script->interval_ms + 999) / 1000;

	return seconds > 0 ? seconds : 1;
}

/* A later one of the same name counts, so what is added first are defaults. */
static void set(char ***list, size_t *count, const char *text)
{
	size_t name_len = strcspn(text, "=") + 1;

	for (size_t i = 0; i < *count; i++)
		if (strncmp((*list)[i], text, name_len) == 0) {
			char *copy = strdup(text);
			if (copy == NULL)
				abort();
			free((*list)[i]);
			(*list)[i] = copy;
			return;
		}
	add(list, count, text);
}

static void set_f(char ***list, size_t *count, struct sl_buf *text)
{
	set(list, count, sl_buf_text(text));
	sl_buf_reset(text);
}

void col_keeper_command_init(struct col_keeper_command *command,
    const struct sl_config_collector *section, const struct sl_config_script *script)
{
	bool is_netdata = strcmp(script->format, "netdata") == 0;
	size_t argc = 0, envc = 0;
	struct sl_buf text = {0};

	*command = (struct col_keeper_command){0};
	for (size_t i = 0; i < script->command.count; i++)
		add(&command->argv, &argc, script->command.name[i]);
	sl_buf_addf(&text, "%lld", (long long)update_every(script));
	if (is_netdata)
		add(&command->argv, &argc, sl_buf_text(&text));
	sl_buf_reset(&text);
	set(&command->envp, &envc,
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set(&command->envp, &envc, "LANG=C.UTF-8");
	sl_buf_addf(&text, "SIGHTLINE_SOURCE=%s", section->title);
	set_f(&command->envp, &envc, &text);
	sl_buf_addf(&text, "SIGHTLINE_SCRIPT=%s", script->title);
	set_f(&command->envp, &envc, &text);
	sl_buf_addf(&text, "SIGHTLINE_INTERVAL_MS=%lld", (long long)script->interval_ms);
	set_f(&command->envp, &envc, &text);
	if (is_netdata) {
		sl_buf_addf(
		    &text, "NETDATA_UPDATE_EVERY=%lld", (long long)update_every(script));
		set_f(&command->envp, &envc, &text);
	}
	for (size_t i = 0; i < script->environment.count; i++)
		set(&command->envp, &envc, script->environment.name[i]);
	sl_buf_clear(&text);
}

static void free_list(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void col_keeper_command_clear(struct col_keeper_command *command)
{
	free_list(command->argv);
	free_list(command->envp);
	*command = (struct col_keeper_command){0};
}
