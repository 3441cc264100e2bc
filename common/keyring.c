/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <stdio.h>
#include <string.h>

#include "error.h"

static int load_one(struct sl_keyring *ring, const struct sl_config_key *section,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	char path[SL_PATHS_MAX];

	if (sl_paths_resolve(paths, section->file, path) != 0) {
		snprintf(
		    error, SL_KEY_ERROR, "key \"%s\": path too long", section->title);
		return SL_ETOOBIG;
	}
	int result = sl_key_set_load(
	    &ring->keys, path, section->kid[0] ? section->kid : NULL, error);
	if (result != 0)
		return result;
	const char *alg = sl_key_alg_name(ring->keys.keys[ring->keys.count - 1].alg);
	if (strcmp(alg, section->alg) != 0) {
		snprintf(error, SL_KEY_ERROR,
		    "%.200s: holds a key for %s, the configuration says %s", path, alg,
		    section->alg);
		return SL_EINVAL;
	}
	return 0;
}

int sl_keyring_load(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	for (size_t i = 0; i < config->auth.key_count; i++) {
		int result = load_one(ring, &config->auth.key[i], paths, error);
		if (result != 0) {
			sl_keyring_clear(ring);
			return result;
		}
	}
	sl_keyring_set_rules(ring, config);
	return 0;
}

void sl_keyring_set_rules(struct sl_keyring *ring, const struct sl_config *config)
{
	ring->rules = (struct sl_jwt_rules){
	    .role_claim = config->auth.role_claim,
	    .issuer = config->auth.issuer[0] ? config->auth.issuer : NULL,
	    .audience = config->auth.audience[0] ? config->auth.audience : NULL,
	    .leeway_s = config->auth.leeway_ms / 1000,
	};
}

void sl_keyring_clear(struct sl_keyring *ring)
{
	sl_key_set_clear(&ring->keys);
	*ring = (struct sl_keyring){0};
}
