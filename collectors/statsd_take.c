/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_take.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "log.h"
#include "scan.h"
#include "statsd_cache.h"
#include "statsd_notice.h"
#include "statsd_parse.h"
#include "statsd_series.h"

/* What is refused is said at most this often. */
#define REPORT_NS (10 * SL_NS_PER_S)

/* Of a name or line that was refused, for the log. */
#define SHOWN_MAX 80

/* Slots of the cache for each series that there may be, and at least. */
#define SLOTS_PER_SERIES 4
#define SLOTS_MIN        4096

/* What the cache knows of a name that gives nothing: counted as the member says. */
enum refusal {
	REFUSED_UNKNOWN = -1,
	REFUSED_DENIED = -2,
	REFUSED_LEFT_OUT = -3,
	REFUSED_MALFORMED = -4,
	REFUSED_OVERFLOW = -5,
};

struct col_statsd_take {
	struct col_core *core;
	const struct sl_config_collector *section;
	struct col_mapping *mapping;
	struct col_mapped mapped; /* of the line at hand */
	struct col_statsd_cache *cache;
	struct col_statsd_series *series;
	struct col_statsd_figures *figures;
	struct sl_buf payload;
	/* The first that was refused since the last report. */
	char shown[SHOWN_MAX];
	const char *reason; /* NULL: none */
	int64_t report_due_ns;
	struct col_statsd_figures reported;
};

struct col_statsd_take *col_statsd_take_new(struct col_core *core,
    const struct sl_config_collector *section, const struct sl_catalog *catalog,
    struct col_statsd_figures *figures)
{
	struct col_statsd_take *take = calloc(1, sizeof(*take));

	if (take == NULL)
		abort();
	size_t slots = (size_t)section->statsd.series_max * SLOTS_PER_SERIES;
	take->core = core;
	take->section = section;
	take->figures = figures;
	take->mapping = col_mapping_new(section, catalog, section->statsd.prefix);
	take->cache = col_statsd_cache_new(slots > SLOTS_MIN ? slots : SLOTS_MIN);
	take->series = col_statsd_series_new(core, section->statsd.timer);
	return take;
}

void col_statsd_take_free(struct col_statsd_take *take)
{
	if (take == NULL)
		return;
	col_mapping_free(take->mapping);
	col_mapped_clear(&take->mapped);
	col_statsd_cache_free(take->cache);
	col_statsd_series_free(take->series);
	sl_buf_clear(&take->payload);
	free(take);
}

void col_statsd_take_reload(struct col_statsd_take *take,
    const struct sl_config_collector *section, const struct sl_catalog *catalog)
{
	take->section = section;
	col_mapping_free(take->mapping);
	take->mapping = col_mapping_new(section, catalog, section->statsd.prefix);
	col_statsd_cache_reset(take->cache);
}

/* ---- what is refused --------------------------------------------------------- */

static void show(struct col_statsd_take *take, const char *reason, struct sl_slice text)
{
	if (take->reason != NULL)
		return;
	take->reason = reason;
	if (text.len >= SHOWN_MAX)
		text.len = SHOWN_MAX - 1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		take->shown[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '_' : c;
	}
	take->shown[text.len] = '\0';
}

/* How many metrics a line stands for. */
static uint64_t values_of(const struct col_statsd_line *line)
{
	uint64_t count = 1;

	for (size_t i = 0; line->kind != COL_STATSD_SET && i < line->values.len; i++)
		count += line->values.data[i] == ':';
	return count;
}

static void refuse(
    struct col_statsd_take *take, int32_t refusal, const struct col_statsd_line *line)
{
	uint64_t count = values_of(line);

	switch ((enum refusal)refusal) {
	case REFUSED_UNKNOWN:
		take->figures->unknown += count;
		show(take, "the catalog has no such metric", line->name);
		break;
	case REFUSED_DENIED:
		take->figures->denied += count;
		show(take, "the source may not write its module", line->name);
		break;
	case REFUSED_LEFT_OUT:
		take->figures->left_out += count;
		break;
	case REFUSED_MALFORMED:
		take->figures->malformed += count;
		show(take, "its name or a tag is no text, or too long", line->name);
		break;
	case REFUSED_OVERFLOW:
		take->figures->overflow += count;
		show(take, "one more series than series_max", line->name);
		break;
	}
}

static void malformed(struct col_statsd_take *take, struct sl_slice line)
{
	take->figures->malformed++;
	show(take, "malformed", line);
}

static void report(struct col_statsd_take *take, int64_t now_ns)
{
	const struct col_statsd_figures *now = take->figures, *then = &take->reported;

	if (take->reason == NULL || now_ns < take->report_due_ns)
		return;
	sl_log_warn("statsd",
	    "refused malformed=%llu unknown=%llu denied=%llu overflow=%llu "
	    "first=\"%s\" reason=\"%s\"",
	    (unsigned long long)(now->malformed - then->malformed),
	    (unsigned long long)(now->unknown - then->unknown),
	    (unsigned long long)(now->denied - then->denied),
	    (unsigned long long)(now->overflow - then->overflow), take->shown,
	    take->reason);
	take->reason = NULL;
	take->reported = *now;
	take->report_due_ns = now_ns + REPORT_NS;
}

/* ---- series ------------------------------------------------------------------ */

static int32_t resolve_labels(struct col_statsd_take *take,
    const struct col_statsd_line *line, const struct col_mapping_label *label,
    size_t count)
{
	uint32_t number;

	switch (
	    col_mapping_find(take->mapping, line->name, label, count, &take->mapped)) {
	case COL_MAPPING_UNKNOWN:
		return REFUSED_UNKNOWN;
	case COL_MAPPING_DENIED:
		return REFUSED_DENIED;
	case COL_MAPPING_LEFT_OUT:
		return REFUSED_LEFT_OUT;
	case COL_MAPPING_MALFORMED:
		return REFUSED_MALFORMED;
	case COL_MAPPING_OK:
		break;
	}
	if (col_statsd_series_get(take->series, take->mapping, line->kind, &take->mapped,
		(size_t)take->section->statsd.series_max, &number) != 0)
		return REFUSED_OVERFLOW;
	return (int32_t)number;
}

/* The number of the line's series, or a refusal. */
static int32_t resolve(struct col_statsd_take *take, const struct col_statsd_line *line)
{
	struct col_mapping_label label[COL_MAPPING_LABELS_MAX];
	struct sl_slice tags = line->tags;
	size_t count = 0;

	while (
	    count < COL_MAPPING_LABELS_MAX && col_statsd_parse_tag(&tags, &label[count]))
		count++;
	if (tags.len > 0)
		return REFUSED_MALFORMED;
	return resolve_labels(take, line, label, count);
}

static int32_t find(struct col_statsd_take *take, const struct col_statsd_line *line)
{
	bool known;
	int32_t *place = col_statsd_cache_find(take->cache, line, &known);

	if (known)
		return *place;
	int32_t number = resolve(take, line);
	if (place != NULL)
		*place = number;
	return number;
}

/* ---- lines ------------------------------------------------------------------- */

static void take_values(
    struct col_statsd_take *take, const struct col_statsd_line *line, uint32_t number)
{
	struct sl_slice rest = line->values;
	struct col_statsd_value value;

	if (line->kind == COL_STATSD_SET) {
		col_statsd_series_member(take->series, number, rest);
		take->figures->metrics++;
		return;
	}
	/* "1:" has a second value, which is empty. */
	for (uint64_t left = values_of(line); left > 0; left--)
		if (col_statsd_parse_value(&rest, &value) == 0 &&
		    col_statsd_series_add(take->series, number, &value, line->rate))
			take->figures->metrics++;
		else
			malformed(take, line->values);
}

static void give_event(struct col_statsd_take *take, const char *type, double time_s)
{
	struct sightline_event event = {
	    .type = type,
	    .time_ns = (int64_t)(time_s * (double)SL_NS_PER_S),
	    .payload = take->payload.data,
	    .payload_bytes = take->payload.len,
	};

	if (sl_clock_wall_ns() < event.time_ns)
		event.time_ns = 0; /* a sender's clock that is ahead: now */
	if (sightline_push_event(col_core_collector(take->core), &event, 0) == 0)
		take->figures->events++;
	else
		take->figures->events_lost++;
}

static void take_event(struct col_statsd_take *take, struct sl_slice line)
{
	struct col_statsd_notice notice;

	if (col_statsd_notice_event(line, &notice) != 0) {
		malformed(take, line);
		return;
	}
	sl_buf_reset(&take->payload);
	col_statsd_notice_event_payload(&notice, &take->payload);
	give_event(take, take->section->statsd.event_type, notice.time_s);
}

static void take_check(struct col_statsd_take *take, struct sl_slice line)
{
	struct col_statsd_notice notice;

	if (col_statsd_notice_check(line, &notice) != 0) {
		malformed(take, line);
		return;
	}
	sl_buf_reset(&take->payload);
	col_statsd_notice_check_payload(&notice, &take->payload);
	give_event(take, take->section->statsd.check_type, notice.time_s);
}

void col_statsd_take_line(struct col_statsd_take *take, struct sl_slice text)
{
	struct col_statsd_line line;

	if (text.len == 0)
		return;
	if (text.data[0] == '_' && text.len > 3) {
		if (memcmp(text.data, "_e{", 3) == 0) {
			take_event(take, text);
			return;
		}
		if (memcmp(text.data, "_sc|", 4) == 0) {
			take_check(take, text);
			return;
		}
	}
	if (col_statsd_parse_line(text, &line) != 0) {
		malformed(take, text);
		return;
	}
	int32_t number = find(take, &line);
	if (number < 0)
		refuse(take, number, &line);
	else
		take_values(take, &line, (uint32_t)number);
}

void col_statsd_take_lines(struct col_statsd_take *take, struct sl_slice text, bool cut)
{
	const char *end;

	take->figures->bytes += text.len;
	while (text.len > 0 && (end = memchr(text.data, '\n', text.len)) != NULL) {
		struct sl_slice line = {text.data, (size_t)(end - text.data)};
		text.data += line.len + 1;
		text.len -= line.len + 1;
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		col_statsd_take_line(take, line);
	}
	if (cut)
		malformed(take, text);
	else
		col_statsd_take_line(take, text);
}

void col_statsd_take_flush(struct col_statsd_take *take, const struct col_tick *tick)
{
	col_statsd_series_flush(
	    take->series, tick, take->section->statsd.idle_timeout_ms * SL_NS_PER_MS);
	take->figures->series = col_statsd_series_count(take->series);
	report(take, tick->mono_ns);
}
