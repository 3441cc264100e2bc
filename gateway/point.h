/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics as data points, for clients that ask for format=points. */
#ifndef GW_POINT_H
#define GW_POINT_H

#include "sight.h"

/*
 * In the place of the snapshot stands {"timestamp","points":[…],"alerts"?:[…]}, in
 * that of an overlay {"timestamp","points":[…]}: one point for each metric in
 * sight that has a value, and for each change of one:
 * {"id","timestamp","source","category","metric","value","status",
 *  "metadata":{"unit","stale"},"moduleAccess":[module]}.
 * source is the metric's module, category and metric are its name.  The id is
 * made of metric, time and value: the same on every gateway and after a resume.
 */

/* gw_point_snapshot appends the state; gw_mirror_prepare has been called. */
void gw_point_snapshot(const struct gw_sight *sight, struct gw_mirror *mirror,
    struct sl_buf *out, bool alerts);

/* gw_point_tell does what gw_sight_tell does. */
bool gw_point_tell(const struct gw_sight *sight, struct gw_mirror *mirror,
    const struct gw_changes *changes, struct sl_buf *out);

#endif
