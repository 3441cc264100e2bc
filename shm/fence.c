/* SPDX-License-Identifier: Apache-2.0 */
#include "fence.h"

#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static int membarrier(int command)
{
	return (int)syscall(__NR_membarrier, command, 0, 0);
}

bool sl_fence_register(void)
{
	return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0;
}

bool sl_fence_available(void)
{
	/* 0 unknown, 1 yes, 2 no; a race only probes twice. */
	static atomic_int known;
	int state = atomic_load_explicit(&known, memory_order_relaxed);

	if (state == 0) {
		int commands = membarrier(MEMBARRIER_CMD_QUERY);

		state =
		    commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) ? 1 : 2;
		atomic_store_explicit(&known, state, memory_order_relaxed);
	}
	return state == 1;
}

void sl_fence_heavy(void)
{
	if (sl_fence_available())
		(void)membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}
