/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of a configuration one by one.  config.c's helper. */
#ifndef SL_CONFIG_WALK_H
#define SL_CONFIG_WALK_H

#include "config.h"

struct sl_conf_entry;

/* Where a section stands: inner is "" in the outermost ones, titles may be "". */
struct sl_config_place {
	enum sl_section section;
	const char *outer;
	const char *outer_title;
	const char *inner;
	const char *inner_title;
	void *base; /* its struct in the configuration */
};

#define SL_CONFIG_PATH_MAX 384

/*
 * sl_config_walk calls fn for every section that the configuration holds, also
 * for the further options of each type of collector, until one returns nonzero,
 * and returns that.
 */
int sl_config_walk(struct sl_config *config,
    int (*fn)(void *arg, const struct sl_config_place *place), void *arg);

/* sl_config_place_path writes the path of an option: "collector.system.enabled". */
void sl_config_place_path(const struct sl_config_place *place, const char *option,
    char out[SL_CONFIG_PATH_MAX]);

/* sl_config_place_entry finds the section in a file; NULL if it isn't there. */
const struct sl_conf_entry *sl_config_place_entry(
    const struct sl_config_place *place, const struct sl_conf_entry *root);

/*
 * sl_config_shape allocates the arrays of titled sections that the file has,
 * with their titles, and the one default key where it has none.
 */
void sl_config_shape(struct sl_config *config, const struct sl_conf_entry *root);

/* sl_config_unshape frees what sl_config_shape allocated. */
void sl_config_unshape(struct sl_config *config);

#endif
