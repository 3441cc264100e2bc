/* SPDX-License-Identifier: Apache-2.0 */
/* A client's subscriptions, and the names that they are made of. */
#ifndef GW_SUBSCRIPTION_H
#define GW_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "client.h"
#include "pattern.h"

/* Most subscriptions of one client. */
#define GW_SUB_MAX 256

struct gw_sub {
	struct gw_sub *next;
	uint32_t id;
	struct gw_patterns *patterns; /* counted */
};

/* What a list of names stands for, in the making. */
struct gw_names {
	const struct sl_catalog *catalog;
	uint64_t modules; /* of the asking role */
	size_t count;
	struct sl_catalog_target target[GW_PATTERN_MAX];
	size_t asked_count;
	struct sl_slice asked[GW_PATTERN_MAX]; /* the names themselves */
	char error[192]; /* for the client, when a name was refused */
};

/*
 * gw_names_init begins a list; gw_names_add resolves one name into it (the name
 * must live as long as the list).  Returns 0, SL_ENOTFOUND, SL_EMALFORMED,
 * SL_EDENIED (wholly outside the role) or SL_EFULL, with a line in error.
 */
void gw_names_init(
    struct gw_names *names, const struct sl_catalog *catalog, uint64_t modules);
int gw_names_add(struct gw_names *names, const char *name, size_t len);

/* gw_names_split adds each of a comma-separated list; empty ones are skipped. */
int gw_names_split(struct gw_names *names, const char *list, size_t len);

/* gw_names_within keeps of names only what lies within other, too. */
void gw_names_within(struct gw_names *names, const struct gw_names *other);

/* gw_names_problem returns the stable name of one of the errors: "unknown-topic". */
const char *gw_names_problem(int error);

/*
 * gw_sub_add adds a subscription to a client's list (a reference is taken) and
 * returns its number; 0 if there are too many.
 */
uint32_t gw_sub_add(struct gw_client *client, struct gw_patterns *patterns);

/* gw_sub_remove removes a subscription by number; false if there is none. */
bool gw_sub_remove(struct gw_client *client, uint32_t id);

/* gw_sub_remove_patterns takes these patterns out of all subscriptions. */
void gw_sub_remove_patterns(struct gw_client *client, const struct gw_patterns *patterns);

/* gw_sub_all returns the set of all patterns, with a reference; NULL: too many. */
struct gw_patterns *gw_sub_all(const struct gw_client *client);

/* gw_sub_clear removes all. */
void gw_sub_clear(struct gw_client *client);

#endif
