/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and rules by which an instance judges tokens, from its configuration. */
#ifndef SL_KEYRING_H
#define SL_KEYRING_H

#include "config.h"
#include "jwt.h"
#include "key.h"
#include "paths.h"

struct sl_keyring {
	struct sl_key_set keys;
	struct sl_jwt_rules rules; /* strings are the configuration's */
};

/*
 * sl_keyring_load reads every key of config->auth.  All zeroes before; end with
 * sl_keyring_clear.  config outlives the ring.  On failure the ring is empty,
 * error has one line that names the file and what is wrong, and the result is
 * sl_key_load's.  Blocks on files.
 */
int sl_keyring_load(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR]);

/*
 * sl_keyring_set_rules takes the rules from config, which then has to outlive
 * the ring, and leaves the keys as they are.
 */
void sl_keyring_set_rules(struct sl_keyring *ring, const struct sl_config *config);

/* sl_keyring_clear wipes the keys. */
void sl_keyring_clear(struct sl_keyring *ring);

#endif
