/* SPDX-License-Identifier: Apache-2.0 */
#include "pgevent.h"

#include <sightline/collector.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "json_out.h"
#include "utf8.h"

#define MASK        "***"
#define VALUE_MIN   16
#define SAFE_DIGITS 15 /* what every reader of JSON holds exactly */

/* OIDs of types, as in PostgreSQL's pg_type.dat. */
enum type {
	TYPE_BOOL = 16,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_OID = 26,
	TYPE_JSON = 114,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_NUMERIC = 1700,
	TYPE_JSONB = 3802,
};

struct value {
	enum col_pgoutput_value_kind kind;
	struct sl_slice text;
};

struct writer {
	const struct col_pgtable *table;
	struct sl_json_out json;
	size_t value_max;
	bool json_as_text; /* values of JSON nest too deeply for a payload */
	bool json_seen;
	bool key_only;
	bool *cut;
	bool any_cut;
	struct value *old, *new;
};

/* ---- values -------------------------------------------------------------------------
 */

/* NaN and Infinity are no JSON, and of many digits some readers keep only the first. */
static bool is_number(struct sl_slice text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++)
		digits += text.data[i] >= '0' && text.data[i] <= '9';
	return digits <= SAFE_DIGITS && sl_json_check_value(text.data, text.len) == 0 &&
	       strchr("-0123456789", text.data[0]) != NULL;
}

/* The longest beginning of at most max bytes that ends with a whole character. */
static size_t cut_length(struct sl_slice text, size_t max)
{
	size_t len = max;

	while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void write_text(struct writer *w, struct sl_slice text, uint16_t column)
{
	if (text.len > w->value_max) {
		text.len = cut_length(text, w->value_max);
		w->cut[column] = true;
		w->any_cut = true;
	}
	sl_json_out_string(&w->json, text.data, text.len);
}

static void write_value(struct writer *w, struct sl_slice text, uint16_t column)
{
	const struct col_pgtable_column *of = &w->table->column[column];

	if (of->masked) {
		sl_json_out_text(&w->json, MASK);
		return;
	}
	switch (of->type) {
	case TYPE_BOOL:
		sl_json_out_bool(&w->json, text.len > 0 && text.data[0] == 't');
		return;
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
	case TYPE_OID:
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
	case TYPE_NUMERIC:
		if (text.len > 0 && is_number(text))
			sl_json_out_raw(&w->json, text.data, text.len);
		else
			write_text(w, text, column);
		return;
	case TYPE_JSON:
	case TYPE_JSONB:
		if (text.len <= w->value_max && !w->json_as_text &&
		    sl_json_check_value(text.data, text.len) == 0) {
			w->json_seen = true;
			sl_json_out_raw(&w->json, text.data, text.len);
			return;
		}
		write_text(w, text, column);
		return;
	default:
		write_text(w, text, column);
	}
}

static void write_field(
    struct writer *w, const char *prefix, const struct value *value, uint16_t column)
{
	char name[160];

	if (w->table->column[column].field == NULL || value->kind != COL_PGOUTPUT_TEXT)
		return;
	size_t prefix_len = strlen(prefix);
	size_t len = strnlen(w->table->column[column].field, sizeof(name) - 8);
	memcpy(name, prefix, prefix_len);
	memcpy(name + prefix_len, w->table->column[column].field, len);
	sl_json_out_keyn(&w->json, name, prefix_len + len);
	write_value(w, value->text, column);
}

/* ---- rows ---------------------------------------------------------------------------
 */

/* Fewer values than columns: the rest is as if it had not been sent. */
static struct value *unpack(const struct col_pgtable *table, struct col_pgoutput_row row)
{
	struct value *value = calloc(table->columns + 1u, sizeof(*value));

	if (value == NULL)
		abort();
	for (uint16_t i = 0; i < table->columns; i++)
		value[i].kind = i < row.columns ? col_pgoutput_value(&row, &value[i].text)
						: COL_PGOUTPUT_UNCHANGED;
	return value;
}

static bool differs(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return true;
	return a->kind == COL_PGOUTPUT_TEXT &&
	       (a->text.len != b->text.len ||
		   memcmp(a->text.data, b->text.data, a->text.len) != 0);
}

/* The old row says what an unchanged TOAST value is. */
static void complete(
    const struct col_pgtable *table, char old_kind, struct value *old, struct value *new)
{
	for (uint16_t i = 0; i < table->columns && old_kind == 'O'; i++)
		if (new[i].kind == COL_PGOUTPUT_UNCHANGED)
			new[i] = old[i];
}

/* The watched column, if both rows are known and it differs; or -1. */
static int watched_change(const struct writer *w, char old_kind)
{
	for (uint16_t i = 0; i < w->table->columns && old_kind == 'O'; i++)
		if (w->table->column[i].watched && differs(&w->old[i], &w->new[i]))
			return i;
	return -1;
}

static void write_truncated(struct writer *w)
{
	if (!w->any_cut)
		return;
	sl_json_out_key(&w->json, "truncated");
	sl_json_out_array_begin(&w->json);
	for (uint16_t i = 0; i < w->table->columns; i++)
		if (w->cut[i])
			sl_json_out_text(&w->json, w->table->column[i].field);
	sl_json_out_array_end(&w->json);
}

static void write_row(struct writer *w, const struct col_pgoutput *message, int watched)
{
	const struct value *shown =
	    message->kind == COL_PGOUTPUT_DELETE ? w->old : w->new;

	sl_json_out_object_begin(&w->json);
	for (uint16_t i = 0; i < w->table->columns; i++) {
		const struct col_pgtable_column *column = &w->table->column[i];
		if (w->key_only && !column->key)
			continue;
		/* Of an identity that is not full, a delete has the key only. */
		write_field(w, "", &shown[i], i);
		if (message->kind == COL_PGOUTPUT_UPDATE && column->key &&
		    message->u.change.old_kind == 'K')
			write_field(w, "old_", &w->old[i], i);
		if (i == watched) {
			write_field(w, "old_", &w->old[i], i);
			write_field(w, "new_", &w->new[i], i);
		}
	}
	write_truncated(w);
	sl_json_out_object_end(&w->json);
}

/* Writes the row until it fits; false if not even its key does. */
static bool write_fitting(struct writer *w, const struct col_pgoutput *message,
    int watched, struct sl_buf *payload)
{
	for (;;) {
		sl_buf_reset(payload);
		memset(w->cut, 0, w->table->columns);
		w->any_cut = w->json_seen = false;
		sl_json_out_init(&w->json, payload);
		write_row(w, message, watched);
		if (w->json_seen && sl_json_check_object(payload->data, payload->len)) {
			w->json_as_text = true;
			continue;
		}
		if (payload->len <= SIGHTLINE_PAYLOAD_MAX)
			return true;
		if (w->value_max / 2 >= VALUE_MIN)
			w->value_max /= 2;
		else if (!w->key_only)
			w->key_only = true;
		else
			return false;
	}
}

static const char *type_of(
    const struct sl_config_table *config, enum col_pgoutput_kind kind, int watched)
{
	switch (kind) {
	case COL_PGOUTPUT_INSERT:
		return config->insert;
	case COL_PGOUTPUT_DELETE:
		return config->delete;
	default:
		return watched >= 0 ? config->watch_event : config->update;
	}
}

const char *col_pgevent_change(const struct col_pgtable *table,
    const struct col_pgoutput *message, size_t value_max, struct sl_buf *payload)
{
	char old_kind = message->u.change.old_kind;

	if (table->config == NULL)
		return NULL;
	struct writer w = {.table = table,
	    .value_max = value_max,
	    .cut = calloc(table->columns + 1u, sizeof(*w.cut)),
	    .old = unpack(table, message->u.change.old),
	    .new = unpack(table, message->u.change.new)};
	if (w.cut == NULL)
		abort();
	complete(table, old_kind, w.old, w.new);
	int watched =
	    message->kind == COL_PGOUTPUT_UPDATE ? watched_change(&w, old_kind) : -1;
	const char *type = type_of(table->config, message->kind, watched);
	if (type[0] != '\0' && !write_fitting(&w, message, watched, payload))
		type = "";
	free(w.cut);
	free(w.old);
	free(w.new);
	return type[0] != '\0' ? type : NULL;
}

const char *col_pgevent_truncate(const struct col_pgtable *table,
    const struct col_pgoutput *message, struct sl_buf *payload)
{
	struct sl_json_out json;

	if (table->config == NULL || table->config->truncate[0] == '\0')
		return NULL;
	sl_buf_reset(payload);
	sl_json_out_init(&json, payload);
	sl_json_out_object_begin(&json);
	sl_json_out_key(&json, "table");
	sl_json_out_text(&json, table->name);
	sl_json_out_key(&json, "cascade");
	sl_json_out_bool(&json, message->u.truncate.cascade);
	sl_json_out_key(&json, "restart_identity");
	sl_json_out_bool(&json, message->u.truncate.restart_identity);
	sl_json_out_object_end(&json);
	return table->config->truncate;
}
