/* SPDX-License-Identifier: Apache-2.0 */
#include "trail.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/cursor.h"
#include "common/json_in.h"
#include "core.h"

#define BUCKETS 65536u /* a power of two */
#define RECORD  (AGG_TRAIL_ID + SL_CURSOR_LEN)

struct trail {
	struct trail *next; /* of its bucket */
	struct trail *older;
	struct trail *newer;
	int64_t mono_ns; /* of the last report */
	char id[AGG_TRAIL_ID];
	char cursor[SL_CURSOR_LEN];
};

struct agg_trails {
	struct trail *bucket[BUCKETS];
	struct trail *oldest;
	struct trail *newest;
	size_t count;
};

struct agg_trails *agg_trails_new(void)
{
	struct agg_trails *trails = calloc(1, sizeof *trails);

	if (!trails)
		abort();
	return trails;
}

/* Gateways make the ids by chance, so their digits are hash enough. */
static struct trail **bucket_of(struct agg_trails *trails, const char *id)
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < AGG_TRAIL_ID; i++)
		hash = (hash ^ (unsigned char)id[i]) * 16777619u;
	return &trails->bucket[hash & (BUCKETS - 1)];
}

static struct trail *find(struct agg_trails *trails, const char *id)
{
	struct trail *t = *bucket_of(trails, id);

	while (t && memcmp(t->id, id, AGG_TRAIL_ID) != 0)
		t = t->next;
	return t;
}

static void unlink_age(struct agg_trails *trails, struct trail *t)
{
	*(t->older ? &t->older->newer : &trails->oldest) = t->newer;
	*(t->newer ? &t->newer->older : &trails->newest) = t->older;
}

static void link_newest(struct agg_trails *trails, struct trail *t)
{
	t->newer = NULL;
	t->older = trails->newest;
	*(t->older ? &t->older->newer : &trails->oldest) = t;
	trails->newest = t;
}

static void drop(struct agg_trails *trails, struct trail *t)
{
	struct trail **at = bucket_of(trails, t->id);

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	unlink_age(trails, t);
	trails->count--;
	free(t);
}

void agg_trails_free(struct agg_trails *trails)
{
	if (!trails)
		return;
	while (trails->oldest)
		drop(trails, trails->oldest);
	free(trails);
}

void agg_trails_tick(struct agg_trails *trails, int64_t mono_ns)
{
	while (trails->oldest &&
	       mono_ns - trails->oldest->mono_ns > AGG_TRAIL_KEPT_S * SL_NS_PER_S)
		drop(trails, trails->oldest);
}

static void take(struct agg_trails *trails, const char *record, int64_t mono_ns)
{
	struct trail *t = find(trails, record);

	if (t) {
		unlink_age(trails, t);
	} else {
		if (trails->count == AGG_TRAIL_MAX)
			drop(trails, trails->oldest);
		struct trail **bucket = bucket_of(trails, record);
		t = malloc(sizeof *t);
		if (!t)
			abort();
		memcpy(t->id, record, AGG_TRAIL_ID);
		t->next = *bucket;
		*bucket = t;
		trails->count++;
	}
	memcpy(t->cursor, record + AGG_TRAIL_ID, SL_CURSOR_LEN);
	t->mono_ns = mono_ns;
	link_newest(trails, t);
}

AGG_HANDLER(agg_trail_report)
{
	json_t *body = sl_json_in_parse(request->body.data, request->body.len, NULL);
	struct sl_slice records;
	struct sl_cursor cursor;

	(void)caller;
	bool good =
	    sl_json_in_string(body, "trails", &records) && records.len % RECORD == 0;
	for (size_t i = 0; good && i < records.len; i += RECORD)
		good = sl_cursor_parse(
			   records.data + i + AGG_TRAIL_ID, SL_CURSOR_LEN, &cursor) == 0;
	if (!good)
		agg_answer_problem(
		    answer, 400, "bad-request", "trails is not a row of ids and cursors");
	for (size_t i = 0; good && i < records.len; i += RECORD)
		take(core->trails, records.data + i, sl_clock_mono_ns());
	json_decref(body);
	sl_buf_adds(&answer->body, "{}");
}

AGG_HANDLER(agg_trail_find)
{
	json_t *body = sl_json_in_parse(request->body.data, request->body.len, NULL);
	struct trail *t = NULL;
	struct sl_slice id;

	(void)caller;
	if (sl_json_in_string(body, "id", &id) && id.len == AGG_TRAIL_ID)
		t = find(core->trails, id.data);
	if (t)
		sl_buf_addf(
		    &answer->body, "{\"cursor\":\"%.*s\"}", SL_CURSOR_LEN, t->cursor);
	else
		agg_answer_problem(answer, 404, "not-found", "no such connection");
	json_decref(body);
}
