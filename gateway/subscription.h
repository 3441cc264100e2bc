/* SPDX-License-Identifier: Apache-2.0 */
/* A client's subscriptions, and the names that they are made of. */
#ifndef GW_SUBSCRIPTION_H
#define GW_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "pattern.h"

/* Most subscriptions of one client. */
#define GW_SUB_MAX 256

struct gw_sub {
	struct gw_sub *next;
	struct gw_patterns *patterns; /* counted */
	uint32_t id;
	bool preset; /* nobody asked for it: the first that somebody does replaces it */
};

/*
 * gw_sub_add adds a subscription to a client's list (a reference is taken) and
 * returns its number; 0 if there are too many.
 */
uint32_t gw_sub_add(struct gw_client *client, struct gw_patterns *patterns);

/* gw_sub_preset says that those there are now were not asked for. */
void gw_sub_preset(struct gw_client *client);

/* gw_sub_asked removes what was not asked for, because something has been. */
void gw_sub_asked(struct gw_client *client);

/* gw_sub_remove removes a subscription by number; false if there is none. */
bool gw_sub_remove(struct gw_client *client, uint32_t id);

/* gw_sub_remove_patterns takes these patterns out of all subscriptions. */
void gw_sub_remove_patterns(struct gw_client *client, const struct gw_patterns *patterns);

/* gw_sub_all returns the set of all patterns, with a reference; NULL: too many. */
struct gw_patterns *gw_sub_all(const struct gw_client *client);

/* gw_sub_clear removes all. */
void gw_sub_clear(struct gw_client *client);

#endif
