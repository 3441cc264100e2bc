/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold.h"

#include <math.h>
#include <stddef.h>

const char *sl_threshold_fault(
    double warning, double critical, double clear_warning, double clear_critical)
{
	double sign = critical < warning ? -1 : 1;

	if (warning == critical)
		return "warning and critical must differ: they tell which side is worse";
	if ((!isnan(clear_warning) && isnan(warning)) ||
	    (!isnan(clear_critical) && isnan(critical)))
		return "a clear value needs its limit";
	if (sign * clear_warning > sign * warning)
		return "clear_warning must be on the healthy side of warning";
	if (sign * clear_critical > sign * critical)
		return "clear_critical must be on the healthy side of critical";
	/* Without a clear value, a level clears at its limit. */
	if (isnan(clear_warning))
		clear_warning = warning;
	if (isnan(clear_critical))
		clear_critical = critical;
	if (sign * clear_critical < sign * clear_warning)
		return "critical must not clear after warning";
	return NULL;
}
