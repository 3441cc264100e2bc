/* SPDX-License-Identifier: Apache-2.0 */
/* A replication stream: messages behind a byte of length each, one after the other. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgevent.h"
#include "collectors/pgoutput.h"
#include "collectors/pgtable.h"
#include "collectors/pgvisible.h"
#include "common/json_check.h"
#include "common/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sl_config_table config = {.title = "public.items",
    .insert = "items.created",
    .update = "items.updated",
    .delete = "items.deleted",
    .truncate = "items.truncated",
    .watch = "name",
    .watch_event = "items.renamed"};
static struct sl_config_collector section = {.table = &config, .table_count = 1};

static void take(
    struct col_pgtables *tables, struct sl_slice bytes, struct sl_buf *payload)
{
	struct col_pgoutput message;
	const char *type = NULL;

	if (col_pgoutput_read(bytes, &message) != 0)
		return;
	if (message.kind == COL_PGOUTPUT_RELATION)
		col_pgtable_learn(tables, &message.u.relation);
	if (message.kind == COL_PGOUTPUT_TRUNCATE && tables->count > 0)
		type = col_pgevent_truncate(&tables->table[0], &message, payload);
	if ((message.kind == COL_PGOUTPUT_INSERT || message.kind == COL_PGOUTPUT_UPDATE ||
		message.kind == COL_PGOUTPUT_DELETE) &&
	    tables->count > 0)
		type = col_pgevent_change(&tables->table[0], &message, 16, payload);
	if (type != NULL && sl_json_check_object(payload->data, payload->len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct col_pgtables tables = {.section = &section};
	struct col_pgvisible visible = {.xid = {7}, .count = 1};
	struct col_pgoutput_frame frame;
	struct sl_buf payload = {0};

	sl_log_set_level(SL_LOG_ERROR);
	while (size > 0) {
		size_t len = data[0] < size - 1 ? data[0] : size - 1;
		/* A copy of exactly this size, so that a read past its end is seen. */
		char *copy = malloc(len + 1);
		if (copy == NULL)
			abort();
		memcpy(copy, data + 1, len);
		copy[len] = '\0';
		col_pgvisible_check(&visible, copy);
		char *exact = realloc(copy, len > 0 ? len : 1);
		if (exact == NULL)
			abort();
		col_pgoutput_frame_read((struct sl_slice){exact, len}, &frame);
		take(&tables, (struct sl_slice){exact, len}, &payload);
		free(exact);
		data += 1 + len;
		size -= 1 + len;
	}
	sl_buf_clear(&payload);
	col_pgtable_clear(&tables);
	return 0;
}
