/* SPDX-License-Identifier: Apache-2.0 */
/* One gateway's part of a census, as JSON. */
#ifndef GW_CENSUS_ROW_H
#define GW_CENSUS_ROW_H

#include "client.h"
#include "gateway.h"
#include "json_out.h"

/* gw_census_transport returns "websocket", "sse" or "poll". */
const char *gw_census_transport(const struct gw_client *client);

/* gw_census_row writes a connection as an object. */
void gw_census_row(struct sl_json_out *w, const struct gateway *gw,
    const struct gw_client *client, int64_t wall_ns);

/*
 * gw_census_count writes the members of an open object: figures of each transport,
 * connections by user, and what this gateway has counted since its start.
 */
void gw_census_count(struct sl_json_out *w, struct gateway *gw);

/* How many users are named, those with most connections first. */
#define GW_CENSUS_USERS 100

#endif
