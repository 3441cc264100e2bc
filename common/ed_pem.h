/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys in PEM, as `openssl genpkey -algorithm ed25519` writes them (RFC 8410). */
#ifndef SL_ED_PEM_H
#define SL_ED_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "crypto.h"

/*
 * Each reads one PEM block that holds exactly such a key; false for anything
 * else.  Pure.
 */
bool sl_ed_pem_read_public(
    const char *data, size_t len, uint8_t key[SL_CRYPTO_ED25519_PUBLIC]);
bool sl_ed_pem_read_private(
    const char *data, size_t len, uint8_t seed[SL_CRYPTO_ED25519_SEED]);

/* Each appends one; wipe the text of a private key. */
void sl_ed_pem_write_public(
    struct sl_buf *out, const uint8_t key[SL_CRYPTO_ED25519_PUBLIC]);
void sl_ed_pem_write_private(
    struct sl_buf *out, const uint8_t seed[SL_CRYPTO_ED25519_SEED]);

#endif
