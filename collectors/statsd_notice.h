/* SPDX-License-Identifier: Apache-2.0 */
/* DogStatsD's events and service checks.  Pure: bytes in, slices and JSON out. */
#ifndef COL_STATSD_NOTICE_H
#define COL_STATSD_NOTICE_H

#include "buf.h"
#include "entry.h"

/* The results of a check, as numbers of the datagram. */
#define COL_STATSD_CHECK_STATUSES 4

/*
 * _e{TITLE-BYTES,TEXT-BYTES}:title|text[|d:time][|h:host][|p:priority]
 *     [|t:alert type][|s:source][|k:aggregation key][|#tag,…]
 * _sc|name|status[|d:time][|h:host][|#tag,…][|m:message]
 *
 * Slices without bytes are absent; they belong to the line.
 */
struct col_statsd_notice {
	struct sl_slice title; /* of an event; the name of a check */
	struct sl_slice text;  /* of an event; the message of a check */
	int status;            /* of a check: 0 ok, 1 warning, 2 critical, 3 unknown */
	double time_s;         /* since the epoch; 0: none was given */
	struct sl_slice host, priority, alert_type, source, aggregation_key, tags;
};

/*
 * Both take a line without its end apart, _event one that begins with "_e{",
 * _check one that begins with "_sc|".  Return 0 or SL_EMALFORMED.
 */
int col_statsd_notice_event(struct sl_slice line, struct col_statsd_notice *out);
int col_statsd_notice_check(struct sl_slice line, struct col_statsd_notice *out);

/*
 * Both append the payload of an event of the catalog, a JSON object.  "\n" in
 * texts, two characters, is a line end.
 */
void col_statsd_notice_event_payload(
    const struct col_statsd_notice *notice, struct sl_buf *out);
void col_statsd_notice_check_payload(
    const struct col_statsd_notice *notice, struct sl_buf *out);

#endif
