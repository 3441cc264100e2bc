/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint of Server-Sent Events. */
#ifndef GW_STREAM_H
#define GW_STREAM_H

#include "call.h"

/*
 * gw_stream_open answers a request with an event stream: what its query names
 * (topics or metrics, sources, categories), else all metrics and alerts;
 * resumed at its cursor (since, last_event_id, lastEventId, Last-Event-ID).
 */
void gw_stream_open(struct gw_call *call);

#endif
