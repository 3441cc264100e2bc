/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_labels.h"

#include <string.h>

static bool add(
    struct col_scrape_labels *labels, struct sl_slice key, struct sl_slice value)
{
	if (labels->count == COL_MAPPING_LABELS_MAX)
		return false;
	labels->label[labels->count++] = (struct col_mapping_label){key, value};
	return true;
}

static bool add_own(
    const struct col_scrape_owner *owner, struct col_scrape_labels *labels)
{
	const struct sl_names *names = owner->labels;
	bool fits = true;

	for (size_t i = 0; fits && i < names->count; i++) {
		const char *text = names->name[i], *equals = strchr(text, '=');
		fits = add(labels, (struct sl_slice){text, (size_t)(equals - text)},
		    sl_slice_text(equals + 1));
	}
	return fits &&
	       add(labels, sl_slice_text("target"), sl_slice_text(owner->target)) &&
	       add(labels, sl_slice_text("instance"), sl_slice_text(owner->instance));
}

/* Line ends and the like have no place in a label here. */
static void blank_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
}

static bool add_given(struct col_scrape_labels *labels,
    const struct col_promtext_sample *sample, struct sl_buf *text)
{
	bool fits = true;
	size_t room = 1;

	/* Enough beforehand: slices point into the text. */
	for (size_t i = 0; i < sample->label_count; i++)
		room += sample->label[i].value.len;
	sl_buf_reset(text);
	sl_buf_reserve(text, room);
	for (size_t i = 0; fits && i < sample->label_count; i++) {
		const struct col_promtext_label *label = &sample->label[i];
		size_t at = text->len;
		col_promtext_unescape(label, text);
		blank_controls(text->data + at, text->len - at);
		/* An empty label is none (Prometheus' data model). */
		if (text->len > at)
			fits = add(labels, label->key,
			    (struct sl_slice){text->data + at, text->len - at});
	}
	return fits;
}

bool col_scrape_labels_gather(struct col_scrape_labels *labels,
    const struct col_scrape_owner *owner, const struct col_promtext_sample *sample,
    struct sl_buf *text)
{
	labels->count = 0;
	if (owner->honor_labels)
		return add_own(owner, labels) && add_given(labels, sample, text);
	return add_given(labels, sample, text) && add_own(owner, labels);
}

bool col_scrape_labels_remove(
    struct col_scrape_labels *labels, const char *key, struct sl_slice *value)
{
	for (size_t i = 0; i < labels->count; i++) {
		struct sl_slice name = labels->label[i].key;
		if (name.len != strlen(key) || memcmp(name.data, key, name.len) != 0)
			continue;
		*value = labels->label[i].value;
		memmove(&labels->label[i], &labels->label[i + 1],
		    (--labels->count - i) * sizeof(labels->label[0]));
		return true;
	}
	return false;
}
