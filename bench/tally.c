/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

void tally_begin(struct tally *tally)
{
	tally->on = true;
	tally->deliveries = tally->bytes = 0;
	tally->sum_ns = 0;
	memset(tally->fine, 0, sizeof tally->fine);
	memset(tally->coarse, 0, sizeof tally->coarse);
}

void tally_age(struct tally *tally, int64_t age_ns)
{
	uint64_t us = age_ns > 0 ? (uint64_t)(age_ns / SL_NS_PER_US) : 0;
	uint64_t ms = us / 1000;

	if (!tally->on)
		return;
	tally->deliveries++;
	tally->sum_ns += age_ns;
	if (us < TALLY_FINE_US)
		tally->fine[us]++;
	else
		tally->coarse[ms < TALLY_COARSE_MS ? ms : TALLY_COARSE_MS]++;
}

void tally_order(struct tally *tally, int64_t *last, int64_t n)
{
	if (*last >= 0 && n <= *last)
		tally->repeats++;
	else if (*last >= 0)
		tally->holes += (uint64_t)(n - *last - 1);
	if (n > *last)
		*last = n;
}

/* The age in microseconds that the share q of all deliveries does not pass. */
static uint64_t quantile_us(const struct tally *tally, double q)
{
	uint64_t want = (uint64_t)((double)tally->deliveries * q), n = 0;

	for (unsigned us = 0; us < TALLY_FINE_US; us++)
		if ((n += tally->fine[us]) > want)
			return us;
	for (unsigned ms = 0; ms <= TALLY_COARSE_MS; ms++)
		if ((n += tally->coarse[ms]) > want)
			return ms * 1000ull;
	return 0;
}

void tally_print(const struct tally *tally)
{
	static const double shares[] = {0, .01, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9,
	    .95, .98, .99, .995, .999, .9999};
	double count = tally->deliveries ? (double)tally->deliveries : 1.0;

	printf("\"deliveries\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"holes\":%" PRIu64
	       ",\"repeats\":%" PRIu64 ",\"gaps\":%" PRIu64
	       ",\"mean_us\":%.1f,\"distribution\":[",
	    tally->deliveries, tally->bytes, tally->holes, tally->repeats, tally->gaps,
	    (double)tally->sum_ns / count / 1e3);
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		printf("%s[%g,%" PRIu64 "]", i ? "," : "", shares[i],
		    quantile_us(tally, shares[i]));
	printf("]");
}
