/* SPDX-License-Identifier: Apache-2.0 */
#include "dict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "layout.h"
#include "utf8.h"

static_assert(SL_DICT_DEF_MAX % 8 == 0, "the largest definition needs no padding");

struct lengths {
	uint16_t key;
	uint16_t value;
};

/* ---- what both sides check --------------------------------------------------- */

static bool identifier(struct sl_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool word = (c >= 'a' && c <= 'z') || c == '_';

		if (!word && !(i > 0 && c >= '0' && c <= '9'))
			return false;
	}
	return text.len > 0;
}

/* UTF-8 without control characters. */
static bool clean_text(struct sl_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return sl_utf8_valid(text.data, text.len);
}

/* SL_OK, or SL_EINVAL or SL_ETOOBIG with *what set to what is wrong. */
static int check(const struct sl_dict_def *def, const char **what)
{
#define FAIL(code, text) return *what = (text), (code)
	if (def->name.len > SL_DICT_NAME_MAX || def->unit.len > SL_DICT_UNIT_MAX ||
	    def->label_count > SL_DICT_LABELS_MAX)
		FAIL(SL_ETOOBIG, "name, unit or number of labels over the limit");
	if (!identifier(def->name))
		FAIL(SL_EINVAL, "name is not [a-z_][a-z0-9_]*");
	if (!clean_text(def->unit))
		FAIL(SL_EINVAL, "unit is not clean UTF-8");
	if (def->kind > SL_DICT_TIMER)
		FAIL(SL_EINVAL, "unknown kind");
	for (size_t i = 0; i < def->label_count; i++) {
		const struct sl_dict_label *label = &def->labels[i];

		if (label->key.len > SL_DICT_LABEL_KEY_MAX ||
		    label->value.len > SL_DICT_LABEL_VALUE_MAX)
			FAIL(SL_ETOOBIG, "label over the limit");
		if (!identifier(label->key))
			FAIL(SL_EINVAL, "label key is not [a-z_][a-z0-9_]*");
		if (!clean_text(label->value))
			FAIL(SL_EINVAL, "label value is not clean UTF-8");
		for (size_t j = 0; j < i; j++)
			if (def->labels[j].key.len == label->key.len &&
			    memcmp(def->labels[j].key.data, label->key.data,
				label->key.len) == 0)
				FAIL(SL_EINVAL, "label key is repeated");
	}
#undef FAIL
	return SL_OK;
}

/* ---- writer ----------------------------------------------------------------- */

void sl_dict_writer_init(struct sl_dict_writer *writer, struct sl_segment *segment)
{
	*writer = (struct sl_dict_writer){.segment = segment};
}

static unsigned char *append(unsigned char *at, struct sl_slice text)
{
	if (text.len > 0)
		memcpy(at, text.data, text.len);
	return at + text.len;
}

int sl_dict_add(
    struct sl_dict_writer *writer, const struct sl_dict_def *def, uint32_t *handle)
{
	struct sl_segment *seg = writer->segment;
	struct lengths lengths[SL_DICT_LABELS_MAX];
	const char *what;
	int err = check(def, &what);

	if (err < 0)
		return err;
	size_t bytes = sizeof(struct sl_layout_def) +
		       def->label_count * sizeof(lengths[0]) + def->name.len +
		       def->unit.len;
	for (size_t i = 0; i < def->label_count; i++) {
		lengths[i].key = (uint16_t)def->labels[i].key.len;
		lengths[i].value = (uint16_t)def->labels[i].value.len;
		bytes += def->labels[i].key.len + def->labels[i].value.len;
	}
	if (writer->count == SL_DICT_DEFS_MAX ||
	    SL_LAYOUT_PADDED(bytes) > seg->dict_bytes - writer->used)
		return SL_ETOOBIG;

	unsigned char *at = seg->dict + writer->used;
	*(struct sl_layout_def *)(void *)at = (struct sl_layout_def){
	    .bytes = (uint32_t)bytes,
	    .name_bytes = (uint16_t)def->name.len,
	    .unit_bytes = (uint16_t)def->unit.len,
	    .kind = (uint8_t)def->kind,
	    .label_count = (uint8_t)def->label_count,
	};
	at += sizeof(struct sl_layout_def);
	memcpy(at, lengths, def->label_count * sizeof(lengths[0]));
	at = append(at + def->label_count * sizeof(lengths[0]), def->name);
	at = append(at, def->unit);
	for (size_t i = 0; i < def->label_count; i++) {
		at = append(at, def->labels[i].key);
		at = append(at, def->labels[i].value);
	}
	writer->used += SL_LAYOUT_PADDED(bytes);
	*handle = writer->count++;
	/* Pairs with the acquire in refresh_used.  A sample with this handle
	 * is published later, by the release of head. */
	atomic_store_explicit(
	    &seg->header->dict_used, writer->used, memory_order_release);
	return SL_OK;
}

/* ---- reader ----------------------------------------------------------------- */

void sl_dict_reader_init(struct sl_dict_reader *reader, const struct sl_segment *segment)
{
	memset(reader, 0, offsetof(struct sl_dict_reader, copy));
	reader->segment = segment;
}

__attribute__((format(printf, 2, 3))) static int corrupt(
    struct sl_dict_reader *reader, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reader->reason, sizeof(reader->reason), fmt, ap);
	va_end(ap);
	reader->corrupt = true;
	return SL_ECORRUPT;
}

static int refresh_used(struct sl_dict_reader *reader)
{
	/* Pairs with the release in sl_dict_add. */
	uint64_t used = atomic_load_explicit(
	    &reader->segment->header->dict_used, memory_order_acquire);

	if (used < reader->used || used > reader->segment->dict_bytes || used % 8 != 0)
		return corrupt(reader, "dictionary: %llu bytes used, after %zu, of %zu",
		    (unsigned long long)used, reader->used, reader->segment->dict_bytes);
	reader->used = used;
	return SL_OK;
}

/* Cuts len bytes off the front of *rest; an empty slice if there are fewer. */
static bool cut(struct sl_slice *rest, size_t len, struct sl_slice *out)
{
	if (len > rest->len)
		return false;
	*out = (struct sl_slice){rest->data, len};
	rest->data += len;
	rest->len -= len;
	return true;
}

/* Takes a private copy of bytes bytes apart; they must end where it ends. */
static bool dissect(const unsigned char *copy, size_t bytes, struct sl_dict_def *def)
{
	struct sl_layout_def head;
	struct lengths lengths[SL_DICT_LABELS_MAX];
	struct sl_slice rest = {(const char *)copy + sizeof(head), bytes - sizeof(head)};
	struct sl_slice table;

	memcpy(&head, copy, sizeof(head));
	if (head.label_count > SL_DICT_LABELS_MAX ||
	    !cut(&rest, head.label_count * sizeof(lengths[0]), &table))
		return false;
	memcpy(lengths, table.data, table.len);
	def->kind = head.kind;
	def->label_count = head.label_count;
	if (!cut(&rest, head.name_bytes, &def->name) ||
	    !cut(&rest, head.unit_bytes, &def->unit))
		return false;
	for (size_t i = 0; i < head.label_count; i++)
		if (!cut(&rest, lengths[i].key, &def->labels[i].key) ||
		    !cut(&rest, lengths[i].value, &def->labels[i].value))
			return false;
	return rest.len == 0;
}

int sl_dict_read(struct sl_dict_reader *reader, struct sl_dict_def *def)
{
	uint32_t bytes;
	const char *what = "parts do not add up to its length";

	if (reader->corrupt ||
	    (reader->offset == reader->used && refresh_used(reader) < 0))
		return SL_ECORRUPT;
	size_t left = reader->used - reader->offset; /* a multiple of 8 */
	if (left == 0)
		return SL_EAGAIN;
	if (reader->next == SL_DICT_DEFS_MAX)
		return corrupt(
		    reader, "dictionary: more than %u definitions", SL_DICT_DEFS_MAX);

	/* Copied before it is looked at; the fence keeps the compiler from
	 * looking at the shared bytes again. */
	const unsigned char *from = reader->segment->dict + reader->offset;
	memcpy(&bytes, from, sizeof(bytes));
	atomic_signal_fence(memory_order_seq_cst);
	if (bytes < sizeof(struct sl_layout_def) ||
	    SL_LAYOUT_PADDED((uint64_t)bytes) > left)
		return corrupt(reader,
		    "dictionary: definition %u of %u bytes where %zu are written",
		    reader->next, bytes, left);
	def->handle = reader->next++;
	reader->offset += SL_LAYOUT_PADDED(bytes);
	if (bytes <= SL_DICT_DEF_MAX) {
		memcpy(reader->copy, from, bytes);
		atomic_signal_fence(memory_order_seq_cst);
		if (dissect(reader->copy, bytes, def) && check(def, &what) == SL_OK)
			return SL_OK;
	}
	reader->refused++;
	snprintf(reader->reason, sizeof(reader->reason), "definition %u (%u bytes): %s",
	    def->handle, bytes, what);
	return SL_EINVAL;
}
