/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stat.h"

/* A family of one text: its declaration and its samples, each whole lines. */
struct block {
	struct sl_slice name;
	struct sl_slice declaration;
	struct sl_slice samples;
	bool merged;
};

struct blocks {
	struct block *block;
	size_t count;
	size_t cap;
};

static struct block *add_block(struct blocks *blocks, struct sl_slice name)
{
	if (blocks->count == blocks->cap) {
		blocks->cap = blocks->cap ? blocks->cap * 2 : 64;
		blocks->block =
		    realloc(blocks->block, blocks->cap * sizeof(*blocks->block));
		if (!blocks->block)
			abort();
	}
	struct block *block = &blocks->block[blocks->count++];

	*block = (struct block){.name = name};
	return block;
}

static bool same(struct sl_slice a, struct sl_slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The family that "# TYPE name …", "# UNIT …" or "# HELP …" declares. */
static bool declared(struct sl_slice line, struct sl_slice *name)
{
	static const size_t keyword = sizeof("# TYPE ") - 1;

	if (line.len <= keyword || (memcmp(line.data, "# TYPE ", keyword) != 0 &&
				       memcmp(line.data, "# UNIT ", keyword) != 0 &&
				       memcmp(line.data, "# HELP ", keyword) != 0))
		return false;
	name->data = line.data + keyword;
	const char *space = memchr(name->data, ' ', line.len - keyword);

	name->len = space ? (size_t)(space - name->data) : 0;
	return name->len > 0;
}

/* Whether a sample's line is the family's: its name, or that and a suffix. */
static bool belongs(struct sl_slice line, struct sl_slice name)
{
	return line.len > name.len && memcmp(line.data, name.data, name.len) == 0 &&
	       memchr("{ _", line.data[name.len], 3) != NULL;
}

static void extend(struct sl_slice *lines, struct sl_slice line)
{
	if (lines->len == 0)
		lines->data = line.data;
	lines->len = (size_t)(line.data + line.len - lines->data);
}

/* One line with its end; what follows "# EOF" or has no end is not looked at. */
static bool next_line(struct sl_slice *rest, struct sl_slice *line)
{
	const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

	if (!end || (rest->len >= 5 && memcmp(rest->data, "# EOF", 5) == 0))
		return false;
	line->data = rest->data;
	line->len = (size_t)(end + 1 - rest->data);
	rest->data += line->len;
	rest->len -= line->len;
	return true;
}

static void split(struct blocks *blocks, struct sl_slice text)
{
	struct block *block = NULL;
	struct sl_slice line;
	struct sl_slice name;

	while (next_line(&text, &line)) {
		if (declared(line, &name)) {
			if (!block || block->samples.len || !same(block->name, name))
				block = add_block(blocks, name);
			extend(&block->declaration, line);
		} else if (block && belongs(line, block->name)) {
			extend(&block->samples, line);
		} else {
			block = NULL;
		}
	}
}

void sl_stat_merge(struct sl_buf *out, const struct sl_slice *texts, size_t count)
{
	struct blocks blocks = {0};

	for (size_t i = 0; i < count; i++)
		split(&blocks, texts[i]);
	for (size_t i = 0; i < blocks.count; i++) {
		struct block *first = &blocks.block[i];

		if (first->merged)
			continue;
		sl_buf_add(out, first->declaration.data, first->declaration.len);
		for (size_t j = i; j < blocks.count; j++) {
			struct block *other = &blocks.block[j];

			if (!same(other->name, first->name))
				continue;
			sl_buf_add(out, other->samples.data, other->samples.len);
			other->merged = true;
		}
	}
	sl_buf_adds(out, "# EOF\n");
	free(blocks.block);
}
