/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "msg.h"

struct page {
	bool used;
	enum sl_stream stream;
	uint64_t first;
	uint64_t next;  /* after its last entry */
	uint64_t stamp; /* of the last look-up: the oldest is replaced */
	struct gw_entry **entry;
	size_t cap;
};

struct gw_replay {
	struct gw_replay_source source;
	struct page page[GW_REPLAY_PAGES];
	/* One fetch per log is under way at most: what else is missing waits. */
	bool fetching[SL_STREAM_COUNT];
	uint64_t asked[SL_STREAM_COUNT];
	uint64_t asked_to[SL_STREAM_COUNT];
	uint64_t oldest[SL_STREAM_COUNT];
	uint64_t stamps;
	uint64_t epoch;
	bool outdated[SL_STREAM_COUNT]; /* the fetch under way is of another epoch */
};

struct gw_replay *gw_replay_new(const struct gw_replay_source *source)
{
	struct gw_replay *replay = calloc(1, sizeof *replay);

	if (!replay)
		abort();
	replay->source = *source;
	return replay;
}

static void clear_page(struct page *page)
{
	for (uint64_t i = 0; i < page->next - page->first; i++)
		free(page->entry[i]);
	free(page->entry);
	*page = (struct page){0};
}

void gw_replay_clear(struct gw_replay *replay, uint64_t epoch)
{
	replay->epoch = epoch;
	for (int i = 0; i < GW_REPLAY_PAGES; i++)
		clear_page(&replay->page[i]);
	memset(replay->oldest, 0, sizeof replay->oldest);
	/* What is asked for now has its positions of the former epoch. */
	memcpy(replay->outdated, replay->fetching, sizeof replay->outdated);
}

void gw_replay_free(struct gw_replay *replay)
{
	if (!replay)
		return;
	gw_replay_clear(replay, 0);
	free(replay);
}

static const struct gw_entry *find(
    struct gw_replay *replay, enum sl_stream stream, uint64_t seq)
{
	for (int i = 0; i < GW_REPLAY_PAGES; i++) {
		struct page *page = &replay->page[i];
		if (!page->used || page->stream != stream || seq < page->first ||
		    seq >= page->next)
			continue;
		page->stamp = ++replay->stamps;
		return page->entry[seq - page->first];
	}
	return NULL;
}

/*
 * What was known to be the oldest may be gone by now, too: a gap ends only
 * before an entry that is here, so that it is the only one.
 */
enum gw_replay_result gw_replay_get(struct gw_replay *replay, enum sl_stream stream,
    uint64_t seq, uint64_t limit, const struct gw_entry **entry, uint64_t *oldest)
{
	bool gone = seq < replay->oldest[stream];
	uint64_t wanted = gone ? replay->oldest[stream] : seq;

	if (gone && wanted >= limit) {
		*oldest = wanted;
		return GW_REPLAY_GONE;
	}
	*entry = find(replay, stream, seq);
	if (*entry)
		return GW_REPLAY_HERE;
	if (gone && find(replay, stream, wanted)) {
		*oldest = wanted;
		return GW_REPLAY_GONE;
	}
	if (!replay->fetching[stream]) {
		replay->fetching[stream] = true;
		replay->asked[stream] = wanted;
		replay->asked_to[stream] = limit - 1;
		replay->source.fetch(replay->source.arg, stream, wanted, limit - 1);
	}
	return GW_REPLAY_COMING;
}

struct filling {
	struct gw_replay *replay;
	struct page *page;
};

static int take(void *arg, const struct sl_entry *e, struct sl_slice packed)
{
	struct filling *f = arg;
	struct page *page = f->page;
	struct gw_entry *entry = gw_entry_new(packed.data, packed.len);

	if (!entry)
		return SL_EMALFORMED;
	if (page->next == page->first)
		page->first = page->next = e->seq;
	if (e->seq != page->next) {
		free(entry);
		return SL_EMALFORMED;
	}
	if (page->next - page->first == page->cap) {
		page->cap = page->cap ? page->cap * 2 : 64;
		page->entry = realloc(page->entry, page->cap * sizeof(*page->entry));
		if (!page->entry)
			abort();
	}
	entry->module = f->replay->source.module(f->replay->source.arg, &entry->e);
	page->entry[page->next - page->first] = entry;
	page->next++;
	return SL_OK;
}

/* The page that was not looked at for the longest time, emptied. */
static struct page *free_page(struct gw_replay *replay)
{
	struct page *found = &replay->page[0];

	for (int i = 0; i < GW_REPLAY_PAGES && found->used; i++) {
		struct page *page = &replay->page[i];
		if (!page->used || page->stamp < found->stamp)
			found = page;
	}
	clear_page(found);
	return found;
}

int gw_replay_page(
    struct gw_replay *replay, enum sl_stream stream, const void *data, size_t len)
{
	struct filling f = {replay, free_page(replay)};
	struct sl_msg_page_head head = {0};

	f.page->first = f.page->next = 1;
	int error = sl_msg_page_read(data, len, &head, take, &f);
	if (!error && head.stream != stream)
		error = SL_EMALFORMED;
	if (error) {
		clear_page(f.page);
		gw_replay_failed(replay, stream);
		return error;
	}
	if (head.epoch != replay->epoch || replay->outdated[stream]) {
		clear_page(f.page);
		replay->fetching[stream] = replay->outdated[stream] = false;
		replay->source.arrived(replay->source.arg, false);
		return SL_OK;
	}
	f.page->used = true;
	f.page->stream = stream;
	f.page->stamp = ++replay->stamps;
	/* An answer without the entry that was asked for: it is kept no more. */
	uint64_t oldest = head.oldest;
	if (f.page->next == f.page->first) {
		if (oldest <= replay->asked_to[stream])
			oldest = replay->asked_to[stream] + 1;
		clear_page(f.page);
	} else if (f.page->first > replay->asked[stream] && f.page->first > oldest) {
		/* Begun where it was asked to, it says nothing of what is before. */
		oldest = f.page->first;
	}
	if (oldest > replay->oldest[stream])
		replay->oldest[stream] = oldest;
	replay->fetching[stream] = false;
	replay->source.arrived(replay->source.arg, false);
	return SL_OK;
}

void gw_replay_failed(struct gw_replay *replay, enum sl_stream stream)
{
	replay->fetching[stream] = replay->outdated[stream] = false;
	replay->source.arrived(replay->source.arg, true);
}
