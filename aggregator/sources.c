/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of draining: a doorbell, or a new attachment, puts a source on the
 * awake list and schedules a pass.  A pass gives each awake source one turn; if
 * some have more, the next pass is scheduled behind whatever else the event
 * loop has to do.  When nothing is left all awake sources go to sleep together,
 * at the price of one heavy fence.
 */
#include "sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admit.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/loop.h"
#include "shm/fence.h"

#define BLOCKED_RETRY_MS 20
#define BAR_FIRST_NS     (1 * SL_NS_PER_S)
#define BAR_LONGEST_NS   (60 * SL_NS_PER_S)
#define BAR_FORGET_NS    (600 * SL_NS_PER_S) /* of good conduct */

struct agg_sources {
	struct agg_sources_options options;
	struct agg_sources_hooks hooks;
	struct agg_admit *admit;
	struct agg_source **source;
	size_t count;
	struct agg_source *awake;
	struct event *work;  /* a pass is due */
	struct event *retry; /* blocked sources are tried again */
	int64_t started_mono_ns;
};

static void wake(struct agg_sources *sources, struct agg_source *source)
{
	if (source->awake || source->state == AGG_SOURCE_GONE)
		return;
	sl_ring_wake(&source->consumer.ring);
	source->awake = true;
	source->next_awake = sources->awake;
	sources->awake = source;
	event_active(sources->work, EV_TIMEOUT, 0);
}

static void on_doorbell(int fd, short what, void *arg);
static void on_hangup(int fd, short what, void *arg);

/* ---- attachments ------------------------------------------------------------ */

static void set_state(struct agg_source *source, enum agg_source_state state)
{
	sl_log_info("source", "state source=%s from=%s to=%s", source->name,
	    agg_source_state_name(source->state), agg_source_state_name(state));
	source->state = state;
}

/* The collector's end is gone; what is in the ring is still to be taken. */
static void disconnect(struct agg_sources *sources, struct agg_source *source)
{
	if (source->fd < 0)
		return;
	event_free(source->fd_event);
	event_free(source->bell_event);
	source->fd_event = source->bell_event = NULL;
	close(source->fd);
	source->fd = -1;
	if (source->state == AGG_SOURCE_ATTACHED) {
		set_state(source, AGG_SOURCE_DRAINING);
		wake(sources, source);
	}
}

/* Ends an attachment; the source must not be on the awake list. */
static void detach(
    struct agg_sources *sources, struct agg_source *source, const char *why)
{
	if (source->state == AGG_SOURCE_GONE)
		return;
	agg_source_release(source, sources->options.ingest->table);
	set_state(source, AGG_SOURCE_GONE);
	disconnect(sources, source);
	sl_attach_close(&source->consumer);
	free(source->series);
	source->series = NULL;
	source->series_count = source->series_cap = 0;
	source->blocked = false;
	source->has_bare_position = false;
	sl_log_info("source",
	    "detached source=%s reason=\"%s\" received=%llu dropped=%llu refused=%llu",
	    source->name, why, (unsigned long long)agg_source_received(source),
	    (unsigned long long)agg_source_dropped(source),
	    (unsigned long long)source->ring.refused);
	agg_admit_retry(sources->admit, source->name);
}

/* A corrupt ring: the source loses its attachment and is barred for a while. */
static void bar(struct agg_sources *sources, struct agg_source *source, int64_t mono_ns)
{
	char reason[SL_SEGMENT_REASON];

	memcpy(reason, source->consumer.ring.reason, sizeof reason);
	if (source->bar_ns == 0 || mono_ns - source->barred_until_mono_ns > BAR_FORGET_NS)
		source->bar_ns = BAR_FIRST_NS;
	else if (source->bar_ns < BAR_LONGEST_NS)
		source->bar_ns *= 2;
	source->barred_until_mono_ns = mono_ns + source->bar_ns;
	source->ring.refused++;
	sl_log_warn("source", "corrupt source=%s reason=\"%s\" barred_s=%lld",
	    source->name, reason, (long long)(source->bar_ns / SL_NS_PER_S));
	detach(sources, source, "its ring is corrupt");
}

struct agg_source *agg_sources_find(struct agg_sources *sources, const char *name)
{
	for (size_t i = 0; i < sources->count; i++)
		if (strcmp(sources->source[i]->name, name) == 0)
			return sources->source[i];
	return NULL;
}

struct agg_source *agg_sources_make(struct agg_sources *sources, const char *name)
{
	struct agg_ingest *ingest = sources->options.ingest;
	struct agg_source *source = agg_sources_find(sources, name);

	if (source)
		return source;
	source = calloc(1, sizeof *source);
	struct agg_source **list =
	    realloc(sources->source, (sources->count + 1) * sizeof *list);
	if (list)
		sources->source = list;
	if (!source || !list ||
	    agg_table_ring_find(ingest->table, name, strlen(name), &source->table_slot) !=
		0 ||
	    agg_journal_source_find(
		ingest->journal, name, strlen(name), &source->journal_source) != 0) {
		free(source);
		return NULL;
	}
	strcpy(source->name, name); /* at most SL_ATTACH_SOURCE_MAX: checked by admit */
	source->fd = -1;
	agg_table_ring_get(ingest->table, source->table_slot, &source->ring);
	source->overflow_dropped = agg_source_dropped(source);
	sources->source[sources->count++] = source;
	return source;
}

/*
 * Where reading goes on: a new segment at 0, the same where the table says.  An
 * aggregator that was killed had perhaps journaled events behind that; samples
 * between them are in no state and no count, so they are read again, and the
 * journal says which events not to take twice.
 */
static void resume(struct agg_ingest *ingest, struct agg_source *source)
{
	struct agg_table_ring *ring = &source->ring;
	struct agg_journal_source journaled;
	uint64_t id = source->consumer.segment.id, tail = 0;

	source->journaled_tail = 0;
	if (agg_journal_source_get(ingest->journal, source->journal_source, &journaled) ==
		0 &&
	    journaled.segment_id == id)
		source->journaled_tail = journaled.ring_position;
	if (ring->segment_id == id) {
		tail = ring->tail;
	} else {
		ring->received_before += ring->received;
		ring->dropped_before += ring->dropped;
		ring->received = ring->dropped = 0;
		ring->segment_id = id;
		tail = source->journaled_tail;
	}
	if (tail && sl_ring_seek(&source->consumer.ring, tail) != 0)
		sl_log_warn("source", "position is not in the ring source=%s tail=%llu",
		    source->name, (unsigned long long)tail);
}

static void read_positions(struct agg_ingest *ingest, const struct agg_source *source,
    struct sl_attach_positions *positions)
{
	*positions = (struct sl_attach_positions){0};
	positions->has_journaled =
	    agg_journal_last(ingest->journal, source->journal_source, source->hello.line,
		positions->journaled) == 0;
	positions->has_durable =
	    agg_journal_durable(ingest->journal, source->journal_source,
		source->hello.line, positions->durable) == 0;
	if (source->has_bare_position && agg_journal_all_durable(ingest->journal) &&
	    (!positions->has_durable || memcmp(source->bare_position, positions->durable,
					    sizeof positions->durable) > 0)) {
		positions->has_durable = true;
		memcpy(
		    positions->durable, source->bare_position, sizeof positions->durable);
	}
}

int agg_sources_attach(struct agg_sources *sources, struct agg_source *source, int fd,
    struct sl_attach_offer *offer, const struct agg_source_rights *rights,
    char reason[SL_SEGMENT_REASON])
{
	struct agg_ingest *ingest = sources->options.ingest;
	int64_t mono_ns = sl_clock_mono_ns();
	struct agg_tenant *tenant;
	int error = agg_state_tenant(ingest->state, rights->tenant, &tenant);

	if (error != 0) {
		snprintf(reason, SL_SEGMENT_REASON, "too many tenants");
		return error;
	}
	source->hello = offer->hello;
	error = sl_attach_open(&source->consumer, offer,
	    (size_t)sources->options.config->aggregator.ring_bytes_max, reason);
	if (error != 0)
		return error;
	source->tenant = tenant;
	source->rights = *rights;
	source->fd = fd;
	source->attached_mono_ns = mono_ns;
	source->event_tokens_mono_ns = mono_ns;
	source->event_tokens = (double)rights->events_per_second;
	resume(ingest, source);
	set_state(source, AGG_SOURCE_ATTACHED);
	source->set = sources;
	source->fd_event =
	    event_new(sources->options.loop, fd, EV_READ | EV_PERSIST, on_hangup, source);
	source->bell_event = event_new(sources->options.loop, source->consumer.doorbell,
	    EV_READ | EV_PERSIST | EV_ET, on_doorbell, source);
	if (!source->fd_event || !source->bell_event)
		abort();
	event_add(source->fd_event, NULL);
	event_add(source->bell_event, NULL);
	read_positions(ingest, source, &source->positions);
	sl_attach_send_accepted(fd, &source->hello, &source->positions);
	wake(sources, source);
	return 0;
}

void agg_sources_check_alive(struct agg_sources *sources, struct agg_source *source)
{
	struct sl_attach_offer none;
	char reason[SL_SEGMENT_REASON];

	if (source->fd < 0)
		return;
	int error = sl_attach_receive(source->fd, &none, reason);
	if (error == SL_EAGAIN)
		return;
	if (error == 0)
		sl_attach_offer_clear(&none);
	if (error == 0 || error == SL_EMALFORMED || error == SL_EVERSION)
		sl_log_warn("source",
		    "dropped source=%s reason=\"it speaks after its HELLO\"",
		    source->name);
	disconnect(sources, source);
}

/* ---- passes ------------------------------------------------------------------ */

/* Sends the awake sources that have nothing left to sleep, at one fence's price. */
static void go_to_sleep(struct agg_sources *sources, struct agg_source *empty)
{
	struct agg_source *source, *next;

	for (source = empty; source; source = source->next_awake)
		sl_ring_sleep_declare(&source->consumer.ring);
	if (empty)
		sl_fence_heavy();
	for (source = empty; source; source = next) {
		next = source->next_awake;
		source->awake = false;
		if (!sl_ring_sleep_check(&source->consumer.ring))
			wake(sources, source);
		else if (source->state == AGG_SOURCE_DRAINING)
			detach(sources, source, "the collector is gone");
	}
}

static void push(struct agg_source **list, struct agg_source *source)
{
	source->next_awake = *list;
	*list = source;
}

/* One turn for each awake source; those that are empty, and those with more, come apart.
 */
static void turn_all(struct agg_sources *sources, struct agg_source **empty,
    struct agg_source **more, struct agg_source **corrupt, bool *blocked, int64_t wall_ns,
    int64_t mono_ns)
{
	struct agg_source *source = sources->awake, *next;

	for (sources->awake = NULL; source; source = next) {
		next = source->next_awake;
		switch (
		    agg_ingest_turn(sources->options.ingest, source, wall_ns, mono_ns)) {
		case AGG_INGEST_EMPTY:
			push(empty, source);
			break;
		case AGG_INGEST_MORE:
			push(more, source);
			break;
		case AGG_INGEST_BLOCKED:
			push(more, source);
			*blocked = true;
			break;
		case AGG_INGEST_CORRUPT:
			push(corrupt, source);
			break;
		}
	}
}

static bool only_blocked(const struct agg_source *list)
{
	for (; list; list = list->next_awake)
		if (!list->blocked)
			return false;
	return true;
}

static void on_work(int fd, short what, void *arg)
{
	struct agg_sources *sources = arg;
	struct agg_ingest *ingest = sources->options.ingest;
	struct agg_source *empty = NULL, *more = NULL, *corrupt = NULL, *source, *next;
	int64_t wall_ns = sl_clock_wall_ns(), mono_ns = sl_clock_mono_ns();
	struct timeval retry = sl_loop_ms(BLOCKED_RETRY_MS);
	bool blocked = false;

	(void)fd, (void)what;
	turn_all(sources, &empty, &more, &corrupt, &blocked, wall_ns, mono_ns);
	sources->hooks.passed(sources->hooks.arg, wall_ns, mono_ns);
	for (source = empty; source; source = source->next_awake)
		agg_source_release(source, ingest->table);
	for (source = more; source; source = source->next_awake)
		agg_source_release(source, ingest->table);
	sources->awake = more;
	if (blocked && only_blocked(more))
		event_add(sources->retry, &retry);
	else if (more)
		event_active(sources->work, EV_TIMEOUT, 0);
	for (source = corrupt; source; source = next) {
		next = source->next_awake;
		source->awake = false;
		bar(sources, source, mono_ns);
	}
	go_to_sleep(sources, empty);
}

static void on_doorbell(int fd, short what, void *arg)
{
	struct agg_source *source = arg;

	(void)fd, (void)what;
	wake(source->set, source);
}

static void on_hangup(int fd, short what, void *arg)
{
	struct agg_source *source = arg;

	(void)fd, (void)what;
	agg_sources_check_alive(source->set, source);
}

/* ---- the set ------------------------------------------------------------------ */

struct agg_sources *agg_sources_new(
    const struct agg_sources_options *options, const struct agg_sources_hooks *hooks)
{
	struct agg_sources *sources = calloc(1, sizeof *sources);
	struct sl_slice name;
	uint32_t slot = 0;

	if (!sources)
		return NULL;
	sources->options = *options;
	sources->hooks = *hooks;
	sources->started_mono_ns = sl_clock_mono_ns();
	sources->work = event_new(options->loop, -1, 0, on_work, sources);
	sources->retry = event_new(options->loop, -1, 0, on_work, sources);
	sources->admit = agg_admit_new(sources, options);
	if (!sources->work || !sources->retry || !sources->admit) {
		agg_sources_free(sources);
		return NULL;
	}
	while ((slot = agg_table_ring_next(options->ingest->table, slot, &name)) !=
	       AGG_TABLE_NO_SLOT) {
		char text[SL_ATTACH_SOURCE_MAX + 1];
		slot++;
		if (!sl_attach_source_valid(name.data, name.len))
			continue;
		memcpy(text, name.data, name.len);
		text[name.len] = '\0';
		agg_sources_make(sources, text);
	}
	agg_sources_configure(sources, options->config);
	return sources;
}

void agg_sources_free(struct agg_sources *sources)
{
	if (!sources)
		return;
	agg_admit_free(sources->admit);
	sources->admit = NULL;
	for (size_t i = 0; i < sources->count; i++) {
		struct agg_source *source = sources->source[i];
		if (source->state != AGG_SOURCE_GONE) {
			agg_source_release(source, sources->options.ingest->table);
			source->state = AGG_SOURCE_GONE;
			disconnect(sources, source);
			sl_attach_close(&source->consumer);
		}
		free(source->series);
		free(source);
	}
	free(sources->source);
	if (sources->work)
		event_free(sources->work);
	if (sources->retry)
		event_free(sources->retry);
	free(sources);
}

void agg_sources_configure(struct agg_sources *sources, const struct sl_config *config)
{
	sources->options.config = config;
	agg_admit_configure(sources->admit, config);
	for (size_t i = 0; i < config->collector_count; i++) {
		const struct sl_config_collector *section = &config->collector[i];
		if (section->enabled && section->start)
			agg_sources_make(sources, section->title);
	}
	for (size_t i = 0; i < sources->count; i++) {
		struct agg_source *source = sources->source[i];
		agg_admit_rights(sources->admit, source->name, &source->rights);
	}
}

/*
 * Whether a source is silent beyond its deadline.  One that nobody said would
 * run (a load test, a script) is not missed once it has gone.
 */
static bool silent(const struct agg_sources *sources, const struct agg_source *source,
    int64_t mono_ns, int64_t *age_ns)
{
	int64_t since = source->last_mono_ns;

	if (since == 0)
		since = source->attached_mono_ns ? source->attached_mono_ns
						 : sources->started_mono_ns;
	*age_ns = source->ring.seen_ns ? mono_ns - since : INT64_MAX;
	if (!source->rights.expected && source->state != AGG_SOURCE_ATTACHED)
		return false;
	return mono_ns - since > source->rights.stale_after_ns;
}

void agg_sources_tick(struct agg_sources *sources, int64_t mono_ns)
{
	agg_admit_tick(sources->admit, mono_ns);
	for (size_t i = 0; i < sources->count; i++) {
		struct agg_source *source = sources->source[i];
		int64_t age_ns;
		bool stale = silent(sources, source, mono_ns, &age_ns);
		agg_source_check_drops(source, mono_ns);
		if (stale == source->stale)
			continue;
		source->stale = stale;
		sources->hooks.stale(sources->hooks.arg, source, stale, age_ns);
	}
}

void agg_sources_progress(struct agg_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		struct agg_source *source = sources->source[i];
		struct sl_attach_positions now;
		if (source->fd < 0)
			continue;
		read_positions(sources->options.ingest, source, &now);
		if (memcmp(&now, &source->positions, sizeof now) == 0)
			continue;
		int error = sl_attach_send_progress(source->fd, &now);
		if (error == 0)
			source->positions = now;
	}
}

void agg_sources_each(struct agg_sources *sources,
    void (*each)(void *arg, const struct agg_source *source), void *arg)
{
	for (size_t i = 0; i < sources->count; i++)
		each(arg, sources->source[i]);
}

size_t agg_sources_active(const struct agg_sources *sources)
{
	size_t active = 0;

	for (size_t i = 0; i < sources->count; i++)
		active += sources->source[i]->state == AGG_SOURCE_ATTACHED &&
			  !sources->source[i]->stale;
	return active;
}

uint64_t agg_sources_received(const struct agg_sources *sources)
{
	uint64_t received = 0;

	for (size_t i = 0; i < sources->count; i++)
		received += agg_source_received(sources->source[i]);
	return received;
}
