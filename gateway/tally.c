/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include "clock.h"

/* A latency in a byte: the power of two, and three bits behind its leading one. */
static uint8_t pack(int64_t us)
{
	if (us < 8)
		return us > 0 ? (uint8_t)us : 0;
	if (us > UINT32_MAX)
		us = UINT32_MAX;
	unsigned power = 31 - (unsigned)__builtin_clz((uint32_t)us);
	return (uint8_t)((power - 2) * 8 + ((us >> (power - 3)) & 7));
}

static uint32_t unpack(uint8_t code)
{
	return code < 8 ? code : (8u + code % 8) << (code / 8 - 1);
}

void gw_tally_sent(struct gw_client *client, uint32_t messages, int64_t latency_us)
{
	client->messages += messages;
	if (latency_us >= 0)
		client->latency = pack(latency_us);
}

void gw_tally_resumed(struct gw_client *client, enum gw_resumed resumed)
{
	struct gw_hub_stats *stats = &client->hub->stats;

	if (client->resumed >= resumed)
		return;
	if (resumed == GW_RESUMED_WHOLE)
		stats->resumes++;
	else if (client->resumed == GW_RESUMED_WHOLE)
		stats->resume_gaps++;
	else
		return;
	client->resumed = (uint8_t)resumed & 3;
}

uint32_t gw_tally_latency_us(const struct gw_client *client)
{
	return unpack(client->latency);
}

int64_t gw_tally_age_ms(const struct gw_client *client, int64_t wall_ns)
{
	int64_t begun = 0;

	for (int i = 0; i < 6; i++)
		begun = begun << 8 | client->id[i];
	int64_t age = wall_ns / SL_NS_PER_MS - begun;
	return age > 0 ? age : 0;
}
