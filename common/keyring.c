/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto.h"
#include "error.h"
#include "jwks.h"
#include "log.h"

/* Folders of key files that a confined process goes on reading. */
#define FOLDERS_MAX 8

static int load_set(struct sl_key_set *keys, const char *path, char error[SL_KEY_ERROR])
{
	struct sl_buf data = {0};
	char why[SL_KEY_ERROR];
	size_t had = keys->count, skipped = 0;
	unsigned mode;
	int result = sl_key_file_read(path, SL_JWKS_MAX, &data, &mode, error);

	if (result == 0) {
		result = sl_jwks_parse(
		    keys, data.data ? data.data : "", data.len, &skipped, why);
		if (result != 0)
			sl_key_fail(error, result, "key %.120s: %.180s", path, why);
		else if (skipped > 0)
			sl_log_info("keys", "file=\"%s\" taken=%zu other=%zu", path,
			    keys->count - had, skipped);
	}
	sl_buf_clear(&data);
	return result;
}

static int load_one(struct sl_key_set *keys, const struct sl_config_key *section,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	char path[SL_PATHS_MAX];

	if (sl_paths_resolve(paths, section->file, path) != 0)
		return sl_key_fail(
		    error, SL_ETOOBIG, "key \"%.200s\": path too long", section->title);
	if (strcmp(section->alg, "JWKS") == 0) {
		if (section->kid[0])
			return sl_key_fail(error, SL_EINVAL,
			    "key \"%.200s\": the keys of a set have their own kid",
			    section->title);
		return load_set(keys, path, error);
	}
	int result =
	    sl_key_set_load(keys, path, section->kid[0] ? section->kid : NULL, error);
	if (result != 0)
		return result;
	const char *alg = sl_key_alg_name(keys->keys[keys->count - 1].alg);
	if (strcmp(alg, section->alg) != 0)
		return sl_key_fail(error, SL_EINVAL,
		    "%.200s: holds a key for %s, the configuration says %s", path, alg,
		    section->alg);
	return 0;
}

/* What tells the files' state: a file that is written or replaced has another. */
static uint64_t look(const struct sl_config *config, const struct sl_paths *paths)
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES] = {0};
	uint64_t files;

	for (size_t i = 0; i < config->auth.key_count; i++) {
		struct {
			uint8_t before[SL_CRYPTO_SHA256_BYTES];
			uint64_t device, inode, size;
			int64_t changed_s, changed_ns;
		} seen = {0};
		char path[SL_PATHS_MAX];
		struct stat st;
		memcpy(seen.before, hash, sizeof hash);
		if (sl_paths_resolve(paths, config->auth.key[i].file, path) == 0 &&
		    stat(path, &st) == 0) {
			seen.device = (uint64_t)st.st_dev;
			seen.inode = (uint64_t)st.st_ino;
			seen.size = (uint64_t)st.st_size;
			seen.changed_s = st.st_ctim.tv_sec;
			seen.changed_ns = st.st_ctim.tv_nsec;
		}
		sl_crypto_sha256(&seen, sizeof seen, hash);
	}
	memcpy(&files, hash, sizeof files);
	return files;
}

static void set_rules(struct sl_keyring *ring, const struct sl_config *config)
{
	ring->rules = (struct sl_jwt_rules){
	    .role_claim = config->auth.role_claim,
	    .issuer = config->auth.issuer[0] ? config->auth.issuer : NULL,
	    .audience = config->auth.audience[0] ? config->auth.audience : NULL,
	    .leeway_s = config->auth.leeway_ms / 1000,
	};
}

int sl_keyring_load(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	struct sl_key_set keys = {0};
	int result = 0;

	set_rules(ring, config);
	/* Before they are read: what is written meanwhile is read again. */
	ring->files = look(config, paths);
	for (size_t i = 0; result == 0 && i < config->auth.key_count; i++)
		result = load_one(&keys, &config->auth.key[i], paths, error);
	if (result != 0) {
		sl_key_set_clear(&keys);
		return result;
	}
	sl_key_set_clear(&ring->keys);
	ring->keys = keys;
	return 0;
}

int sl_keyring_follow(struct sl_keyring *ring, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	if (look(config, paths) == ring->files)
		return 0;
	int result = sl_keyring_load(ring, config, paths, error);
	return result == 0 ? 1 : result;
}

bool sl_keyring_has(const struct sl_keyring *ring, int64_t print)
{
	for (size_t i = 0; i < ring->keys.count; i++)
		if (ring->keys.keys[i].print == print)
			return true;
	return false;
}

void sl_keyring_confine(const struct sl_config *config, const struct sl_paths *paths,
    struct sl_confine *confine)
{
	static char folder[FOLDERS_MAX][SL_PATHS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < config->auth.key_count && count < FOLDERS_MAX; i++) {
		char *path = folder[count];
		if (sl_paths_resolve(paths, config->auth.key[i].file, path) != 0)
			continue;
		*strrchr(path, '/') = '\0';
		bool known = path[0] == '\0';
		for (size_t j = 0; j < count; j++)
			known = known || strcmp(folder[j], path) == 0;
		if (!known)
			sl_confine_path(confine, folder[count++], false);
	}
}

void sl_keyring_clear(struct sl_keyring *ring)
{
	sl_key_set_clear(&ring->keys);
	*ring = (struct sl_keyring){0};
}
