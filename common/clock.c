/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* 0000-01-01 and 9999-12-31T23:59:59 in seconds since 1970. */
#define YEAR_0_S    (-62167219200LL)
#define YEAR_9999_S 253402300799LL

static bool faked;
static int64_t fake_wall_ns, fake_mono_ns;

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SL_NS_PER_S + ts.tv_nsec;
}

int64_t sl_clock_wall_ns(void)
{
	return faked ? fake_wall_ns : read_clock(CLOCK_REALTIME);
}

int64_t sl_clock_mono_ns(void)
{
	return faked ? fake_mono_ns : read_clock(CLOCK_MONOTONIC);
}

void sl_clock_fake(int64_t wall_ns, int64_t mono_ns)
{
	faked = true;
	fake_wall_ns = wall_ns;
	fake_mono_ns = mono_ns;
}

void sl_clock_real(void)
{
	faked = false;
}

int sl_clock_format(int64_t wall_ns, char out[SL_CLOCK_TEXT])
{
	int64_t seconds = wall_ns / SL_NS_PER_S;
	int64_t rest_ns = wall_ns % SL_NS_PER_S;
	struct tm tm;

	if (rest_ns < 0) {
		seconds--;
		rest_ns += SL_NS_PER_S;
	}
	if (seconds < YEAR_0_S)
		seconds = YEAR_0_S;
	if (seconds > YEAR_9999_S)
		seconds = YEAR_9999_S;
	time_t t = (time_t)seconds;
	gmtime_r(&t, &tm);
	return snprintf(out, SL_CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
	    (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
	    (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u,
	    (unsigned)(rest_ns / SL_NS_PER_MS) % 1000u);
}
