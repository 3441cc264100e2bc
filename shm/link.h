/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's end of the attachment, which comes and goes with the aggregator. */
#ifndef SL_LINK_H
#define SL_LINK_H

#include <stdint.h>

#include "attach.h"
#include "ring.h"
#include "segment.h"

enum sl_link_state {
	SL_LINK_DETACHED,
	SL_LINK_ATTACHING,
	SL_LINK_ATTACHED,
	SL_LINK_REFUSED,
};

/*
 * One epoll descriptor stands for everything that may need service: the socket
 * while there is one, and a timer for the next try while there is none.  So a
 * caller watches a single descriptor for the life of the link.
 */
struct sl_link {
	struct sl_ring_writer *ring;
	const struct sl_segment *segment;
	int doorbell;
	int epoll;
	int timer;
	int sock; /* -1: none */
	enum sl_link_state state;
	int backoff_ms;
	uint32_t jitter;
	char path[SL_ATTACH_PATH_MAX];
	struct sl_attach_hello hello;
	struct sl_attach_positions positions; /* newest reported */
	char refusal[SL_ATTACH_REASON_MAX + 1];
	uint64_t attaches;
	uint64_t refusals;
};

/*
 * sl_link_open begins to offer the segment of ring at path, for source and
 * line, with doorbell; all of them stay the caller's and outlive the link.
 * SL_EINVAL (source), SL_ETOOBIG (path), SL_ESYS (errno); end with
 * sl_link_close in any case.
 */
int sl_link_open(struct sl_link *link, const char *path, const char *source,
    uint64_t line, const struct sl_segment *segment, struct sl_ring_writer *ring,
    int doorbell);

/*
 * sl_link_service takes what has come on the socket and tries again when that
 * is due.  Never blocks.
 */
void sl_link_service(struct sl_link *link);

/* sl_link_close ends the attachment and closes its descriptors. */
void sl_link_close(struct sl_link *link);

#endif
