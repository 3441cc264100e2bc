/* SPDX-License-Identifier: Apache-2.0 */
/* How a collector hands its segment to the aggregator, and what it hears back. */
#ifndef SL_ATTACH_H
#define SL_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dict.h"
#include "ring.h"
#include "segment.h"

/*
 * A SOCK_SEQPACKET connection, one message per packet:
 *
 *	collector → aggregator   HELLO     source, line, segment id;
 *	                                   descriptors: segment, doorbell
 *	aggregator → collector   ACCEPTED  positions     or   REFUSED  reason
 *	aggregator → collector   PROGRESS  positions, whenever they have grown
 *
 * The connection lives as long as the attachment; either side ends it by
 * closing.  A collector never sends anything after HELLO.  A message is magic,
 * version and kind, then fields of fixed size in big-endian order, then at
 * most one text that ends where the message ends.  Bump the version with every
 * change; the aggregator refuses others.
 */
#define SL_ATTACH_VERSION     1u
#define SL_ATTACH_SOURCE_MAX  64u
#define SL_ATTACH_REASON_MAX  200u
#define SL_ATTACH_MESSAGE_MAX 256u
#define SL_ATTACH_PATH_MAX    108u /* bytes of a socket's path, with the NUL */

/* ---- messages: pure functions ----------------------------------------------- */

struct sl_attach_hello {
	char source[SL_ATTACH_SOURCE_MAX + 1];
	uint64_t line;
	uint64_t segment_id;
	bool registered; /* producer takes part in sl_fence_heavy */
};

/* How far a line has come in the aggregator; absent before its first position. */
struct sl_attach_positions {
	bool has_journaled;
	bool has_durable;
	uint8_t journaled[SL_RING_POSITION_BYTES];
	uint8_t durable[SL_RING_POSITION_BYTES];
};

enum sl_attach_kind {
	SL_ATTACH_HELLO = 1,
	SL_ATTACH_ACCEPTED = 2,
	SL_ATTACH_REFUSED = 3,
	SL_ATTACH_PROGRESS = 4,
};

/* What the aggregator answers; the members that belong to kind are set. */
struct sl_attach_answer {
	enum sl_attach_kind kind;
	struct sl_attach_positions positions; /* ACCEPTED, PROGRESS */
	bool heavy_fence; /* ACCEPTED: pushes need no fence of their own */
	char reason[SL_ATTACH_REASON_MAX + 1]; /* REFUSED: printable ASCII or UTF-8 */
};

/*
 * Packers write into out and return the length.  Parsers read exactly len
 * bytes and return 0, SL_EVERSION or SL_EMALFORMED, with *out undefined.
 */
size_t sl_attach_pack_hello(
    unsigned char out[SL_ATTACH_MESSAGE_MAX], const struct sl_attach_hello *hello);
int sl_attach_parse_hello(const void *data, size_t len, struct sl_attach_hello *out);
size_t sl_attach_pack_answer(
    unsigned char out[SL_ATTACH_MESSAGE_MAX], const struct sl_attach_answer *answer);
int sl_attach_parse_answer(const void *data, size_t len, struct sl_attach_answer *out);

/* sl_attach_source_valid checks [A-Za-z0-9][A-Za-z0-9._-]*, 1 to 64 bytes. */
bool sl_attach_source_valid(const char *name, size_t len);

/* ---- aggregator's side ------------------------------------------------------ */

/*
 * sl_attach_listen binds and listens (non-blocking, close-on-exec) and gives
 * the descriptor.  A socket that lies at path is replaced: the caller holds the
 * instance's lock.  mode are the permissions of the socket from its first
 * moment on.  SL_ETOOBIG (path), SL_ESYS (errno).
 */
int sl_attach_listen(const char *path, mode_t mode, int *fd);

/* Who is at the other end, by the kernel's word. */
struct sl_attach_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/*
 * sl_attach_accept takes one waiting connection (non-blocking).  SL_EAGAIN:
 * none; SL_ESYS: errno (EMFILE and the like: try later).
 */
int sl_attach_accept(int listener, int *fd, struct sl_attach_peer *peer);

/* What came with a HELLO; the descriptors are owned by the holder. */
struct sl_attach_offer {
	struct sl_attach_hello hello;
	int segment_fd;
	int doorbell_fd;
};

/*
 * sl_attach_receive reads the HELLO without blocking.  0: *offer is set and
 * ends with sl_attach_offer_clear or goes on into sl_attach_open.  SL_EAGAIN:
 * nothing yet (the caller has a deadline); SL_ECLOSED; SL_EMALFORMED or
 * SL_EVERSION with a reason for the log and for sl_attach_send_refused.  No
 * descriptor leaks, whatever was sent.  On an attached connection any return
 * but SL_EAGAIN means that it is over.
 */
int sl_attach_receive(
    int fd, struct sl_attach_offer *offer, char reason[SL_SEGMENT_REASON]);

/* sl_attach_offer_clear closes the descriptors of an offer not taken. */
void sl_attach_offer_clear(struct sl_attach_offer *offer);

/* An attached segment as its consumer sees it.  Must not move in memory. */
struct sl_attach_consumer {
	struct sl_segment segment;
	struct sl_ring_reader ring;
	struct sl_dict_reader dict;
	int doorbell; /* watch edge-triggered, never read */
};

/*
 * sl_attach_open checks both descriptors of an offer, maps the segment and
 * sets up the readers at cursor 0 (sl_ring_seek moves on).  Takes over the
 * descriptors on success; on failure (SL_EINVAL, SL_EVERSION, SL_ESYS; reason
 * says why) the offer keeps them.
 */
int sl_attach_open(struct sl_attach_consumer *consumer, struct sl_attach_offer *offer,
    size_t ring_bytes_max, char reason[SL_SEGMENT_REASON]);

/* sl_attach_close unmaps and closes what a consumer holds; zeroed is allowed. */
void sl_attach_close(struct sl_attach_consumer *consumer);

/*
 * Answers.  None blocks.  SL_EAGAIN: the peer does not read; for a PROGRESS
 * try again later with the then newest positions.  SL_ECLOSED: it is gone.
 */
int sl_attach_send_accepted(int fd, const struct sl_attach_hello *hello,
    const struct sl_attach_positions *positions);
int sl_attach_send_refused(int fd, const char *reason);
int sl_attach_send_progress(int fd, const struct sl_attach_positions *positions);

/* ---- collector's side ------------------------------------------------------- */

/*
 * sl_attach_connect connects without blocking.  SL_EAGAIN: nobody listens, or
 * not now; SL_ETOOBIG (path); SL_ESYS (errno).
 */
int sl_attach_connect(const char *path, int *fd);

/* sl_attach_send_hello offers a segment; the descriptors stay the caller's. */
int sl_attach_send_hello(
    int fd, const struct sl_attach_hello *hello, int segment_fd, int doorbell_fd);

/*
 * sl_attach_receive_answer reads one answer without blocking.  SL_EAGAIN: none
 * waiting; SL_ECLOSED; SL_EMALFORMED, SL_EVERSION.
 */
int sl_attach_receive_answer(int fd, struct sl_attach_answer *answer);

#endif
