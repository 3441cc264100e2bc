/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char world_catalog[] = "module \"a\" { title = \"A\" }\n"
			     "module \"b\" { title = \"B\" }\n"
			     "module \"c\" { title = \"C\" }\n"
			     "metric \"m0\" { module = a }\n"
			     "metric \"m1\" { module = b }\n"
			     "metric \"m2\" { module = c }\n"
			     "metric \"m3\" { module = a }\n"
			     "metric \"m4\" { module = b }\n"
			     "metric \"m5\" { module = c }\n"
			     "metric \"m6\" { module = a }\n"
			     "metric \"m7\" { module = b }\n"
			     "metric \"m8\" { module = c }\n"
			     "event \"ea.>\" { module = a priority = normal }\n"
			     "event \"eb.>\" { module = b priority = normal }\n"
			     "event \"ec.>\" { module = c priority = normal }\n"
			     "role \"all\" { modules = {all} }\n"
			     "role \"ra\" { modules = {a} }\n"
			     "role \"rab\" { modules = {a, b} }\n";
const char *const world_role[WORLD_ROLES] = {"all", "ra", "rab"};
const unsigned world_sees[WORLD_ROLES] = {7, 1, 3};

static const char *const module_name[WORLD_MODULES] = {"a", "b", "c"};

uint64_t world_dice(struct world *w, uint64_t n)
{
	/* splitmix64 */
	uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % n;
}

struct world_epoch *world_now(const struct world *w)
{
	return w->epoch[w->epochs - 1];
}

struct world_epoch *world_epoch_find(const struct world *w, uint64_t epoch)
{
	for (size_t i = w->epochs; i-- > 0;) {
		if (w->epoch[i]->epoch == epoch)
			return w->epoch[i];
	}
	return NULL;
}

static void begin_epoch(struct world *w)
{
	struct world_epoch *e = calloc(1, sizeof *e);

	w->epoch = realloc(w->epoch, (w->epochs + 1) * sizeof *w->epoch);
	if (!e || !w->epoch)
		abort();
	e->epoch = w->epochs + 1000;
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		e->log[s].first = e->log[s].next = e->log[s].sent = 1;
	w->epoch[w->epochs++] = e;
	memset(w->alert, 0, sizeof w->alert);
}

void world_init(struct world *w, uint64_t seed, uint64_t keep)
{
	*w = (struct world){.random = seed, .keep = keep, .time_us = 1000000000000};
	begin_epoch(w);
}

static void drop_packed(struct world_log *log, uint64_t before)
{
	for (; log->first < before; log->first++)
		sl_buf_clear(&log->packed[log->first]);
}

void world_clear(struct world *w)
{
	for (size_t i = 0; i < w->epochs; i++) {
		for (int s = 0; s < SL_STREAM_COUNT; s++) {
			struct world_log *log = &w->epoch[i]->log[s];
			drop_packed(log, log->next);
			free(log->packed);
			free(log->truth);
		}
		free(w->epoch[i]);
	}
	free(w->epoch);
	for (int i = 0; i < WORLD_ALERTS; i++)
		sl_buf_clear(&w->open[i]);
}

/* ---- writing ------------------------------------------------------------------- */

static void grow(struct world_log *log)
{
	if (log->next < log->cap)
		return;
	uint64_t cap = log->cap ? log->cap * 2 : 256;
	log->truth = realloc(log->truth, cap * sizeof *log->truth);
	log->packed = realloc(log->packed, cap * sizeof *log->packed);
	if (!log->truth || !log->packed)
		abort();
	memset(log->packed + log->cap, 0, (cap - log->cap) * sizeof *log->packed);
	log->cap = cap;
}

static void add_body(struct world *w, struct sl_buf *body, const struct sl_entry *entry,
    unsigned module, bool open)
{
	size_t pad = world_dice(w, 8) ? world_dice(w, 120) : world_dice(w, 4000);

	sl_buf_addf(body, "{\"id\":\"%.*s\",\"secret\":\"<%s>\",\"n\":%" PRIu64,
	    (int)entry->key.len, entry->key.data, module_name[module], entry->seq);
	if (entry->stream == SL_STREAM_ALERTS)
		sl_buf_addf(body, ",\"state\":\"%s\",\"severity\":\"critical\"",
		    open ? "firing" : "resolved");
	sl_buf_adds(body, ",\"pad\":\"");
	while (pad-- > 0)
		sl_buf_addc(body, 'x');
	sl_buf_adds(body, "\"}");
}

static void put(struct world *w, struct world_log *log, struct sl_entry *entry,
    const struct world_truth *truth, bool open)
{
	struct sl_buf body = {0};
	char sub[4] = "u";

	sub[1] = (char)('0' + truth->sub);
	if (truth->sub >= 0) {
		entry->audience = SL_AUDIENCE_SUB;
		entry->audience_name = sl_slice_text(sub);
	} else if (truth->role >= 0) {
		entry->audience = SL_AUDIENCE_ROLE;
		entry->audience_name = sl_slice_text(world_role[truth->role]);
	}
	add_body(w, &body, entry, truth->module, open);
	entry->body = (struct sl_slice){body.data, body.len};
	log->truth[entry->seq] = *truth;
	sl_msg_entry_pack(&log->packed[entry->seq], entry);
	log->next++;
	if (log->next - log->first > w->keep)
		drop_packed(log, log->next - w->keep);
	sl_buf_clear(&body);
	w->entries++;
}

void world_write(struct world *w)
{
	enum sl_stream stream = (enum sl_stream)world_dice(w, SL_STREAM_COUNT);
	struct world_log *log = &world_now(w)->log[stream];
	struct world_truth truth = {
	    .module = (uint8_t)world_dice(w, WORLD_MODULES), .sub = -1, .role = -1};
	unsigned alert = (unsigned)world_dice(w, WORLD_ALERTS);
	char key[24] = "event";
	char topic[24] = "alerts";
	bool open = false;

	grow(log);
	struct sl_entry entry = {
	    .stream = stream,
	    .seq = log->next,
	    .ts_us = ++w->time_us,
	    .ingest_us = w->time_us,
	    .tenant = sl_slice_text("default"),
	    .source = sl_slice_text("world"),
	};
	if (stream == SL_STREAM_ALERTS) {
		truth.module = (uint8_t)(alert % WORLD_MODULES);
		snprintf(key, sizeof key, "al%u", alert);
		open = world_dice(w, 3) > 0;
		entry.kind = open && !w->alert[alert] ? SL_ENTRY_ALERT_FIRED
						      : SL_ENTRY_ALERT_CHANGE;
		w->alert[alert] = open ? entry.seq : 0;
		entry.active = open;
	} else {
		entry.kind = SL_ENTRY_EVENT;
		snprintf(topic, sizeof topic, "events.e%s.x", module_name[truth.module]);
		if (world_dice(w, 6) == 0)
			truth.sub = (int8_t)world_dice(w, WORLD_SUBS);
		else if (world_dice(w, 8) == 0)
			truth.role = (int8_t)world_dice(w, WORLD_ROLES);
	}
	entry.module = sl_slice_text(module_name[truth.module]);
	entry.topic = sl_slice_text(topic);
	entry.key = sl_slice_text(key);
	put(w, log, &entry, &truth, open);
	if (open) {
		/* The journal keeps open alerts however old their entry is. */
		sl_buf_reset(&w->open[alert]);
		sl_buf_add(&w->open[alert], log->packed[entry.seq].data,
		    log->packed[entry.seq].len);
	}
}

void world_measure(struct world *w)
{
	unsigned i = (unsigned)world_dice(w, WORLD_METRICS);

	w->time_us++;
	if (world_dice(w, 10) == 0)
		w->stale[i] = !w->stale[i];
	else
		w->value[i] = (double)world_dice(w, 1000000);
	w->changed[i] = true;
}

void world_restart(struct world *w)
{
	struct world_epoch *now = world_now(w);

	for (int s = 0; s < SL_STREAM_COUNT; s++)
		now->log[s].sent = now->log[s].next;
	/* As the aggregator does: no number of before comes again. */
	w->flush = (uint64_t)w->time_us;
	for (int i = 0; i < WORLD_METRICS; i++) {
		w->stale[i] = true;
		w->changed[i] = false;
	}
}

void world_lose(struct world *w)
{
	struct world_epoch *now = world_now(w);

	for (int s = 0; s < SL_STREAM_COUNT; s++)
		drop_packed(&now->log[s], now->log[s].next);
	world_restart(w);
	begin_epoch(w);
}

/* ---- messages ------------------------------------------------------------------ */

static struct sl_msg_batch_head head_of(struct world *w, bool keyframe)
{
	return (struct sl_msg_batch_head){
	    .aggregator = 7,
	    .epoch = world_now(w)->epoch,
	    .flush = w->flush,
	    .publish_us = ++w->time_us,
	    .keyframe = keyframe,
	};
}

static void add_defs(struct sl_msg_batch_writer *writer)
{
	for (uint32_t i = 0; i < WORLD_METRICS; i++) {
		char name[8];
		snprintf(name, sizeof name, "m%u", i);
		struct sl_msg_metric_def def = {
		    .id = i,
		    .tenant = sl_slice_text("default"),
		    .module = sl_slice_text(module_name[i % WORLD_MODULES]),
		    .name = sl_slice_text(name),
		    .field = sl_slice_text(name),
		    .unit = sl_slice_text(""),
		    .in_snapshot = true,
		};
		sl_msg_batch_add_def(writer, &def);
	}
}

static void add_metric(struct world *w, struct sl_msg_batch_writer *writer, uint32_t i)
{
	struct sl_msg_metric m = {
	    .id = i, .value = w->value[i], .ts_us = w->time_us, .stale = w->stale[i]};

	sl_msg_batch_add_metric(writer, &m);
}

void world_batch(struct world *w, struct sl_buf *out, bool keyframe)
{
	struct sl_msg_batch_writer writer;

	w->flush++;
	struct sl_msg_batch_head head = head_of(w, keyframe);
	sl_msg_batch_begin(&writer, out, &head);
	if (keyframe)
		add_defs(&writer);
	for (uint32_t i = 0; i < WORLD_METRICS; i++) {
		if (keyframe || w->changed[i])
			add_metric(w, &writer, i);
		w->changed[i] = false;
	}
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		struct world_log *log = &world_now(w)->log[s];
		if (log->sent < log->first)
			log->sent = log->first;
		for (; log->sent < log->next; log->sent++)
			sl_msg_batch_add_entry(&writer, log->packed[log->sent].data,
			    log->packed[log->sent].len);
	}
	sl_msg_batch_end(&writer);
}

void world_state(struct world *w, struct sl_buf *out)
{
	struct sl_msg_batch_head head = head_of(w, true);
	struct sl_msg_batch_writer writer;

	sl_msg_batch_begin(&writer, out, &head);
	add_defs(&writer);
	for (uint32_t i = 0; i < WORLD_METRICS; i++)
		add_metric(w, &writer, i);
	for (int i = 0; i < WORLD_ALERTS; i++) {
		if (w->alert[i])
			sl_msg_batch_add_entry(&writer, w->open[i].data, w->open[i].len);
	}
	sl_msg_batch_end(&writer);
}

void world_page(
    struct world *w, int stream, uint64_t from, uint64_t to, struct sl_buf *out)
{
	const struct world_log *log = &world_now(w)->log[stream];
	struct sl_msg_page_head head = {
	    .aggregator = 7,
	    .epoch = world_now(w)->epoch,
	    .stream = (enum sl_stream)stream,
	    .oldest = log->first,
	    .next = log->next,
	};
	struct sl_msg_list_writer writer;
	/* Some pages are short, so that more than one is needed. */
	uint64_t most = 1 + world_dice(w, 200);

	sl_msg_page_begin(&writer, out, &head);
	for (uint64_t seq = from < log->first ? log->first : from;
	     seq <= to && seq < log->next && most > 0; seq++, most--)
		sl_msg_page_add(&writer, log->packed[seq].data, log->packed[seq].len);
	sl_msg_list_end(&writer);
}
