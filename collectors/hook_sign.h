/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends: signatures over the body, bearer and basic. */
#ifndef COL_HOOK_SIGN_H
#define COL_HOOK_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "hook_secret.h"

/* What a request says of itself; absent fields have no data. */
struct col_hook_claim {
	struct sl_slice body; /* as it came, before anything is parsed */
	struct sl_slice authorization;
	struct sl_slice hub_signature; /* X-Hub-Signature-256 */
	/* Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature */
	struct sl_slice id, timestamp, signature;
	int64_t now_ns; /* wall clock */
	int64_t tolerance_ns;
};

/* X(id, text): what is wrong with a claim. */
#define COL_HOOK_SIGN_TABLE(X)                                                           \
	X(COL_HOOK_SIGN_OK, "")                                                          \
	X(COL_HOOK_SIGN_MISSING, "a secret or a signature is needed")                    \
	X(COL_HOOK_SIGN_MALFORMED, "the signature or its fields cannot be read")         \
	X(COL_HOOK_SIGN_WRONG, "the secret or the signature is wrong")                   \
	X(COL_HOOK_SIGN_OLD, "the signature's time is too long ago")                     \
	X(COL_HOOK_SIGN_AHEAD, "the signature's time is ahead of the clock")

enum col_hook_sign {
#define X(id, text) id,
	COL_HOOK_SIGN_TABLE(X)
#undef X
};

const char *col_hook_sign_text(enum col_hook_sign result);

/* How an accepted request was proven, and by what it is known if it comes again. */
struct col_hook_proof {
	bool is_signed; /* then the same delivery is taken once */
	bool is_timed;  /* and it is refused anyway once it is old */
	uint8_t key[COL_BATCH_KEY];
};

/*
 * col_hook_sign_check judges a claim.  A signature that is there has to be
 * right, whatever else is there.  A signed delivery is known by its signed id
 * (Standard Webhooks) or, as GitHub signs none, by the signature itself: an id
 * beside it could be changed by whoever repeats the delivery.  Comparisons
 * take the same time whatever differs.  Pure.
 */
enum col_hook_sign col_hook_sign_check(const struct col_hook_secrets *secrets,
    const struct col_hook_claim *claim, struct col_hook_proof *proof);

#endif
