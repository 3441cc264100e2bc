/* SPDX-License-Identifier: Apache-2.0 */
/* Which source a collector process is: --name, or its type, and its section. */
#ifndef COL_SOURCE_H
#define COL_SOURCE_H

#include "process.h"

/* The flag --name of a collector whose type is the text given. */
#define COL_SOURCE_FLAG(type)                                                            \
	{                                                                                \
		.name = "name", .value = "NAME",                                         \
		.prose = "Name of the source; its section of the configuration. "        \
			 "Default: " type "."                                            \
	}

/*
 * col_source_name returns --name, or else the scope of the process, which is the
 * collector's type.  The string is the command line's.
 */
const char *col_source_name(const struct sl_process *process);

/*
 * col_source_section returns the source's section of the configuration in force,
 * NULL if there is none; it may be of another type (col_core_check).
 */
const struct sl_config_collector *col_source_section(const struct sl_process *process);

/* col_source_user is sl_process_spec.user of every collector. */
const char *col_source_user(const struct sl_process *process);

#endif
