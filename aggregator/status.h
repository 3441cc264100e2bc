/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to GET /api/v1/status. */
#ifndef AGG_STATUS_H
#define AGG_STATUS_H

#include "common/buf.h"

struct agg_core;

/*
 * agg_status_json appends the status object: the six fields of requirement
 * document 000 first, then epoch, sources, gateways, rings, bus, journal.
 */
void agg_status_json(struct agg_core *core, struct sl_buf *out);

#endif
