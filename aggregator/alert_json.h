/* SPDX-License-Identifier: Apache-2.0 */
/* An alert as clients see it. */
#ifndef AGG_ALERT_JSON_H
#define AGG_ALERT_JSON_H

#include "alert.h"

/*
 * agg_alert_json appends the JSON object of an alert: always all fields, null
 * where not set, times RFC 3339.  The same alert makes the same bytes.
 */
void agg_alert_json(struct sl_buf *out, const struct agg_alert *alert);

#endif
