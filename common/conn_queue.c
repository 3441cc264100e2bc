/* SPDX-License-Identifier: Apache-2.0 */
#include "conn_queue.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "frame.h"

static struct sl_conn_queue_item *item_at(const struct sl_conn_queue *queue, uint32_t i)
{
	return &queue->items[(queue->head + i) & (queue->cap - 1)];
}

static void grow(struct sl_conn_queue *queue)
{
	uint32_t cap = queue->cap ? queue->cap * 2 : 4;
	struct sl_conn_queue_item *items = calloc(cap, sizeof *items);

	if (!items)
		abort();
	for (uint32_t i = 0; i < queue->count; i++)
		items[i] = *item_at(queue, i);
	free(queue->items);
	queue->items = items;
	queue->head = 0;
	queue->cap = cap;
}

void sl_conn_queue_push(struct sl_conn_queue *queue, struct sl_frame *frame, size_t sent)
{
	if (sent >= frame->len)
		return;
	if (queue->count == queue->cap)
		grow(queue);
	*item_at(queue, queue->count++) =
	    (struct sl_conn_queue_item){sl_frame_ref(frame), (uint32_t)sent};
	queue->bytes += frame->len - sent;
}

int sl_conn_queue_pieces(const struct sl_conn_queue *queue, struct iovec *pieces, int max)
{
	int n = 0;

	for (; n < max && (uint32_t)n < queue->count; n++) {
		const struct sl_conn_queue_item *item = item_at(queue, (uint32_t)n);
		pieces[n].iov_base = item->frame->data + item->sent;
		pieces[n].iov_len = item->frame->len - item->sent;
	}
	return n;
}

void sl_conn_queue_sent(struct sl_conn_queue *queue, size_t n)
{
	queue->bytes -= n;
	while (n > 0) {
		struct sl_conn_queue_item *item = item_at(queue, 0);
		size_t left = item->frame->len - item->sent;
		if (n < left) {
			item->sent += (uint32_t)n;
			return;
		}
		n -= left;
		sl_frame_unref(item->frame);
		queue->head = (queue->head + 1) & (queue->cap - 1);
		queue->count--;
	}
}

void sl_conn_queue_clear(struct sl_conn_queue *queue)
{
	for (uint32_t i = 0; i < queue->count; i++)
		sl_frame_unref(item_at(queue, i)->frame);
	free(queue->items);
	*queue = (struct sl_conn_queue){0};
}
