/* SPDX-License-Identifier: Apache-2.0 */
/* The public collector library: a segment, its writers and the link to the aggregator. */
#include <sightline/collector.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "dict.h"
#include "error.h"
#include "link.h"
#include "ring.h"
#include "uuid.h"

static_assert(SIGHTLINE_SOURCE_MAX == SL_ATTACH_SOURCE_MAX &&
		  SIGHTLINE_NAME_MAX == SL_DICT_NAME_MAX &&
		  SIGHTLINE_NAME_MAX == SL_RING_TYPE_MAX &&
		  SIGHTLINE_UNIT_MAX == SL_DICT_UNIT_MAX &&
		  SIGHTLINE_LABELS_MAX == SL_DICT_LABELS_MAX &&
		  SIGHTLINE_LABEL_KEY_MAX == SL_DICT_LABEL_KEY_MAX &&
		  SIGHTLINE_LABEL_VALUE_MAX == SL_DICT_LABEL_VALUE_MAX &&
		  SIGHTLINE_AUDIENCE_MAX == SL_RING_AUDIENCE_MAX &&
		  SIGHTLINE_PAYLOAD_MAX == SL_RING_PAYLOAD_MAX &&
		  SIGHTLINE_METRICS_MAX == SL_DICT_DEFS_MAX &&
		  SIGHTLINE_POSITION_BYTES == SL_RING_POSITION_BYTES,
    "the public limits are the ones of the bus");

struct sightline_collector {
	struct sl_ring_writer ring;
	struct sl_dict_writer dict;
	uint64_t samples_pushed;
	uint64_t events_pushed;
	struct sl_segment segment;
	int doorbell;
	struct sl_link link;
};

static_assert((int)SIGHTLINE_DETACHED == SL_LINK_DETACHED &&
		  (int)SIGHTLINE_ATTACHING == SL_LINK_ATTACHING &&
		  (int)SIGHTLINE_ATTACHED == SL_LINK_ATTACHED &&
		  (int)SIGHTLINE_REFUSED == SL_LINK_REFUSED,
    "the public states are the ones of the link");

const char *sightline_strerror(int code)
{
	switch (code) {
	case 0:
		return "ok";
	case SIGHTLINE_EFULL:
		return "no space in the ring";
	case SIGHTLINE_EINVAL:
		return "invalid argument";
	case SIGHTLINE_ETOOBIG:
		return "larger than the limit";
	case SIGHTLINE_ENOMEM:
		return "out of memory";
	case SIGHTLINE_ESYS:
		return "system call failed";
	case SIGHTLINE_ETIME:
		return "timed out";
	default:
		return "unknown error";
	}
}

/* The bus's codes in the public ones. */
static int public_code(int error)
{
	switch (error) {
	case SL_OK:
		return 0;
	case SL_EFULL:
		return SIGHTLINE_EFULL;
	case SL_ETOOBIG:
		return SIGHTLINE_ETOOBIG;
	case SL_ENOMEM:
		return SIGHTLINE_ENOMEM;
	case SL_ESYS:
		return SIGHTLINE_ESYS;
	default:
		return SIGHTLINE_EINVAL;
	}
}

/* ---- life cycle -------------------------------------------------------------- */

/* FNV-1a: a line that is the same for every start of this source. */
static uint64_t line_of(const char *source)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *source; source++)
		hash = (hash ^ (unsigned char)*source) * 0x100000001b3ull;
	return hash;
}

static int set_up(struct sightline_collector *c, const struct sightline_options *options)
{
	int err = sl_segment_create(&c->segment, options->source, options->ring_bytes);

	if (err < 0)
		return err;
	c->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->doorbell < 0)
		return SL_ESYS;
	sl_ring_writer_init(&c->ring, &c->segment, c->doorbell);
	sl_dict_writer_init(&c->dict, &c->segment);
	uint64_t line = options->line ? options->line : line_of(options->source);
	return sl_link_open(&c->link, options->attach_path, options->source, line,
	    &c->segment, &c->ring, c->doorbell);
}

int sightline_open(
    struct sightline_collector **out, const struct sightline_options *options)
{
	if (!options->source || !options->attach_path)
		return SIGHTLINE_EINVAL;
	struct sightline_collector *c = calloc(1, sizeof(*c));
	if (!c)
		return SIGHTLINE_ENOMEM;
	c->doorbell = c->link.sock = c->link.timer = c->link.epoll = -1;
	int err = set_up(c, options);
	if (err < 0) {
		int saved = errno;
		sightline_close(c);
		errno = saved;
		return public_code(err);
	}
	*out = c;
	return 0;
}

void sightline_close(struct sightline_collector *c)
{
	if (!c)
		return;
	sl_link_close(&c->link);
	if (c->doorbell >= 0)
		close(c->doorbell);
	sl_segment_close(&c->segment);
	free(c);
}

enum sightline_state sightline_get_state(const struct sightline_collector *c)
{
	return (enum sightline_state)c->link.state;
}

const char *sightline_refusal(const struct sightline_collector *c)
{
	return c->link.refusal;
}

int sightline_fd(const struct sightline_collector *c)
{
	return c->link.epoll;
}

enum sightline_state sightline_service(struct sightline_collector *c)
{
	sl_link_service(&c->link);
	return sightline_get_state(c);
}

/* ---- waiting ----------------------------------------------------------------- */

/* A deadline on the monotonic clock; timeouts below 0 never end. */
static int64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX
			      : sl_clock_mono_ns() + timeout_ms * SL_NS_PER_MS;
}

/*
 * Serves the attach socket for at most step_ms (negative: until something
 * happens); false if the deadline was reached before.
 */
static bool wait_step(struct sightline_collector *c, int64_t deadline_ns, int step_ms)
{
	int64_t left_ns = deadline_ns - sl_clock_mono_ns();

	if (left_ns <= 0)
		return false;
	int64_t left_ms = (left_ns + SL_NS_PER_MS - 1) / SL_NS_PER_MS;
	if (step_ms < 0 || step_ms > left_ms)
		step_ms = left_ms > 60000 ? 60000 : (int)left_ms;
	struct pollfd pfd = {.fd = c->link.epoll, .events = POLLIN};
	if (poll(&pfd, 1, step_ms) > 0)
		sightline_service(c);
	return true;
}

int sightline_wait_attached(struct sightline_collector *c, int timeout_ms)
{
	int64_t deadline_ns = deadline_of(timeout_ms);

	sightline_service(c);
	while (c->link.state != SL_LINK_ATTACHED)
		if (!wait_step(c, deadline_ns, -1))
			return SIGHTLINE_ETIME;
	return 0;
}

int sightline_flush(struct sightline_collector *c, int timeout_ms)
{
	int64_t deadline_ns = deadline_of(timeout_ms);

	sightline_service(c);
	for (int step_ms = 1; !sl_ring_drained(&c->ring); step_ms += step_ms < 16)
		if (!wait_step(c, deadline_ns, step_ms))
			return SIGHTLINE_ETIME;
	return 0;
}

/* ---- metrics ----------------------------------------------------------------- */

int sightline_define(struct sightline_collector *c, const struct sightline_metric *metric,
    uint32_t *handle)
{
	struct sl_dict_def def = {
	    .kind = (enum sl_dict_kind)metric->kind,
	    .name = sl_slice_text(metric->name),
	    .unit = sl_slice_text(metric->unit),
	    .label_count = metric->label_count,
	};

	if (metric->label_count > SL_DICT_LABELS_MAX)
		return SIGHTLINE_ETOOBIG;
	for (size_t i = 0; i < metric->label_count; i++) {
		def.labels[i].key = sl_slice_text(metric->labels[i].key);
		def.labels[i].value = sl_slice_text(metric->labels[i].value);
	}
	return public_code(sl_dict_add(&c->dict, &def, handle));
}

int sightline_push(
    struct sightline_collector *c, uint32_t handle, double value, int64_t time_ns)
{
	if (handle >= c->dict.count)
		return SIGHTLINE_EINVAL;
	if (sl_ring_push(
		&c->ring, handle, value, time_ns ? time_ns : sl_clock_wall_ns()) < 0)
		return SIGHTLINE_EFULL;
	c->samples_pushed++;
	return 0;
}

size_t sightline_push_batch(
    struct sightline_collector *c, const struct sightline_sample *samples, size_t count)
{
	size_t got, n = 0;
	struct sl_ring_sample *to = sl_ring_claim(&c->ring, count, &got);

	for (; n < got && samples[n].handle < c->dict.count; n++) {
		int64_t time_ns = samples[n].time_ns;

		to[n].metric = samples[n].handle;
		to[n].value = samples[n].value;
		to[n].time_ns = time_ns ? time_ns : sl_clock_wall_ns();
	}
	sl_ring_commit(&c->ring, n);
	if (n < count)
		sl_ring_drop_samples(&c->ring, count - n);
	c->samples_pushed += n;
	return n;
}

/* ---- events ------------------------------------------------------------------ */

int sightline_push_event(
    struct sightline_collector *c, const struct sightline_event *event, int wait_ms)
{
	struct sl_ring_event out = {
	    .time_ns = event->time_ns ? event->time_ns : sl_clock_wall_ns(),
	    .has_position = event->position != NULL,
	    .type = sl_slice_text(event->type),
	    .audience = (enum sl_audience)event->audience,
	    .audience_name = sl_slice_text(event->audience_name),
	    .payload = {event->payload, event->payload_bytes},
	};
	int64_t deadline_ns = wait_ms == 0 ? 0 : deadline_of(wait_ms);
	int err;

	if (event->id)
		memcpy(out.id, event->id, sizeof(out.id));
	else
		sl_uuid_make(out.id);
	if (event->position)
		memcpy(out.position, event->position, sizeof(out.position));
	for (int step_ms = 1; (err = sl_ring_push_event(&c->ring, &out)) == SL_EFULL;
	     step_ms += step_ms < 16)
		if (wait_ms == 0 || !wait_step(c, deadline_ns, step_ms))
			break;
	if (err == SL_OK)
		c->events_pushed++;
	else if (err == SL_EFULL && !event->position)
		sl_ring_drop_event(&c->ring); /* nobody can write it again */
	return public_code(err);
}

int sightline_fits(struct sightline_collector *c, const struct sightline_event *events,
    size_t event_count, size_t sample_count)
{
	uint64_t bytes = sample_count * sizeof(struct sl_ring_sample);

	for (size_t i = 0; i < event_count; i++) {
		struct sl_ring_event event = {
		    .type = sl_slice_text(events[i].type),
		    .audience = (enum sl_audience)events[i].audience,
		    .audience_name = sl_slice_text(events[i].audience_name),
		    .payload = {events[i].payload, events[i].payload_bytes},
		};
		uint64_t size;
		int err = sl_ring_event_bytes(&c->ring, &event, &size);
		if (err < 0)
			return public_code(err);
		bytes += size;
	}
	return public_code(sl_ring_room(&c->ring, bytes));
}

int sightline_push_position(
    struct sightline_collector *c, const unsigned char position[16], int wait_ms)
{
	int64_t deadline_ns = wait_ms == 0 ? 0 : deadline_of(wait_ms);
	int err;

	for (int step_ms = 1;
	     (err = sl_ring_push_position(&c->ring, position)) == SL_EFULL;
	     step_ms += step_ms < 16)
		if (wait_ms == 0 || !wait_step(c, deadline_ns, step_ms))
			break;
	return public_code(err);
}

int sightline_journaled(const struct sightline_collector *c, unsigned char position[16])
{
	if (c->link.positions.has_journaled)
		memcpy(position, c->link.positions.journaled, SL_RING_POSITION_BYTES);
	return c->link.positions.has_journaled;
}

int sightline_durable(const struct sightline_collector *c, unsigned char position[16])
{
	if (c->link.positions.has_durable)
		memcpy(position, c->link.positions.durable, SL_RING_POSITION_BYTES);
	return c->link.positions.has_durable;
}

/* ---- counters ---------------------------------------------------------------- */

void sightline_get_counters(
    const struct sightline_collector *c, struct sightline_counters *out)
{
	*out = (struct sightline_counters){
	    .samples_pushed = c->samples_pushed,
	    .samples_dropped = c->ring.samples_dropped,
	    .events_pushed = c->events_pushed,
	    .events_dropped = c->ring.events_dropped,
	    .attaches = c->link.attaches,
	    .refusals = c->link.refusals,
	    .doorbells = c->ring.doorbells,
	};
}
