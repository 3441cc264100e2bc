/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "error.h"
#include "gateway/message_in.h"
#include "json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_message m;
	int error = gw_message_parse((const char *)data, size, &m);

	if (error) {
		assert(error == SL_EMALFORMED);
		assert(m.code && strlen(m.error) < sizeof m.error);
	} else {
		for (size_t i = 0; i < gw_message_name_count(&m); i++)
			assert(gw_message_name(&m, i).data);
		assert(m.type != GW_MESSAGE_SUBSCRIBE || gw_message_name_count(&m) > 0);
	}
	gw_message_clear(&m);
	return 0;
}
