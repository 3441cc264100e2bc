/* SPDX-License-Identifier: Apache-2.0 */
/* Environment variables as a source of options.  config.c's helper. */
#ifndef SL_CONFIG_ENV_H
#define SL_CONFIG_ENV_H

#include "config.h"

struct sl_config_env {
	char name[512];
	const char *text; /* the environment's own */
	const char *bare; /* what a number without a unit counts */
};

/*
 * sl_config_env_find looks for SIGHTLINE_<PATH> and then for the documents'
 * variable of an option; an empty variable counts as not set.
 */
bool sl_config_env_find(
    const struct sl_option *option, const char *path, struct sl_config_env *out);

/* sl_config_env_warn logs variables that look like options but are none. */
void sl_config_env_warn(const struct sl_config *config);

#endif
