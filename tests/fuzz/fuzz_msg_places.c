/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and grants of places from the bus: what is read once must pack and read again.
 */
#include <stdlib.h>

#include "msg.h"

static int on_claim(void *arg, const struct sl_msg_claim *claim)
{
	sl_msg_claims_add(arg, claim);
	return 0;
}

static int on_grant(void *arg, const struct sl_msg_grant *grant)
{
	sl_msg_grants_add(arg, grant);
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_msg_list_writer claims;
	struct sl_msg_list_writer grants;
	struct sl_buf out = {0};
	uint64_t lease;

	if (sl_msg_claims_read(data, size, &lease, NULL, NULL) == 0) {
		sl_msg_claims_begin(&claims, &out, lease);
		sl_msg_claims_read(data, size, &lease, on_claim, &claims);
		sl_msg_list_end(&claims);
		if (sl_msg_claims_read(out.data, out.len, &lease, NULL, NULL) != 0)
			abort();
	}
	if (sl_msg_grants_read(data, size, &lease, NULL, NULL) == 0) {
		sl_msg_grants_begin(&grants, &out, lease);
		sl_msg_grants_read(data, size, &lease, on_grant, &grants);
		sl_msg_list_end(&grants);
		if (sl_msg_grants_read(out.data, out.len, &lease, NULL, NULL) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
