/* SPDX-License-Identifier: Apache-2.0 */
/* Records of alerts: what reads packs again to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "aggregator/alert_json.h"
#include "aggregator/alert_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char again[AGG_ALERT_RECORD_MAX];
	struct agg_alert alert;

	if (agg_alert_record_read(data, size, &alert))
		return 0;
	if (agg_alert_record_pack(&alert, again) != size)
		__builtin_trap();
	struct sl_buf json = {0};
	agg_alert_json(&json, &alert);
	sl_buf_clear(&json);
	return 0;
}
