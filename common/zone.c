/* SPDX-License-Identifier: Apache-2.0 */
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"

#define ZONES "/usr/share/zoneinfo/"

/* glibc takes a name that it does not find for UTC, so it is looked for here. */
static int set(const char *name)
{
	char path[256], value[256];

	if (strlen(name) > 128 || strstr(name, "..") || *name == '/')
		return SL_EINVAL;
	snprintf(path, sizeof path, ZONES "%s", name);
	if (strcmp(name, "UTC") != 0 && access(path, R_OK) != 0)
		return SL_EINVAL;
	snprintf(value, sizeof value, strcmp(name, "UTC") ? ":%s" : "%s0", name);
	return setenv("TZ", value, 1) == 0 ? 0 : SL_ESYS;
}

int sl_zone_use(const char *name)
{
	int error = 0;

	if (*name)
		error = set(name);
	else if (!getenv("TZ"))
		setenv("TZ", ":/etc/localtime", 1);
	tzset();
	return error;
}

static struct tm local(int64_t wall_ns)
{
	int64_t s = wall_ns / SL_NS_PER_S;
	time_t seconds = (time_t)(s - (wall_ns % SL_NS_PER_S < 0));
	struct tm tm;

	localtime_r(&seconds, &tm);
	tm.tm_isdst = -1;
	return tm;
}

int64_t sl_zone_day_start(int64_t wall_ns, int days)
{
	struct tm tm = local(wall_ns);

	tm.tm_mday += days;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int64_t)mktime(&tm) * SL_NS_PER_S;
}

int64_t sl_zone_same_time(int64_t wall_ns, int days)
{
	struct tm tm = local(wall_ns);

	tm.tm_mday += days;
	return (int64_t)mktime(&tm) * SL_NS_PER_S;
}
