/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_sources.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

void agg_journal_sources_clear(struct agg_journal_sources *sources)
{
	for (uint32_t i = 0; i < AGG_JOURNAL_SOURCES_MAX; i++)
		free(sources->items[i]);
	memset(sources, 0, sizeof *sources);
}

struct agg_journal_known_source *agg_journal_sources_at(
    const struct agg_journal_sources *sources, uint32_t number)
{
	return number < AGG_JOURNAL_SOURCES_MAX ? sources->items[number] : NULL;
}

static bool has_name(
    const struct agg_journal_known_source *source, const char *name, size_t len)
{
	return source->name_len == len && memcmp(source->name, name, len) == 0;
}

static struct agg_journal_known_source *add(
    struct agg_journal_sources *sources, uint32_t number, const char *name, size_t len)
{
	struct agg_journal_known_source *source = calloc(1, sizeof *source);

	if (!source)
		return NULL;
	source->name_len = (uint8_t)len;
	memcpy(source->name, name, len);
	sources->items[number] = source;
	return source;
}

int agg_journal_sources_find(
    struct agg_journal_sources *sources, const char *name, size_t len, uint32_t *number)
{
	uint32_t free_number = UINT32_MAX;
	uint32_t count = 0;

	if (len == 0 || len > sizeof((struct agg_journal_known_source *)0)->name)
		return SL_EINVAL;
	for (uint32_t i = 0; i < AGG_JOURNAL_SOURCES_MAX; i++) {
		const struct agg_journal_known_source *source = sources->items[i];
		if (source && has_name(source, name, len)) {
			*number = i;
			return 0;
		}
		if (source)
			count++;
		else if (free_number == UINT32_MAX)
			free_number = i;
	}
	if (free_number == UINT32_MAX || count >= sources->max)
		return SL_EFULL;
	if (!add(sources, free_number, name, len))
		return SL_ENOMEM;
	*number = free_number;
	return 0;
}

int agg_journal_sources_restore(struct agg_journal_sources *sources, uint32_t number,
    const char *name, size_t len, const struct agg_journal_source *state)
{
	if (number >= AGG_JOURNAL_SOURCES_MAX || len == 0 ||
	    len > sizeof((struct agg_journal_known_source *)0)->name)
		return SL_EINVAL;
	struct agg_journal_known_source *source = sources->items[number];
	if (source && !has_name(source, name, len))
		return SL_EINVAL;
	if (!source && !(source = add(sources, number, name, len)))
		return SL_ENOMEM;
	source->written = true;
	source->state = *state;
	return 0;
}

static struct agg_journal_line *line_of(
    struct agg_journal_known_source *source, uint64_t line)
{
	for (uint32_t i = 0; i < source->line_count; i++)
		if (source->lines[i].id == line)
			return &source->lines[i];
	return NULL;
}

const struct agg_journal_line *agg_journal_sources_line(
    const struct agg_journal_sources *sources, uint32_t number, uint64_t line)
{
	struct agg_journal_known_source *source = agg_journal_sources_at(sources, number);

	return source ? line_of(source, line) : NULL;
}

/* Gives a line a place among those of its source: a free one or the oldest. */
static struct agg_journal_line *add_line(
    struct agg_journal_known_source *source, uint64_t id)
{
	struct agg_journal_line *line = &source->lines[0];

	if (source->line_count < AGG_JOURNAL_LINES_MAX)
		line = &source->lines[source->line_count++];
	else
		for (uint32_t i = 1; i < source->line_count; i++)
			if (source->lines[i].used < line->used)
				line = &source->lines[i];
	memset(line, 0, sizeof *line);
	line->id = id;
	return line;
}

/* Moves what has become durable to where it is remembered as such. */
static void settle(struct agg_journal_line *line, uint64_t durable)
{
	const struct agg_journal_point *point = NULL;

	if (line->latest.place != 0 && line->latest.place <= durable)
		point = &line->latest;
	else if (line->covered.place != 0 && line->covered.place <= durable)
		point = &line->covered;
	if (point) {
		line->has_durable = true;
		memcpy(line->durable, point->position, sizeof line->durable);
	}
}

/*
 * The first record after a sync has begun makes the latest point of before the
 * covered one.  The former covered point is durable by then, because a sync
 * begins only after the one before has ended; where that one failed it is
 * kept, which is late but never wrong.
 */
void agg_journal_sources_moved(struct agg_journal_sources *sources, uint32_t number,
    uint64_t id, const uint8_t position[AGG_JOURNAL_POSITION], uint64_t place,
    uint64_t begun, uint64_t durable)
{
	struct agg_journal_known_source *source = agg_journal_sources_at(sources, number);

	if (!source)
		return;
	struct agg_journal_line *line = line_of(source, id);
	if (!line)
		line = add_line(source, id);
	settle(line, durable);
	if (line->latest.place != 0 && line->latest.place <= begun &&
	    line->covered.place <= durable)
		line->covered = line->latest;
	line->latest.place = place;
	memcpy(line->latest.position, position, AGG_JOURNAL_POSITION);
	line->used = ++sources->clock;
}

int agg_journal_sources_durable(struct agg_journal_sources *sources, uint32_t number,
    uint64_t id, uint64_t durable, uint8_t position[AGG_JOURNAL_POSITION])
{
	struct agg_journal_known_source *source = agg_journal_sources_at(sources, number);
	struct agg_journal_line *line = source ? line_of(source, id) : NULL;

	if (!line)
		return SL_ENOTFOUND;
	settle(line, durable);
	if (!line->has_durable)
		return SL_ENOTFOUND;
	memcpy(position, line->durable, AGG_JOURNAL_POSITION);
	return 0;
}
