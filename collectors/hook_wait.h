/* SPDX-License-Identifier: Apache-2.0 */
/* Requests with durable=1 whose answer waits for the disk. */
#ifndef COL_HOOK_WAIT_H
#define COL_HOOK_WAIT_H

#include "give.h"
#include "http.h"
#include "loop.h"

struct col_hook_wait;

/* answer is called once for each request that was added and whose client is still there.
 */
typedef void col_hook_wait_fn(
    struct sl_http_request *request, const struct col_give_taken *taken, bool durable);

/* col_hook_wait_new waits on give's durable position; both outlive it. */
struct col_hook_wait *col_hook_wait_new(
    struct event_base *loop, const struct col_give *give, col_hook_wait_fn *answer);

/* col_hook_wait_free forgets who waits: their connections are closed by then. */
void col_hook_wait_free(struct col_hook_wait *wait);

/*
 * col_hook_wait_add answers when taken->number is durable, or after timeout_ms
 * that it is not; at once where there is nothing to wait for.
 */
void col_hook_wait_add(struct col_hook_wait *wait, struct sl_http_request *request,
    const struct col_give_taken *taken, int64_t timeout_ms);

/* col_hook_wait_look answers those whose time has come: a position may be new. */
void col_hook_wait_look(struct col_hook_wait *wait);

#endif
