/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one source's attachment: taken, drained, ended, barred. */
#ifndef AGG_SOURCE_LIFE_H
#define AGG_SOURCE_LIFE_H

#include "sources.h"

/*
 * agg_source_life_take takes an offer whose sender may be this source, which
 * must be gone.  On success fd and the offer's descriptors belong to the source.
 * On failure reason says why and the offer keeps them.
 */
int agg_source_life_take(struct agg_sources *sources, struct agg_source *source, int fd,
    struct sl_attach_offer *offer, const struct agg_source_rights *rights,
    char reason[SL_SEGMENT_REASON]);

/* agg_source_life_check notices that the collector of a source has gone. */
void agg_source_life_check(struct agg_sources *sources, struct agg_source *source);

/*
 * agg_source_life_end ends an attachment; what was not read stays in the
 * segment.  The source must not be on the awake list.
 */
void agg_source_life_end(
    struct agg_sources *sources, struct agg_source *source, const char *why);

/*
 * agg_source_life_bar ends the attachment of a corrupt ring and refuses the
 * source for a while, which grows with every time.
 */
void agg_source_life_bar(
    struct agg_sources *sources, struct agg_source *source, int64_t mono_ns);

/* agg_source_life_progress tells an attached collector how far it has come. */
void agg_source_life_progress(struct agg_sources *sources, struct agg_source *source);

/* agg_source_life_clear ends what a source holds, without a word to anybody. */
void agg_source_life_clear(struct agg_sources *sources, struct agg_source *source);

#endif
