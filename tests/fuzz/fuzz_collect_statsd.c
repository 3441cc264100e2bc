/* SPDX-License-Identifier: Apache-2.0 */
/* What senders give the StatsD collector, line by line, and as a stream in pieces. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/lines.h"
#include "collectors/mapping.h"
#include "collectors/quantile.h"
#include "collectors/statsd_notice.h"
#include "collectors/statsd_parse.h"
#include "json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct col_mapping *mapping;

static void prepare(void)
{
	static const char catalog[] = "module \"m\" { title = \"M\" }\n"
				      "metric \"a\" { module = m }\n"
				      "metric \"b\" { module = m kind = counter }\n"
				      "role \"all\" { modules = {all} }\n";
	static char match[] = "x.*.>", metric[] = "$1", counter[] = "auto",
		    label[] = "rest=$2", *labels[] = {label};
	static struct sl_config_map rule = {.match = match,
	    .metric = metric,
	    .labels = {labels, 1},
	    .factor = 1,
	    .counter = counter};
	static const struct sl_config_collector section = {.map = &rule, .map_count = 1};
	struct sl_catalog *parsed;
	struct sl_buf error = {0};

	if (mapping != NULL)
		return;
	if (sl_catalog_parse("fuzz", catalog, &parsed, &error) != 0)
		abort();
	mapping = col_mapping_new(&section, parsed, "");
}

static void fuzz_values(const struct col_statsd_line *line)
{
	static struct col_quantile quantile;
	struct sl_slice rest = line->values;
	struct col_statsd_value value;

	while (rest.len > 0) {
		if (col_statsd_parse_value(&rest, &value) != 0)
			continue;
		if (!isfinite(value.number))
			abort();
		col_quantile_add(&quantile, value.number, 1 / line->rate);
		if (quantile.positive.count > COL_QUANTILE_BUCKETS ||
		    quantile.negative.count > COL_QUANTILE_BUCKETS)
			abort();
	}
	if (quantile.count > 0 && isnan(col_quantile_at(&quantile, 0.99)))
		abort();
	col_quantile_reset(&quantile);
}

static void fuzz_mapping(const struct col_statsd_line *line)
{
	static struct col_mapped mapped;
	struct col_mapping_label label[COL_MAPPING_LABELS_MAX];
	struct sl_slice tags = line->tags;
	size_t count = 0;

	while (
	    count < COL_MAPPING_LABELS_MAX && col_statsd_parse_tag(&tags, &label[count]))
		count++;
	if (col_mapping_find(mapping, line->name, label, count, &mapped) !=
	    COL_MAPPING_OK)
		return;
	for (size_t i = 0; i < mapped.label_count; i++)
		if (strlen(mapped.label[i].key) > SIGHTLINE_LABEL_KEY_MAX ||
		    strlen(mapped.label[i].value) > SIGHTLINE_LABEL_VALUE_MAX ||
		    (i > 0 && strcmp(mapped.label[i - 1].key, mapped.label[i].key) >= 0))
			abort();
}

static void fuzz_notice(const struct col_statsd_notice *notice,
    void (*payload)(const struct col_statsd_notice *notice, struct sl_buf *out))
{
	struct sl_buf out = {0};

	payload(notice, &out);
	if (sl_json_check_object(out.data, out.len) != 0)
		abort();
	sl_buf_clear(&out);
}

static void fuzz_line(struct sl_slice text)
{
	struct col_statsd_line line;
	struct col_statsd_notice notice;

	if (col_statsd_parse_line(text, &line) == 0) {
		if (!(line.rate > 0 && line.rate <= 1) || line.name.len == 0)
			abort();
		fuzz_values(&line);
		fuzz_mapping(&line);
	}
	if (col_statsd_notice_event(text, &notice) == 0)
		fuzz_notice(&notice, col_statsd_notice_event_payload);
	if (col_statsd_notice_check(text, &notice) == 0)
		fuzz_notice(&notice, col_statsd_notice_check_payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct col_lines lines = {.max = 256};
	struct sl_slice line;

	if (size == 0)
		return 0;
	prepare();
	/* Pieces of a length that the first byte says. */
	size_t piece = data[0] % 64 + 1;
	for (data++, size--; size > 0;) {
		size_t len = size < piece ? size : piece;
		memcpy(col_lines_room(&lines, len), data, len);
		col_lines_put(&lines, len);
		while (col_lines_next(&lines, &line))
			fuzz_line(line);
		col_lines_trim(&lines);
		data += len;
		size -= len;
	}
	if (col_lines_rest(&lines, &line))
		fuzz_line(line);
	col_lines_clear(&lines);
	return 0;
}
