/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of one of the five logs: an event, or a transition of an alert. */
#ifndef SL_ENTRY_H
#define SL_ENTRY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The five logs.  Each has its own sequence that starts at 1 and grows by 1;
 * order holds within a log.  The numbers travel on the bus, in the journal
 * and in cursors.
 */
#define SL_STREAM_TABLE(X)                                                               \
	X(SL_STREAM_ALERTS, 0, "alerts")                                                 \
	X(SL_STREAM_CRITICAL, 1, "critical")                                             \
	X(SL_STREAM_HIGH, 2, "high")                                                     \
	X(SL_STREAM_NORMAL, 3, "normal")                                                 \
	X(SL_STREAM_LOW, 4, "low")

enum sl_stream {
#define X(name, value, text) name = (value),
	SL_STREAM_TABLE(X)
#undef X
	    SL_STREAM_COUNT,
};

/* sl_stream_name returns the name of a log: a static string, "?" if unknown. */
const char *sl_stream_name(int stream);

/* sl_stream_parse maps a log's name (an event's priority) to it; -1 if unknown. */
int sl_stream_parse(const char *name, size_t len);

/* A slice of bytes that somebody else owns; not NUL-terminated. */
struct sl_slice {
	const char *data;
	size_t len;
};

/* sl_slice_text makes a slice of a C string (NULL: empty); it lives as long as the
 * string. */
static inline struct sl_slice sl_slice_text(const char *text)
{
	return (struct sl_slice){
	    .data = text ? text : "", .len = text ? strlen(text) : 0};
}

enum sl_entry_kind {
	SL_ENTRY_EVENT = 0,       /* client message "event" */
	SL_ENTRY_ALERT_FIRED = 1, /* client message "system_alert" */
	SL_ENTRY_ALERT_CHANGE = 2 /* client message "alert_update" */
};

enum sl_audience {
	SL_AUDIENCE_ALL = 0,
	SL_AUDIENCE_SUB = 1, /* only for this subject of the tenant */
	SL_AUDIENCE_ROLE = 2 /* only for this role */
};

/* Largest packed entry: a payload of 64 KiB and what surrounds it. */
#define SL_ENTRY_MAX (96u * 1024u)

/*
 * The slices point into the memory that the entry was read from (a bus
 * message, the journal, a gateway's window) and live as long as that does.
 */
struct sl_entry {
	enum sl_stream stream;
	enum sl_entry_kind kind;
	uint64_t seq;      /* in its log */
	int64_t ts_us;     /* collect time, microseconds since the epoch */
	int64_t ingest_us; /* when the aggregator took it from the ring */
	struct sl_slice tenant;
	struct sl_slice module; /* decides who may see it */
	struct sl_slice topic;  /* "events.content.updated", "alerts" */
	struct sl_slice source; /* name of the collector instance */
	struct sl_slice key;    /* the event's or the alert's id */
	uint8_t active;         /* alert: 1 while pending or firing */
	enum sl_audience audience;
	struct sl_slice audience_name;
	struct sl_slice body; /* the JSON object that clients get as "data" */
};

#endif
