/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateways have answered to a census, added up. */
#ifndef GW_CENSUS_SUM_H
#define GW_CENSUS_SUM_H

#include "json_in.h"
#include "json_out.h"

/*
 * gw_census_sum adds up a member of each gateway's answer, or of its object part
 * (may be NULL).
 */
double gw_census_sum(const json_t *gateways, const char *part, const char *key);

/* Each writes one member of an open object. */
void gw_census_put_uint(struct sl_json_out *w, const char *key, uint64_t value);
void gw_census_put_text(struct sl_json_out *w, const char *key, const char *value);
void gw_census_put_tree(struct sl_json_out *w, const char *key, const json_t *tree);
void gw_census_put_now(struct sl_json_out *w); /* "timestamp" */

/* gw_census_put_share writes part / whole, null where there is nothing. */
void gw_census_put_share(
    struct sl_json_out *w, const char *key, double part, double whole);

/* gw_census_put_sum writes the sum of a member of each gateway's answer. */
void gw_census_put_sum(
    struct sl_json_out *w, const char *name, const json_t *gateways, const char *key);

/* gw_census_put_totals writes totalConnections and activeSubscriptions. */
void gw_census_put_totals(struct sl_json_out *w, const json_t *gateways);

/* gw_census_put_transport writes a transport's figures, as an object if it has a name. */
void gw_census_put_transport(
    struct sl_json_out *w, const char *name, const json_t *gateways, const char *part);

/*
 * gw_census_put_latency and _reconnections write one object each.  The average is
 * of all deliveries, the quantiles are those of the slowest gateway.
 */
void gw_census_put_latency(struct sl_json_out *w, const json_t *gateways);
void gw_census_put_reconnections(struct sl_json_out *w, const json_t *gateways);

/* gw_census_put_stats writes all of it. */
void gw_census_put_stats(
    struct sl_json_out *w, const json_t *gateways, const json_t *missing);

#endif
