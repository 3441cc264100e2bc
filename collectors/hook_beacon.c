/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_beacon.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"

#define BURST 4.0

struct place {
	double spent; /* events, less what time has given back */
	int64_t at_ns;
};

struct col_hook_beacon {
	uint8_t salt[16]; /* nobody chooses whose budget to share */
	struct place place[COL_HOOK_BEACON_PLACES];
};

struct col_hook_beacon *col_hook_beacon_new(void)
{
	struct col_hook_beacon *beacon = calloc(1, sizeof(*beacon));

	if (beacon == NULL)
		abort();
	sl_crypto_random(beacon->salt, sizeof(beacon->salt));
	return beacon;
}

void col_hook_beacon_free(struct col_hook_beacon *beacon)
{
	free(beacon);
}

bool col_hook_beacon_allows(const struct sl_names *origins, struct sl_slice origin)
{
	for (size_t i = 0; i < origins->count; i++)
		if (strlen(origins->name[i]) == origin.len && origin.len > 0 &&
		    memcmp(origins->name[i], origin.data, origin.len) == 0)
			return true;
	return false;
}

bool col_hook_beacon_spend(struct col_hook_beacon *beacon, const struct sl_addr *peer,
    size_t events, int64_t rate, int64_t now_ns)
{
	uint8_t text[sizeof(beacon->salt) + sizeof(peer->ip)];
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];

	memcpy(text, beacon->salt, sizeof(beacon->salt));
	memcpy(text + sizeof(beacon->salt), peer->ip, sizeof(peer->ip));
	sl_crypto_sha256(text, sizeof(text), hash);
	struct place *place =
	    &beacon->place[(hash[0] << 8 | hash[1]) % COL_HOOK_BEACON_PLACES];
	double passed_s = (double)(now_ns - place->at_ns) / (double)SL_NS_PER_S;
	double spent = place->spent - passed_s * (double)rate;
	spent = (spent > 0 ? spent : 0) + (double)events;
	if (spent > BURST * (double)rate)
		return false;
	place->spent = spent;
	place->at_ns = now_ns;
	return true;
}
