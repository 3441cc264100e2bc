/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the limits of a metric and the values where they clear fit together. */
#ifndef SL_THRESHOLD_H
#define SL_THRESHOLD_H

/*
 * sl_threshold_fault says what is wrong with a metric's limits (NaN: not set),
 * as static text, or NULL.  Lower is worse where critical is below warning; a
 * clear value lies on the healthy side of its limit, that of warning not behind
 * that of critical.  Pure.
 */
const char *sl_threshold_fault(
    double warning, double critical, double clear_warning, double clear_critical);

#endif
