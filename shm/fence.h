/* SPDX-License-Identifier: Apache-2.0 */
/* A full fence whose whole cost is on the side that goes to sleep. */
#ifndef SL_FENCE_H
#define SL_FENCE_H

#include <stdbool.h>

/*
 * The doorbell needs a full fence on both sides: the producer stores head and
 * then looks whether the consumer sleeps, the consumer says that it sleeps and
 * then looks at head.  A fence in every push would cost more than the push.
 * membarrier(2) lets the consumer, which sleeps rarely, put the fence into the
 * instruction stream of every registered process as well.
 */

/*
 * sl_fence_register makes this process take part in the heavy fences of
 * others.  False if the kernel, or a sandbox, does not offer it: pushes must
 * then be fenced.
 */
bool sl_fence_register(void);

/*
 * sl_fence_available tells whether sl_fence_heavy reaches other processes.
 * Probes once, then remembers.  Call it before the sandbox closes, or allow
 * membarrier there.
 */
bool sl_fence_available(void);

/*
 * sl_fence_heavy is, where available, a full fence in this thread and in every
 * running thread of the registered processes; else it does nothing, and the
 * seq_cst operations of both sides do.  Takes some microseconds; does not block.
 */
void sl_fence_heavy(void);

#endif
