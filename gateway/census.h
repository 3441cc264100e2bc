/* SPDX-License-Identifier: Apache-2.0 */
/* What all gateways together know of their clients: asked and answered. */
#ifndef GW_CENSUS_H
#define GW_CENSUS_H

#include "call.h"
#include "gateway.h"
#include "json_in.h"

/* A function that writes the body of an answer, see gw_census_ask. */
#define GW_CENSUS_SHOW(name)                                                             \
	static void name(struct gw_call *call, struct sl_json_out *w,                    \
	    const json_t *gateways, const json_t *missing, const char *arg)

/*
 * gw_census_ask asks all gateways (verb and data as aggregator/census.h has them;
 * data may be NULL) and answers the call: show gets the array of what each
 * gateway said, the names of those that said nothing in time, and arg, a static
 * string.  A refusal is answered as such.
 */
typedef void gw_census_show(struct gw_call *call, struct sl_json_out *w,
    const json_t *gateways, const json_t *missing, const char *arg);
void gw_census_ask(struct gw_call *call, const char *verb, const struct sl_buf *data,
    gw_census_show *show, const char *arg);

/* gw_census_control takes an entry "census" of the control log; false: not understood. */
bool gw_census_control(struct gateway *gw, struct sl_slice body);

/* gw_census_tell answers an entry: result is a JSON value, "gateway" is added by it. */
void gw_census_tell(struct gateway *gw, const char *request, const struct sl_buf *result);

/* How many connections a gateway lists at most. */
#define GW_CENSUS_ROWS 500

#endif
