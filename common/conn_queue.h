/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection still has to send: frames by reference, in order. */
#ifndef SL_CONN_QUEUE_H
#define SL_CONN_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct iovec;
struct sl_frame;

struct sl_conn_queue_item {
	struct sl_frame *frame; /* one reference */
	uint32_t sent;          /* bytes of it that the kernel has */
};

/* A ring of items; all zeroes is empty. */
struct sl_conn_queue {
	struct sl_conn_queue_item *items;
	uint32_t head; /* index of the oldest */
	uint32_t count;
	uint32_t cap; /* power of two */
	size_t bytes; /* not yet sent, of all items */
};

/* sl_conn_queue_push appends a frame of which sent bytes are gone; takes a reference. */
void sl_conn_queue_push(struct sl_conn_queue *queue, struct sl_frame *frame, size_t sent);

/* sl_conn_queue_pieces points at most max pieces at the oldest bytes; their number. */
int sl_conn_queue_pieces(
    const struct sl_conn_queue *queue, struct iovec *pieces, int max);

/* sl_conn_queue_sent removes n bytes from the front, giving up whole frames. */
void sl_conn_queue_sent(struct sl_conn_queue *queue, size_t n);

/* sl_conn_queue_clear drops everything and frees the ring. */
void sl_conn_queue_clear(struct sl_conn_queue *queue);

#endif
