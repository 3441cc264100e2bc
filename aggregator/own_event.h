/* SPDX-License-Identifier: Apache-2.0 */
/* Events that the aggregator itself has to tell, in the logs beside those of sources. */
#ifndef AGG_OWN_EVENT_H
#define AGG_OWN_EVENT_H

#include "command.h"
#include "source.h"

/*
 * Both write an event of source "sightline" into the journal and publish it; what
 * the journal has no room for is logged and gone.  Neither blocks.  The catalog
 * may lack their types: then nothing is told.
 *
 * agg_own_event_audit tells that caller, verified, asked for a change, and what
 * came of it: audit.recorded in the caller's tenant.
 */
void agg_own_event_audit(struct agg_ingest *ingest, const struct agg_caller *caller,
    const struct sl_msg_request *request, const struct agg_answer *answer);

/* agg_own_event_corrupt tells what a source did to its ring: security.incident. */
void agg_own_event_corrupt(
    struct agg_ingest *ingest, const struct agg_source *source, const char *reason);

#endif
