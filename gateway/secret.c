/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"

struct gw_secret {
	uint8_t key[GW_SECRET_USES][GW_SECRET_KEY];
};

static void derive(struct gw_secret *secret, const uint8_t master[GW_SECRET_KEY])
{
	static const char *const purpose[GW_SECRET_USES] = {
	    [GW_SECRET_RECONNECT] = "sightline reconnect token",
	    [GW_SECRET_TICKET] = "sightline ticket",
	    [GW_SECRET_TLS] = "sightline tls session",
	};

	for (int use = 0; use < GW_SECRET_USES; use++)
		sl_crypto_hmac_sha256(master, GW_SECRET_KEY, purpose[use],
		    strlen(purpose[use]), secret->key[use]);
}

struct gw_secret *gw_secret_new(const char *path)
{
	uint8_t master[GW_SECRET_KEY];
	struct gw_secret *secret = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, master, sizeof master) : -1;

	if (got == (ssize_t)sizeof master) {
		secret = calloc(1, sizeof *secret);
		if (!secret)
			abort();
		derive(secret, master);
	} else {
		sl_log_warn("gateway",
		    "no reconnect tokens: key=\"%s\" cannot be read reason=\"%s\"", path,
		    got < 0 ? strerror(errno) : "it is too short");
	}
	sl_crypto_wipe(master, sizeof master);
	if (fd >= 0)
		close(fd);
	return secret;
}

void gw_secret_free(struct gw_secret *secret)
{
	if (!secret)
		return;
	sl_crypto_wipe(secret, sizeof *secret);
	free(secret);
}

const uint8_t *gw_secret_key(const struct gw_secret *secret, enum gw_secret_use use)
{
	return secret->key[use];
}
