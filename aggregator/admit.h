/* SPDX-License-Identifier: Apache-2.0 */
/* The door of the aggregator: who may attach as which source. */
#ifndef AGG_ADMIT_H
#define AGG_ADMIT_H

#include <stdint.h>

#include "sources.h"

/*
 * A peer says a name; everything else it gets from the section of that name in
 * the configuration and from the kernel's word of who it is.
 */
struct agg_admit;

/* agg_admit_new begins to accept on options->listener; NULL without memory. */
struct agg_admit *agg_admit_new(
    struct agg_sources *sources, const struct agg_sources_options *options);

/* agg_admit_free closes the handshakes under way. */
void agg_admit_free(struct agg_admit *admit);

/* agg_admit_configure follows a reload. */
void agg_admit_configure(struct agg_admit *admit, const struct sl_config *config);

/* agg_admit_rights gives what a source of that name may do. */
void agg_admit_rights(
    const struct agg_admit *admit, const char *name, struct agg_source_rights *rights);

/* agg_admit_denied returns NULL, or why this peer may not be that source. */
const char *agg_admit_denied(
    const struct agg_admit *admit, const char *name, const struct sl_attach_peer *peer);

/* agg_admit_retry looks again at handshakes that waited for that source to be drained. */
void agg_admit_retry(struct agg_admit *admit, const char *name);

/* agg_admit_tick ends handshakes that take too long. */
void agg_admit_tick(struct agg_admit *admit, int64_t mono_ns);

#endif
