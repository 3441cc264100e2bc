/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and rules by which an instance judges tokens, from its configuration. */
#ifndef SL_KEYRING_H
#define SL_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "confine.h"
#include "jwt.h"
#include "key.h"
#include "paths.h"

struct sl_keyring {
	struct sl_key_set keys;
	struct sl_jwt_rules rules; /* strings are the configuration's */
	uint64_t files;            /* tells whether the key files are still the same */
};

/*
 * sl_keyring_load reads every key file of config->auth into ring, whose former
 * keys go; all zeroes before the first time, sl_keyring_clear at the end.  config
 * outlives the ring.  On failure the former keys stay, the rules become those of
 * config, error has one line that names the file and what is wrong, and the
 * result is sl_key_load's.  Blocks on files.
 */
int sl_keyring_load(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR]);

/*
 * sl_keyring_follow loads the keys again if a file has changed since, or since
 * the last failure; about once a second.  Returns 1 if there are other keys now,
 * 0 if not, else as sl_keyring_load.
 */
int sl_keyring_follow(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR]);

/* sl_keyring_has says whether a key with this print is in force. */
bool sl_keyring_has(const struct sl_keyring *ring, int64_t print);

/*
 * sl_keyring_confine grants what sl_keyring_follow reads: the files' folders, eight
 * at most.  Once in a process.
 */
void sl_keyring_confine(const struct sl_config *config, const struct sl_paths *paths,
    struct sl_confine *confine);

/* sl_keyring_clear wipes the keys. */
void sl_keyring_clear(struct sl_keyring *ring);

#endif
