/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_notice.h"

#include <string.h>

#include "error.h"
#include "json_out.h"
#include "scan.h"
#include "statsd_parse.h"

/* The newest second that fits into the clock's nanoseconds, about. */
#define TIME_MAX_S 9e9

static bool take_field(struct sl_slice *rest, struct sl_slice *field)
{
	if (rest->len == 0 || rest->data[0] != '|')
		return false;
	const char *end = memchr(rest->data + 1, '|', rest->len - 1);
	size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
	*field = (struct sl_slice){rest->data + 1, len - 1};
	rest->data += len;
	rest->len -= len;
	return true;
}

/* JSON's strings, as everything here reads them, have no NUL. */
static bool has_nul(struct sl_slice line)
{
	return line.len > 0 && memchr(line.data, '\0', line.len) != NULL;
}

/* Fields that both have; what is not known is passed over. */
static int take_fields(struct sl_slice rest, struct col_statsd_notice *out)
{
	struct {
		const char *prefix;
		struct sl_slice *to;
	} texts[] = {{"h:", &out->host}, {"p:", &out->priority}, {"t:", &out->alert_type},
	    {"s:", &out->source}, {"k:", &out->aggregation_key}, {"#", &out->tags}};
	struct sl_slice field;

	while (take_field(&rest, &field)) {
		if (col_scan_prefix(&field, "d:")) {
			if (col_statsd_parse_number(field, &out->time_s) != 0 ||
			    !(out->time_s > 0 && out->time_s < TIME_MAX_S))
				return SL_EMALFORMED;
			continue;
		}
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (col_scan_prefix(&field, texts[i].prefix)) {
				*texts[i].to = field;
				break;
			}
	}
	return rest.len == 0 ? 0 : SL_EMALFORMED;
}

/* Digits up to a given byte, which goes, too; at most what a datagram can hold. */
static bool take_length(struct sl_slice *rest, char end, size_t *out)
{
	size_t at = 0;

	*out = 0;
	for (; at < rest->len && at < 6 && rest->data[at] >= '0' && rest->data[at] <= '9';
	     at++)
		*out = *out * 10 + (size_t)(rest->data[at] - '0');
	if (at == 0 || at == rest->len || rest->data[at] != end)
		return false;
	rest->data += at + 1;
	rest->len -= at + 1;
	return true;
}

int col_statsd_notice_event(struct sl_slice line, struct col_statsd_notice *out)
{
	size_t title, text;

	*out = (struct col_statsd_notice){0};
	if (has_nul(line) || !col_scan_prefix(&line, "_e{") ||
	    !take_length(&line, ',', &title) || !take_length(&line, '}', &text) ||
	    !col_scan_prefix(&line, ":") || title == 0 || line.len < title + 1 + text ||
	    line.data[title] != '|')
		return SL_EMALFORMED;
	out->title = (struct sl_slice){line.data, title};
	out->text = (struct sl_slice){line.data + title + 1, text};
	line.data += title + 1 + text;
	line.len -= title + 1 + text;
	return take_fields(line, out);
}

int col_statsd_notice_check(struct sl_slice line, struct col_statsd_notice *out)
{
	struct sl_slice status;

	*out = (struct col_statsd_notice){0};
	if (has_nul(line) || !col_scan_prefix(&line, "_sc") ||
	    !take_field(&line, &out->title) || out->title.len == 0 ||
	    !take_field(&line, &status) || status.len != 1 || status.data[0] < '0' ||
	    status.data[0] >= '0' + COL_STATSD_CHECK_STATUSES)
		return SL_EMALFORMED;
	out->status = status.data[0] - '0';
	/* The message comes last and may have anything in it. */
	const char *message = line.len > 3 ? memmem(line.data, line.len, "|m:", 3) : NULL;
	if (message != NULL) {
		size_t before = (size_t)(message - line.data);
		out->text = (struct sl_slice){message + 3, line.len - before - 3};
		line.len = before;
	}
	return take_fields(line, out);
}

/* ---- payloads ---------------------------------------------------------------- */

static void put(struct sl_json_out *json, const char *key, struct sl_slice text)
{
	if (text.len == 0)
		return;
	sl_json_out_key(json, key);
	sl_json_out_string(json, text.data, text.len);
}

static void put_lines(struct sl_json_out *json, const char *key, struct sl_slice text)
{
	struct sl_buf lines = {0};

	for (size_t i = 0; i < text.len; i++) {
		bool end =
		    text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] == 'n';
		sl_buf_addc(&lines, end ? '\n' : text.data[i]);
		i += end;
	}
	put(json, key, (struct sl_slice){lines.data, lines.len});
	sl_buf_clear(&lines);
}

/* As a list: a key may come more than once. */
static void put_tags(struct sl_json_out *json, struct sl_slice tags)
{
	struct col_mapping_label tag;

	if (tags.len == 0)
		return;
	sl_json_out_key(json, "tags");
	sl_json_out_array_begin(json);
	while (col_statsd_parse_tag(&tags, &tag)) {
		struct sl_slice whole = tag.key;
		if (tag.value.data == tag.key.data + tag.key.len + 1)
			whole.len += 1 + tag.value.len;
		sl_json_out_string(json, whole.data, whole.len);
	}
	sl_json_out_array_end(json);
}

void col_statsd_notice_event_payload(
    const struct col_statsd_notice *notice, struct sl_buf *out)
{
	struct sl_json_out json;

	sl_json_out_init(&json, out);
	sl_json_out_object_begin(&json);
	put_lines(&json, "title", notice->title);
	put_lines(&json, "text", notice->text);
	put(&json, "alert_type", notice->alert_type);
	put(&json, "importance", notice->priority);
	put(&json, "host", notice->host);
	put(&json, "source_type", notice->source);
	put(&json, "aggregation_key", notice->aggregation_key);
	put_tags(&json, notice->tags);
	sl_json_out_object_end(&json);
}

void col_statsd_notice_check_payload(
    const struct col_statsd_notice *notice, struct sl_buf *out)
{
	static const char *const status[COL_STATSD_CHECK_STATUSES] = {
	    "ok", "warning", "critical", "unknown"};
	struct sl_json_out json;

	sl_json_out_init(&json, out);
	sl_json_out_object_begin(&json);
	put(&json, "check", notice->title);
	sl_json_out_key(&json, "status");
	sl_json_out_text(&json, status[notice->status]);
	put_lines(&json, "message", notice->text);
	put(&json, "host", notice->host);
	put_tags(&json, notice->tags);
	sl_json_out_object_end(&json);
}
