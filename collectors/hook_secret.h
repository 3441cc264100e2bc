/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets that senders may use, read once from a file. */
#ifndef COL_HOOK_SECRET_H
#define COL_HOOK_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "crypto.h"
#include "entry.h"

#define COL_HOOK_SECRETS_MAX      16
#define COL_HOOK_SECRET_BYTES_MIN 16
#define COL_HOOK_SECRET_BYTES_MAX 256

struct col_hook_secret {
	struct sl_slice text;                 /* bearer, basic, X-Hub-Signature-256 */
	uint8_t hash[SL_CRYPTO_SHA256_BYTES]; /* of text */
	/* Key of Standard Webhooks: what "whsec_…" stands for, else the text. */
	uint8_t key[COL_HOOK_SECRET_BYTES_MAX];
	size_t key_bytes;
};

/* All zeroes is an empty set, which nothing matches. */
struct col_hook_secrets {
	struct sl_buf text;
	struct col_hook_secret secret[COL_HOOK_SECRETS_MAX];
	size_t count;
};

#define COL_HOOK_SECRET_ERROR 256

/*
 * col_hook_secret_parse reads a file's text: a secret a line; empty lines and
 * lines that begin with "#" are none.  Pure.  Returns 0, or SL_EINVAL with a
 * line in error: none, too many, too short, a broken whsec_.
 */
int col_hook_secret_parse(struct col_hook_secrets *out, struct sl_slice text,
    char error[COL_HOOK_SECRET_ERROR]);

/*
 * col_hook_secret_load reads a file that only its owner and group may read.
 * Blocks on it.  Errors as above, and SL_ESYS, SL_EDENIED.
 */
int col_hook_secret_load(
    struct col_hook_secrets *out, const char *path, char error[COL_HOOK_SECRET_ERROR]);

/* col_hook_secret_clear wipes and frees all. */
void col_hook_secret_clear(struct col_hook_secrets *secrets);

#endif
