/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN_BYTES 4096

struct agg_arena_chunk {
	struct agg_arena_chunk *older;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char data[];
};

void *agg_arena_alloc(struct agg_arena *arena, size_t size)
{
	struct agg_arena_chunk *chunk = arena->newest;

	if (size > arena->max_bytes || arena->bytes > arena->max_bytes - size)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = chunk ? chunk->size * 2 : CHUNK_MIN_BYTES;

		if (room > 256 * 1024)
			room = 256 * 1024;
		if (room < size)
			room = size;
		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct agg_arena_chunk){.older = arena->newest, .size = room};
		arena->newest = chunk;
	}

	void *data = chunk->data + chunk->used;
	chunk->used += size;
	arena->bytes += size;
	return memset(data, 0, size);
}

char *agg_arena_text(struct agg_arena *arena, const char *data, size_t len)
{
	char *text = agg_arena_alloc(arena, len + 1);

	if (text && len)
		memcpy(text, data, len);
	return text;
}

void agg_arena_clear(struct agg_arena *arena)
{
	while (arena->newest) {
		struct agg_arena_chunk *older = arena->newest->older;

		free(arena->newest);
		arena->newest = older;
	}
	arena->bytes = 0;
}
