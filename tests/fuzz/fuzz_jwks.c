/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a set of keys with sound members, or are refused with a line. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "jwks.h"
#include "jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char token[] = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA";
	struct sl_key_set set = {0};
	struct sl_jwt_claims claims;
	char error[SL_KEY_ERROR] = "";
	size_t skipped;

	if (sl_crypto_init() != 0)
		abort();
	int code = sl_jwks_parse(&set, (const char *)data, size, &skipped, error);
	if (code != 0 && !error[0])
		abort();
	if (code == 0 && set.count == 0)
		abort();
	for (size_t i = 0; i < set.count; i++) {
		const struct sl_key *key = &set.keys[i];
		if (key->can_sign || key->alg == SL_KEY_HS256 || !key->id[0] ||
		    strlen(key->id) > SL_KEY_ID_MAX || key->print < 0)
			abort();
	}
	if (sl_jwt_verify(token, sizeof token - 1, &set, NULL, 0, &claims) == SL_JWT_OK)
		abort();
	sl_key_set_clear(&set);
	return 0;
}
