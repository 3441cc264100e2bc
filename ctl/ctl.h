/* SPDX-License-Identifier: Apache-2.0 */
/* sightlinectl: its subcommands, and what they have in common. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

#include "common/args.h"
#include "common/paths.h"

struct sl_catalog;
struct sl_config;

/* What a subcommand works with. */
struct ctl {
	struct sl_args args;
	struct sl_paths paths;
	bool json;                  /* --json */
	struct sl_config *config;   /* NULL until ctl_load_config */
	struct sl_catalog *catalog; /* NULL until ctl_load_catalog */
};

/* ctl_ctl_main is main: it returns an exit code of sysexits(3). */
int ctl_ctl_main(int argc, char **argv);

/*
 * ctl_load_config and ctl_load_catalog load what the instance has.  0, or
 * EX_CONFIG after one line on stderr.
 */
int ctl_load_config(struct ctl *ctl);
int ctl_load_catalog(struct ctl *ctl);

/* ctl_complain prints "sightlinectl: …" as one line on stderr and returns code. */
int ctl_complain(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
