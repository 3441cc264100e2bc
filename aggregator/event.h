/* SPDX-License-Identifier: Apache-2.0 */
/* An event on its way from a ring to the journal: checked, rendered, packed. */
#ifndef AGG_EVENT_H
#define AGG_EVENT_H

#include <stdint.h>

#include "common/buf.h"
#include "common/catalog.h"
#include "shm/ring.h"

#define AGG_EVENT_FUTURE_NS 5000000000LL /* further ahead is refused (DESIGN §5) */

/* X(id, text): why an event is refused. */
#define AGG_EVENT_REFUSAL_TABLE(X)                                                       \
	X(AGG_EVENT_OK, "accepted")                                                      \
	X(AGG_EVENT_UNKNOWN_TYPE, "the catalog does not declare its type")               \
	X(AGG_EVENT_BAD_TYPE, "its type is not a dotted name")                           \
	X(AGG_EVENT_FOREIGN_MODULE, "the source may not write its module")               \
	X(AGG_EVENT_FUTURE, "its time is more than 5 s ahead")                           \
	X(AGG_EVENT_BAD_PAYLOAD, "its payload is not one JSON object")                   \
	X(AGG_EVENT_BAD_AUDIENCE, "its audience is not valid UTF-8")                     \
	X(AGG_EVENT_BAD_FIELD, "a field of its payload is missing or of another type")

enum agg_event_refusal {
#define X(id, text) id,
	AGG_EVENT_REFUSAL_TABLE(X)
#undef X
};

/* agg_event_refusal_text returns the text of the table. */
const char *agg_event_refusal_text(enum agg_event_refusal refusal);

/* Who an event comes from and what it may write. */
struct agg_event_origin {
	const struct sl_catalog *catalog;
	const char *tenant;
	const char *source;
	uint64_t modules; /* mask */
	int64_t now_ns;   /* wall clock */
};

/* What agg_event_check found. */
struct agg_event_verdict {
	enum agg_event_refusal refusal;
	const struct sl_catalog_event *type;  /* unless unknown */
	const struct sl_catalog_field *field; /* the one of AGG_EVENT_BAD_FIELD */
};

/*
 * agg_event_check judges an event of a ring and gives its type of the catalog,
 * which names its log (type->priority), its module and its fields.  Pure.
 */
struct agg_event_verdict agg_event_check(
    const struct agg_event_origin *origin, const struct sl_ring_event *event);

/*
 * agg_event_pack appends the packed entry (sl_msg_entry_pack) of an event that
 * agg_event_check accepted, with its place seq in the log of its type.  body is
 * scratch memory.
 */
void agg_event_pack(const struct agg_event_origin *origin,
    const struct sl_ring_event *event, const struct sl_catalog_event *type, uint64_t seq,
    struct sl_buf *body, struct sl_buf *packed);

#endif
