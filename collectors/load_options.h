/* SPDX-License-Identifier: Apache-2.0 */
/* What the load source shall write: its section, overridden by its flags. */
#ifndef COL_LOAD_OPTIONS_H
#define COL_LOAD_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "process.h"

/* The strings are the configuration's or the command line's. */
struct col_load_options {
	const char *name;
	const char *event_type;
	uint32_t metrics;     /* series */
	double rate;          /* samples per second; 0: as fast as possible */
	double events;        /* per second; 0: none */
	double seconds;       /* 0: no end */
	size_t payload_bytes; /* of an event */
};

/* col_load_options_read returns EX_OK, or EX_USAGE after one log line. */
int col_load_options_read(const struct sl_process *process, struct col_load_options *out);

#endif
