/* SPDX-License-Identifier: Apache-2.0 */
/* Write samples and events into a Sightline aggregator from any C program. */
#ifndef SIGHTLINE_COLLECTOR_H
#define SIGHTLINE_COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A collector owns one shared-memory segment: a ring of samples and events
 * and the definitions of its metrics.  Writing is possible from the first
 * moment on, whether or not an aggregator is there; the library attaches the
 * segment as soon as one is, and attaches the same segment again after the
 * aggregator was restarted, so that what is in the ring is never lost with it.
 *
 * One thread at a time may use a handle.  No function blocks unless its
 * contract says so; none writes to stderr, installs signal handlers or starts
 * threads.  A handle must not be used in a child after fork().
 *
 * Functions return 0 (or a count) or one of the negative codes below.
 */
#define SIGHTLINE_EFULL   (-1) /* no space in the ring; what was dropped is counted */
#define SIGHTLINE_EINVAL  (-2) /* an argument is outside its contract */
#define SIGHTLINE_ETOOBIG (-3) /* larger than a limit below, or too many */
#define SIGHTLINE_ENOMEM  (-4) /* out of memory */
#define SIGHTLINE_ESYS    (-5) /* a system call failed; errno says how */
#define SIGHTLINE_ETIME   (-6) /* the time to wait is over */

/* sightline_strerror returns the text of a code: a static string, never NULL. */
const char *sightline_strerror(int code);

#define SIGHTLINE_SOURCE_MAX      64u  /* bytes of a source's name */
#define SIGHTLINE_NAME_MAX        128u /* bytes of a metric's name or an event's type */
#define SIGHTLINE_UNIT_MAX        64u
#define SIGHTLINE_LABELS_MAX      16u
#define SIGHTLINE_LABEL_KEY_MAX   64u
#define SIGHTLINE_LABEL_VALUE_MAX 256u
#define SIGHTLINE_AUDIENCE_MAX    256u
#define SIGHTLINE_PAYLOAD_MAX     65536u /* bytes of an event's payload */
#define SIGHTLINE_METRICS_MAX     65536u /* definitions of one collector */
#define SIGHTLINE_POSITION_BYTES  16u

struct sightline_collector;

/* ---- life cycle ------------------------------------------------------------- */

/*
 * Zeroed members have the default that is named.  The strings are copied.
 */
struct sightline_options {
	/* Name of this source, as in the aggregator's configuration:
	 * [A-Za-z0-9][A-Za-z0-9._-]*.  Required. */
	const char *source;
	/* Path of the aggregator's attach socket ("…/run/attach").  Required. */
	const char *attach_path;
	/* Identifies the upstream within which positions grow; give another
	 * one when the upstream starts anew.  Default: derived from source. */
	uint64_t line;
	/* Size of the ring, a power of two from 64 KiB to 64 MiB.  Default: 4 MiB. */
	size_t ring_bytes;
};

/*
 * sightline_open creates the segment and begins to attach it.  That no
 * aggregator answers is no error.  On success *out is owned by the caller and
 * ends with sightline_close.  Errors: EINVAL, ETOOBIG (socket path), ENOMEM,
 * ESYS.
 */
int sightline_open(
    struct sightline_collector **out, const struct sightline_options *options);

/*
 * sightline_close detaches and frees; NULL is allowed.  An attached aggregator
 * still drains what is in the ring; without one it is lost (sightline_flush).
 */
void sightline_close(struct sightline_collector *collector);

enum sightline_state {
	SIGHTLINE_DETACHED = 0, /* no aggregator there, trying again with back-off */
	SIGHTLINE_ATTACHING,    /* offered, no answer yet */
	SIGHTLINE_ATTACHED,     /* accepted: the aggregator reads the ring */
	SIGHTLINE_REFUSED       /* refused, see sightline_refusal; trying again */
};

enum sightline_state sightline_get_state(const struct sightline_collector *collector);

/*
 * sightline_refusal returns why the aggregator last refused this source, ""
 * if it never did since it last accepted.  Valid until the next call of
 * sightline_service.
 */
const char *sightline_refusal(const struct sightline_collector *collector);

/*
 * sightline_fd returns the descriptor that an event loop watches for reading
 * (level-triggered): one and the same for the life of the handle, not to be
 * read or closed by the caller.  When it is readable, sightline_service has
 * something to do: an answer, a new durable position, a lost aggregator, a
 * retry that is due.
 */
int sightline_fd(const struct sightline_collector *collector);

/*
 * sightline_service does what is due on the attach socket and returns the
 * state after it.  Call it when sightline_fd is readable; calling it without
 * need is cheap and harmless.
 */
enum sightline_state sightline_service(struct sightline_collector *collector);

/*
 * sightline_wait_attached blocks for at most timeout_ms (negative: for ever)
 * until an aggregator has accepted; 0, or SIGHTLINE_ETIME.  For programs
 * without an event loop, and for sources that must know where to resume.
 */
int sightline_wait_attached(struct sightline_collector *collector, int timeout_ms);

/*
 * sightline_flush blocks for at most timeout_ms (negative: for ever) until
 * the aggregator has taken everything out of the ring; 0, or SIGHTLINE_ETIME.
 */
int sightline_flush(struct sightline_collector *collector, int timeout_ms);

/* ---- metrics ---------------------------------------------------------------- */

enum sightline_kind {
	SIGHTLINE_GAUGE = 0,
	SIGHTLINE_COUNTER = 1,
	SIGHTLINE_TIMER = 2,
};

struct sightline_label {
	const char *key;   /* [a-z_][a-z0-9_]* */
	const char *value; /* UTF-8 */
};

/* Module, thresholds and direction come from the aggregator's catalog. */
struct sightline_metric {
	const char *name; /* [a-z_][a-z0-9_]* */
	enum sightline_kind kind;
	const char *unit; /* UTF-8, NULL for none */
	const struct sightline_label *labels;
	size_t label_count;
};

/*
 * sightline_define announces a series and gives its handle: 0, 1, 2, … in the
 * order of the calls.  It copies everything.  The same series twice gives two
 * handles that mean the same, and uses two of the SIGHTLINE_METRICS_MAX
 * definitions.  Errors: EINVAL, ETOOBIG (a length, or no room for more).
 */
int sightline_define(struct sightline_collector *collector,
    const struct sightline_metric *metric, uint32_t *handle);

/*
 * sightline_push writes one sample.  time_ns is wall-clock time since the
 * epoch, 0 for now.  Never blocks, never allocates.  SIGHTLINE_EFULL if the
 * ring is full (the sample is dropped and counted), SIGHTLINE_EINVAL if the
 * handle was never given.
 */
int sightline_push(struct sightline_collector *collector, uint32_t handle, double value,
    int64_t time_ns);

struct sightline_sample {
	uint32_t handle;
	uint32_t reserved; /* 0 */
	double value;
	int64_t time_ns; /* 0 for now */
};

/*
 * sightline_push_batch writes samples in their order and makes them visible
 * together.  Returns how many were written; the rest, the newest, found the
 * ring full, or the first of them has an unknown handle, and is dropped and
 * counted.
 */
size_t sightline_push_batch(struct sightline_collector *collector,
    const struct sightline_sample *samples, size_t count);

/* ---- events ----------------------------------------------------------------- */

enum sightline_audience {
	SIGHTLINE_EVERYONE = 0,
	SIGHTLINE_SUB = 1, /* only this subject */
	SIGHTLINE_ROLE = 2 /* only this role */
};

/*
 * A position says how far the source has come: 16 big-endian bytes that grow
 * within a line (LSN and index, sequence number, file offset).  The aggregator
 * ignores events at or below the newest position that it has journaled, so a
 * source that starts again from an older point repeats nothing.
 */
struct sightline_event {
	const char *type; /* dotted name from the catalog, "content.updated" */
	int64_t time_ns;  /* 0 for now */
	enum sightline_audience audience;
	const char *audience_name;     /* with SUB and ROLE */
	const unsigned char *id;       /* 16 bytes, a UUID; NULL: one is made */
	const unsigned char *position; /* 16 bytes; NULL: none */
	const void *payload;           /* a JSON object, UTF-8 */
	size_t payload_bytes;
};

/*
 * sightline_push_event writes one event.  While the ring is full it blocks
 * for at most wait_ms (0: not at all, negative: for ever) and serves the
 * attach socket meanwhile, so that a restarted aggregator can make room.
 * Errors: EFULL (no space; dropped and counted, unless it has a position, by
 * which its source can write it again), EINVAL, ETOOBIG (a limit, or more than
 * a quarter of the ring).
 */
int sightline_push_event(struct sightline_collector *collector,
    const struct sightline_event *event, int wait_ms);

/*
 * sightline_fits says whether so many events and samples would all be written
 * now: 0, SIGHTLINE_EFULL, or what sightline_push_event would say of an event.
 * ETOOBIG, too, if an empty ring had no room for all of them.  Until this
 * handle writes something else, a 0 holds.
 */
int sightline_fits(struct sightline_collector *collector,
    const struct sightline_event *events, size_t event_count, size_t sample_count);

/*
 * sightline_push_position records that the source has come so far without an
 * event to show for it.  Blocks as sightline_push_event does.
 */
int sightline_push_position(
    struct sightline_collector *collector, const unsigned char position[16], int wait_ms);

/*
 * Both copy the newest position of this line that the aggregator has
 * reported and return 1; 0 if it has reported none yet.  Journaled: survives
 * the death of every process; what upstream has after it must be written
 * again after a restart of this program.  Durable: synced to disk; what
 * upstream has up to it may be acknowledged.
 */
int sightline_journaled(
    const struct sightline_collector *collector, unsigned char position[16]);
int sightline_durable(
    const struct sightline_collector *collector, unsigned char position[16]);

/* ---- counters --------------------------------------------------------------- */

struct sightline_counters {
	uint64_t samples_pushed;
	uint64_t samples_dropped;
	uint64_t events_pushed; /* positions not included */
	uint64_t events_dropped;
	uint64_t attaches; /* times an aggregator accepted */
	uint64_t refusals;
	uint64_t doorbells; /* wake-ups sent */
};
void sightline_get_counters(
    const struct sightline_collector *collector, struct sightline_counters *out);

#ifdef __cplusplus
}
#endif

#endif
