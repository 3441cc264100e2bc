/* SPDX-License-Identifier: Apache-2.0 */
/* Local days: where "today" begins, also when clocks are put forward or back. */
#ifndef SL_ZONE_H
#define SL_ZONE_H

#include <stdint.h>

/*
 * sl_zone_use makes a zone of the tz database ("Europe/Berlin", "UTC") the
 * process's; "" is the machine's (TZ, else /etc/localtime).  Reads its file now,
 * so that nothing has to be opened after confinement.  Returns 0, or SL_EINVAL if
 * there is no such zone.  Before any other thread.
 */
int sl_zone_use(const char *name);

/*
 * sl_zone_day_start returns the first moment of the local day that is days after
 * (or, negative, before) the one of wall_ns.
 */
int64_t sl_zone_day_start(int64_t wall_ns, int days);

/* sl_zone_same_time returns the moment with the same clock time, days later. */
int64_t sl_zone_same_time(int64_t wall_ns, int days);

#endif
