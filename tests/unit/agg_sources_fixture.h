/* SPDX-License-Identifier: Apache-2.0 */
/* A set of sources on a real socket, and collectors in the same process. */
#ifndef TESTS_AGG_SOURCES_FIXTURE_H
#define TESTS_AGG_SOURCES_FIXTURE_H

#include <event2/event.h>
#include <sys/eventfd.h>

#include "agg_fixture.h"

#include "aggregator/dedup.h"
#include "aggregator/sources.h"
#include "common/msg.h"

static char attach_path[128];
static int listener;
static struct event_base *loop;
static struct agg_journal *journal;
static struct agg_ingest ingest;
static struct agg_sources *sources;
static struct sl_config config;
static struct sl_config_collector sections[2];

/* What the sources told the aggregator. */
static struct {
	size_t events;
	size_t stale, fresh;
	uint64_t tail_at_event; /* of the source "system", as the table had it */
} seen;

static inline void on_published(
    void *arg, enum sl_stream stream, const void *packed, size_t len)
{
	struct agg_table_ring ring = {0};
	struct sl_entry entry;
	uint32_t slot;

	(void)arg;
	ck_assert_int_eq(sl_msg_entry_read(packed, len, &entry), 0);
	ck_assert_int_eq(entry.stream, stream);
	ck_assert_int_eq(agg_table_ring_find(agg_table, "system", 6, &slot), 0);
	agg_table_ring_get(agg_table, slot, &ring);
	seen.tail_at_event = ring.tail;
	seen.events++;
}

static inline void on_pass(void *arg, int64_t wall_ns, int64_t mono_ns)
{
	(void)arg, (void)wall_ns;
	agg_state_settle(agg_state, mono_ns);
}

static inline void on_silence(
    void *arg, const struct agg_source *source, bool stale, int64_t age_ns)
{
	(void)arg, (void)source, (void)age_ns;
	*(stale ? &seen.stale : &seen.fresh) += 1;
}

/* Opens journal and sources, as the start of an aggregator does. */
static inline void sources_open(void)
{
	struct agg_journal_options options = fixture_options();
	struct agg_sources_options set = {
	    .loop = loop,
	    .ingest = &ingest,
	    .config = &config,
	    .bus_group = (gid_t)-1,
	};
	struct agg_sources_hooks hooks = {.passed = on_pass, .stale = on_silence};
	char path[128];

	snprintf(path, sizeof path, "%s/journal", journal_dir);
	ck_assert_int_eq(agg_journal_open(path, &options, &journal, NULL), 0);
	ck_assert_int_eq(sl_attach_listen(attach_path, 0600, &listener), 0);
	set.listener = listener;
	ingest.catalog = agg_catalog;
	ingest.state = agg_state;
	ingest.table = agg_table;
	ingest.journal = journal;
	ingest.dedup = agg_dedup_new(4);
	agg_dedup_restore(ingest.dedup, journal);
	ingest.published = on_published;
	ingest.samples = calloc(AGG_INGEST_SAMPLES, sizeof *ingest.samples);
	sources = agg_sources_new(&set, &hooks);
	ck_assert_ptr_nonnull(sources);
}

static inline void sources_close(void)
{
	agg_sources_free(sources);
	close(listener);
	agg_dedup_free(ingest.dedup);
	agg_journal_close(journal);
	sl_buf_clear(&ingest.body);
	sl_buf_clear(&ingest.packed);
	free(ingest.samples);
}

/* Ends the aggregator and starts it again over the same directory. */
static inline void restart(void)
{
	sources_close();
	agg_fixture_close();
	agg_fixture_open();
	agg_state_restore(agg_state);
	sources_open();
}

static inline void sources_setup(void)
{
	agg_fixture_setup();
	memset(&seen, 0, sizeof seen);
	memset(&config, 0, sizeof config);
	memset(sections, 0, sizeof sections);
	config.aggregator.ring_bytes_max = 8 * 1024 * 1024;
	config.aggregator.source_series_max = 1000;
	config.collector = sections;
	for (int i = 0; i < 2; i++) {
		sections[i].title = (char *)(uintptr_t)(i ? "shop" : "system");
		sections[i].tenant = (char *)(uintptr_t)(i ? "acme" : "default");
		sections[i].user = (char *)(uintptr_t) "";
		sections[i].enabled = true;
		sections[i].stale_after_ms = 15000;
	}
	config.collector_count = 2;
	loop = event_base_new();
	snprintf(attach_path, sizeof attach_path, "%s/attach", journal_dir);
	sources_open();
}

static inline void sources_teardown(void)
{
	sources_close();
	event_base_free(loop);
	agg_fixture_teardown();
}

/* Lets the loop do what is due, until there is nothing. */
static inline void run(void)
{
	for (int i = 0; i < 50; i++)
		event_base_loop(loop, EVLOOP_NONBLOCK);
}

/* ---- a collector --------------------------------------------------------------- */

struct collector {
	struct sl_segment segment;
	struct sl_dict_writer dict;
	struct sl_ring_writer ring;
	struct sl_attach_hello hello;
	int doorbell;
	int fd;
};

static inline void collector_make(struct collector *c, const char *name)
{
	*c = (struct collector){.fd = -1};
	ck_assert_int_eq(sl_segment_create(&c->segment, "test", 64 * 1024), 0);
	c->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sl_dict_writer_init(&c->dict, &c->segment);
	sl_ring_writer_init(&c->ring, &c->segment, c->doorbell);
	c->hello.segment_id = c->segment.id;
	c->hello.line = 7;
	strcpy(c->hello.source, name);
}

/* Offers the segment; the answer, if there is one already, is in *answer. */
static inline int collector_attach(struct collector *c, struct sl_attach_answer *answer)
{
	ck_assert_int_eq(sl_attach_connect(attach_path, &c->fd), 0);
	ck_assert_int_eq(
	    sl_attach_send_hello(c->fd, &c->hello, c->segment.fd, c->doorbell), 0);
	run();
	return sl_attach_receive_answer(c->fd, answer);
}

static inline void collector_must_attach(struct collector *c)
{
	struct sl_attach_answer answer;

	ck_assert_int_eq(collector_attach(c, &answer), 0);
	ck_assert_msg(answer.kind == SL_ATTACH_ACCEPTED, "%s", answer.reason);
}

static inline void collector_disconnect(struct collector *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static inline void collector_close(struct collector *c)
{
	collector_disconnect(c);
	close(c->doorbell);
	sl_segment_close(&c->segment);
}

static inline uint32_t define(struct collector *c, const char *metric, const char *host)
{
	struct sl_dict_def def = {.name = SLICE(metric),
	    .label_count = host ? 1 : 0,
	    .labels = {{SLICE("host"), SLICE(host ? host : "")}}};
	uint32_t handle;

	ck_assert_int_eq(sl_dict_add(&c->dict, &def, &handle), 0);
	return handle;
}

/* Writes an event with position n in the collector's line, 0 for none. */
static inline int try_event(struct collector *c, const char *type, uint8_t n)
{
	struct sl_ring_event event = {
	    .time_ns = START_WALL,
	    .has_position = n > 0,
	    .position = {[15] = n},
	    .type = SLICE(type),
	    .payload = SLICE("{\"n\":1}"),
	};

	return sl_ring_push_event(&c->ring, &event);
}

static inline void push_event(struct collector *c, const char *type, uint8_t n)
{
	ck_assert_int_eq(try_event(c, type, n), 0);
}

/* Writes an event whose id ends with n. */
static inline void push_id(struct collector *c, const char *type, uint8_t n)
{
	struct sl_ring_event event = {
	    .time_ns = START_WALL,
	    .id = {[0] = 1, [15] = n},
	    .type = SLICE(type),
	    .payload = SLICE("{\"n\":1}"),
	};

	ck_assert_int_eq(sl_ring_push_event(&c->ring, &event), 0);
}

static inline void push(struct collector *c, uint32_t handle, double value, int s)
{
	ck_assert_int_eq(
	    sl_ring_push(&c->ring, handle, value, START_WALL + s * SL_NS_PER_S), 0);
}

static inline const struct agg_source *source_of(const char *name)
{
	const struct agg_source *source = agg_sources_find(sources, name);

	ck_assert_ptr_nonnull(source);
	return source;
}

#endif
