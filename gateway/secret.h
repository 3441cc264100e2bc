/* SPDX-License-Identifier: Apache-2.0 */
/* What all gateways of an instance know and nobody else: keys/gateway.key. */
#ifndef GW_SECRET_H
#define GW_SECRET_H

#include <stdint.h>

#define GW_SECRET_KEY 32

/* One key for each purpose, so that nothing made for one is good for another. */
enum gw_secret_use {
	GW_SECRET_RECONNECT, /* seals reconnect tokens */
	GW_SECRET_TICKET,    /* signs tickets */
	GW_SECRET_TLS,       /* of TLS sessions */
	GW_SECRET_USES
};

struct gw_secret;

/*
 * gw_secret_new reads the key's file, before confinement: NULL after one log line
 * if it cannot.  The caller frees it.
 */
struct gw_secret *gw_secret_new(const char *path);

/* gw_secret_free wipes it.  Accepts NULL. */
void gw_secret_free(struct gw_secret *secret);

/* gw_secret_key returns the GW_SECRET_KEY bytes for a use; they live as long as it. */
const uint8_t *gw_secret_key(const struct gw_secret *secret, enum gw_secret_use use);

#endif
