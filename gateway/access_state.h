/* SPDX-License-Identifier: Apache-2.0 */
/* What access.c keeps in the gateway. */
#ifndef GW_ACCESS_STATE_H
#define GW_ACCESS_STATE_H

#include <stdint.h>

/* What the gateway keeps of its lines; all zeroes is ready. */
struct gw_access {
	int64_t second;
	uint32_t lines;      /* in this second */
	uint32_t suppressed; /* since the last line about them */
	uint64_t succeeded;  /* requests, for the sample */
};

#endif
