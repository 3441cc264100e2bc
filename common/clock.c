/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "error.h"

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

/* Reads exactly n digits; -1 if there are none such. */
static int digits(const char **at, const char *end, int n)
{
	int value = 0;

	for (; n > 0; n--, (*at)++) {
		if (*at >= end || **at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool take(const char **at, const char *end, char c)
{
	if (*at >= end || **at != c)
		return false;
	(*at)++;
	return true;
}

/* Reads ".123" if it is there; false if it is broken. */
static bool fraction(const char **at, const char *end, int64_t *ns)
{
	int64_t unit = SL_NS_PER_S / 10;
	const char *begin;

	*ns = 0;
	if (!take(at, end, '.'))
		return true;
	for (begin = *at; *at < end && **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ns += (**at - '0') * unit;
	return *at > begin && *at - begin <= 9;
}

/* Reads "Z" or "+02:00" in seconds east of UTC; false if it is broken. */
static bool offset(const char **at, const char *end, int64_t *seconds)
{
	int sign, hours, minutes;

	*seconds = 0;
	if (take(at, end, 'Z') || take(at, end, 'z'))
		return true;
	sign = take(at, end, '+') ? 1 : take(at, end, '-') ? -1 : 0;
	hours = digits(at, end, 2);
	if (sign == 0 || hours < 0 || hours > 23 || !take(at, end, ':'))
		return false;
	minutes = digits(at, end, 2);
	if (minutes < 0 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

int sl_clock_parse(const char *text, size_t len, int64_t *wall_ns)
{
	const char *at = text, *end = text + len;
	struct tm tm = {0};
	int64_t ns, east;
	int year = digits(&at, end, 4);
	bool ok = year >= 0 && take(&at, end, '-');

	tm.tm_year = year - 1900;
	ok = ok && (tm.tm_mon = digits(&at, end, 2) - 1) >= 0 && tm.tm_mon < 12;
	ok = ok && take(&at, end, '-');
	ok = ok && (tm.tm_mday = digits(&at, end, 2)) >= 1 && tm.tm_mday <= 31;
	ok = ok && (take(&at, end, 'T') || take(&at, end, 't') || take(&at, end, ' '));
	ok = ok && (tm.tm_hour = digits(&at, end, 2)) >= 0 && tm.tm_hour < 24;
	ok = ok && take(&at, end, ':');
	ok = ok && (tm.tm_min = digits(&at, end, 2)) >= 0 && tm.tm_min < 60;
	ok = ok && take(&at, end, ':');
	ok = ok && (tm.tm_sec = digits(&at, end, 2)) >= 0 && tm.tm_sec <= 60;
	ok = ok && fraction(&at, end, &ns) && offset(&at, end, &east) && at == end;
	if (!ok)
		return SL_EMALFORMED;
	int day = tm.tm_mday;
	int64_t seconds = (int64_t)timegm(&tm) - east;
	if (tm.tm_mday != day && tm.tm_sec < 60)
		return SL_EMALFORMED; /* a day that its month does not have */
	if (seconds < INT64_MIN / SL_NS_PER_S + 1 ||
	    seconds > INT64_MAX / SL_NS_PER_S - 1)
		return SL_EMALFORMED;
	*wall_ns = seconds * SL_NS_PER_S + ns;
	return 0;
}
