/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "event_fields.h"
#include "topic.h"
#include "uuid.h"

/* What the aggregator still takes (DESIGN §5). */
#define FUTURE_NS (5 * SL_NS_PER_S)

/* Names from outside are cut to this in error lines. */
#define SHOWN 80

void col_batch_reset(struct col_batch *batch)
{
	sl_buf_reset(&batch->text);
	batch->event_count = 0;
	batch->sample_count = 0;
	batch->ignored = 0;
	batch->error[0] = '\0';
}

void col_batch_clear(struct col_batch *batch)
{
	sl_buf_clear(&batch->text);
	free(batch->event);
	free(batch->sample);
	*batch = (struct col_batch){0};
}

const char *col_batch_text(const struct col_batch *batch, size_t at)
{
	return batch->text.data + at;
}

int col_batch_refuse(struct col_batch *batch, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(batch->error, sizeof(batch->error), fmt, args);
	va_end(args);
	return code;
}

static int shown(struct sl_slice text)
{
	return (int)(text.len < SHOWN ? text.len : SHOWN);
}

static size_t keep(struct col_batch *batch, struct sl_slice text)
{
	size_t at = batch->text.len;

	sl_buf_add(&batch->text, text.data, text.len);
	sl_buf_addc(&batch->text, '\0');
	return at;
}

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = *cap > 0 ? 2 * *cap : 16;
	items = reallocarray(items, *cap, size);
	if (items == NULL)
		abort();
	return items;
}

uint64_t col_batch_modules(const struct sl_catalog *catalog, const struct sl_names *names)
{
	uint64_t mask = 0;

	if (names->count == 0)
		return sl_catalog_all_modules(catalog);
	for (size_t i = 0; i < names->count; i++) {
		const struct sl_catalog_module *module =
		    sl_catalog_module(catalog, names->name[i], strlen(names->name[i]));
		mask |= module != NULL ? module->bit : 0;
	}
	return mask;
}

/* ---- ids ----------------------------------------------------------------------- */

void col_batch_key(char kind, struct sl_slice source, struct sl_slice id, size_t index,
    uint8_t key[COL_BATCH_KEY])
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];
	struct sl_buf text = {0};

	sl_buf_addc(&text, kind);
	sl_buf_addf(&text, "%zu:%zu:", index, source.len);
	sl_buf_add(&text, source.data, source.len);
	sl_buf_add(&text, id.data, id.len);
	sl_crypto_sha256(text.data, text.len, hash);
	memcpy(key, hash, COL_BATCH_KEY);
	sl_buf_clear(&text);
}

/* A UUID stays itself; any other id becomes one of version 8 (RFC 9562, 5.8). */
static void identify(struct col_batch_event *event, const struct col_batch_rules *rules,
    const struct col_batch_given *given, size_t index)
{
	event->has_key = given->id.len > 0 || rules->delivery.len > 0;
	if (!event->has_key)
		return;
	if (given->id.len > 0)
		col_batch_key('e', given->source, given->id, 0, event->key);
	else
		col_batch_key(
		    'd', (struct sl_slice){NULL, 0}, rules->delivery, index, event->key);
	if (given->source.len == 0 && given->id.len > 0 &&
	    sl_uuid_parse(given->id.data, given->id.len, event->id) == 0)
		return;
	memcpy(event->id, event->key, sizeof(event->id));
	event->id[6] = (uint8_t)((event->id[6] & 0x0f) | 0x80);
	event->id[8] = (uint8_t)((event->id[8] & 0x3f) | 0x80);
}

/* ---- checks --------------------------------------------------------------------- */

static int read_time(struct col_batch *batch, const struct col_batch_rules *rules,
    const char *where, struct sl_slice text, int64_t *time_ns)
{
	*time_ns = rules->now_ns;
	if (text.data == NULL)
		return 0;
	if (sl_clock_parse(text.data, text.len, time_ns) != 0)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: \"%.*s\" is not a time as in RFC 3339", where, shown(text),
		    text.data);
	if (*time_ns > rules->now_ns + FUTURE_NS)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: its time %.*s is more than 5 s ahead", where, shown(text),
		    text.data);
	return 0;
}

static bool is_listed(const struct sl_names *patterns, struct sl_slice type)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (sl_pattern_match(patterns->name[i], strlen(patterns->name[i]),
			type.data, type.len))
			return true;
	return false;
}

static int check_type(struct col_batch *batch, const struct col_batch_rules *rules,
    const struct col_batch_given *given, const struct sl_catalog_event **out)
{
	struct sl_slice name = given->type;

	if (name.len == 0 || name.len > SIGHTLINE_NAME_MAX ||
	    !sl_topic_valid(name.data, name.len))
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: its type \"%.*s\" is not a dotted name", given->where,
		    shown(name), name.len > 0 ? name.data : "");
	if (rules->types != NULL && !is_listed(rules->types, name))
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: events of type %.*s are not taken here", given->where,
		    shown(name), name.data);
	const struct sl_catalog_event *type =
	    sl_catalog_event(rules->catalog, name.data, name.len);
	if (type == NULL)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: the catalog does not declare the type %.*s", given->where,
		    shown(name), name.data);
	if ((type->module->bit & rules->modules) == 0)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: this source may not write the module %s of %.*s", given->where,
		    type->module->name, shown(name), name.data);
	*out = type;
	return 0;
}

static int check_fields(struct col_batch *batch, const char *where,
    const struct sl_catalog_event *type, const struct col_batch_event *event)
{
	char text[SL_EVENT_FIELDS_TEXT];
	const struct sl_catalog_field *field = sl_event_fields_check(
	    type, col_batch_text(batch, event->payload_at), event->payload_bytes);

	if (field == NULL)
		return 0;
	sl_event_fields_say(field, text);
	return col_batch_refuse(batch, SL_EINVAL, "%s: %s: %s", where, type->name, text);
}

/* ---- items ---------------------------------------------------------------------- */

int col_batch_add_event(struct col_batch *batch, const struct col_batch_rules *rules,
    const struct col_batch_given *given)
{
	struct col_batch_event event = {.audience = given->audience};
	const struct sl_catalog_event *type = NULL;

	if (given->payload != NULL && !json_is_object(given->payload))
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: its payload is not an object", given->where);
	int rc = check_type(batch, rules, given, &type);
	if (rc == 0)
		rc = read_time(batch, rules, given->where, given->time, &event.time_ns);
	if (rc != 0)
		return rc;
	if (given->audience != SIGHTLINE_EVERYONE &&
	    (given->audience_name.len == 0 ||
		given->audience_name.len > SIGHTLINE_AUDIENCE_MAX))
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: its audience needs a name of 1 to %u bytes", given->where,
		    SIGHTLINE_AUDIENCE_MAX);
	identify(&event, rules, given, batch->event_count);
	event.type_at = keep(batch, given->type);
	event.audience_at = keep(batch, given->audience_name);
	event.payload_at = batch->text.len;
	if (given->payload != NULL)
		sl_json_in_write(given->payload, &batch->text);
	else
		sl_buf_adds(&batch->text, "{}");
	event.payload_bytes = batch->text.len - event.payload_at;
	if (event.payload_bytes > SIGHTLINE_PAYLOAD_MAX)
		return col_batch_refuse(batch, SL_ETOOBIG,
		    "%s: its payload has %zu bytes, at most %u are allowed", given->where,
		    event.payload_bytes, SIGHTLINE_PAYLOAD_MAX);
	rc = check_fields(batch, given->where, type, &event);
	if (rc != 0)
		return rc;
	batch->event = grow(
	    batch->event, batch->event_count, &batch->event_cap, sizeof(*batch->event));
	batch->event[batch->event_count++] = event;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The text of a label's value; false if it is of no type that has one. */
static bool label_text(const json_t *value, struct sl_buf *out)
{
	if (json_is_string(value))
		sl_buf_add(out, json_string_value(value), json_string_length(value));
	else if (json_is_number(value) || json_is_boolean(value))
		sl_json_in_write(value, out);
	else
		return false;
	return true;
}

static bool is_label_key(const char *key)
{
	size_t len = strlen(key);

	return len > 0 && len <= SIGHTLINE_LABEL_KEY_MAX &&
	       !(*key >= '0' && *key <= '9') &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyz_0123456789") == len;
}

/* Sorted, so that one series is one, however a sender orders its labels. */
static int add_labels(struct col_batch *batch, const struct col_batch_measured *measured,
    struct col_batch_sample *sample)
{
	const char *keys[COL_CORE_LABELS_MAX], *key;
	size_t count = 0;
	json_t *value;

	sample->labels_at = batch->text.len;
	if (measured->labels == NULL)
		return 0;
	if (!json_is_object(measured->labels) ||
	    json_object_size(measured->labels) > COL_CORE_LABELS_MAX)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: its labels are not an object of at most %d members",
		    measured->where, COL_CORE_LABELS_MAX);
	json_object_foreach ((json_t *)measured->labels, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), by_key);
	for (size_t i = 0; i < count; i++) {
		sl_buf_adds(&batch->text, keys[i]);
		sl_buf_addc(&batch->text, '\0');
		size_t at = batch->text.len;
		if (!is_label_key(keys[i]) ||
		    !label_text(
			json_object_get(measured->labels, keys[i]), &batch->text) ||
		    batch->text.len - at > SIGHTLINE_LABEL_VALUE_MAX)
			return col_batch_refuse(batch, SL_EINVAL,
			    "%s: its label \"%.*s\" needs a name of a-z, 0-9, _ and a "
			    "value of at most %u bytes",
			    measured->where, SHOWN, keys[i], SIGHTLINE_LABEL_VALUE_MAX);
		sl_buf_addc(&batch->text, '\0');
	}
	sample->label_count = count;
	return 0;
}

static void add_to_samples(struct col_batch *batch, const struct col_batch_sample *sample)
{
	batch->sample = grow(batch->sample, batch->sample_count, &batch->sample_cap,
	    sizeof(*batch->sample));
	batch->sample[batch->sample_count++] = *sample;
}

int col_batch_add_sample(struct col_batch *batch, const struct col_batch_rules *rules,
    const struct col_batch_measured *measured)
{
	struct col_batch_sample sample = {.value = measured->value};
	struct sl_slice name = measured->metric;
	const struct sl_catalog_metric *metric =
	    sl_catalog_metric(rules->catalog, NULL, name.data, name.len);

	if (rules->types != NULL)
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: samples are not taken here", measured->where);
	if (metric == NULL || metric->expr != NULL)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: the catalog does not declare a metric %.*s that sources feed",
		    measured->where, shown(name), name.data);
	if ((metric->module->bit & rules->modules) == 0)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: this source may not write the module %s of %.*s",
		    measured->where, metric->module->name, shown(name), name.data);
	if (!isfinite(measured->value))
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: its value is not finite", measured->where);
	int rc =
	    read_time(batch, rules, measured->where, measured->time, &sample.time_ns);
	if (rc == 0) {
		sample.metric_at = keep(batch, name);
		rc = add_labels(batch, measured, &sample);
	}
	if (rc != 0)
		return rc;
	add_to_samples(batch, &sample);
	return 0;
}

int col_batch_add_series(struct col_batch *batch, const struct col_batch_rules *rules,
    const char *metric, const struct col_label *label, size_t label_count, double value,
    int64_t time_ns)
{
	struct col_batch_sample sample = {.value = value,
	    .label_count = label_count,
	    .time_ns = time_ns != 0 ? time_ns : rules->now_ns};

	if (!isfinite(value))
		return col_batch_refuse(
		    batch, SL_EINVAL, "the value of %s is not finite", metric);
	if (sample.time_ns > rules->now_ns + FUTURE_NS)
		return col_batch_refuse(
		    batch, SL_EINVAL, "the time of %s is more than 5 s ahead", metric);
	sample.metric_at = keep(batch, sl_slice_text(metric));
	sample.labels_at = batch->text.len;
	for (size_t i = 0; i < label_count; i++) {
		keep(batch, sl_slice_text(label[i].key));
		keep(batch, sl_slice_text(label[i].value));
	}
	add_to_samples(batch, &sample);
	return 0;
}
