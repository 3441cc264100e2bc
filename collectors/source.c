/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "config.h"

const char *col_source_name(const struct sl_process *process)
{
	const char *name = sl_args_get(&process->args, "name");

	return name != NULL ? name : process->spec->scope;
}

const struct sl_config_collector *col_source_section(const struct sl_process *process)
{
	return sl_config_collector_find(process->config, col_source_name(process));
}

const char *col_source_user(const struct sl_process *process)
{
	const struct sl_config_collector *section = col_source_section(process);

	return section != NULL ? section->user : "";
}
