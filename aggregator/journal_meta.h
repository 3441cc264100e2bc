/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's file "meta": who we are, which epoch, how it was left. */
#ifndef AGG_JOURNAL_META_H
#define AGG_JOURNAL_META_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/journal.h"

struct agg_journal_meta {
	uint64_t aggregator;
	uint64_t epoch;
	char boot_id[AGG_JOURNAL_BOOT_ID_SIZE];
	bool clean; /* closed cleanly */
};

/*
 * agg_journal_meta_read reads the file in the journal's directory.  Returns 0,
 * SL_ENOTFOUND or SL_ECORRUPT.
 */
int agg_journal_meta_read(int dirfd, struct agg_journal_meta *meta);

/*
 * agg_journal_meta_write replaces the file and returns when that is on the disk.
 * Returns 0 or SL_ESYS with errno set.
 */
int agg_journal_meta_write(int dirfd, const struct agg_journal_meta *meta);

/* agg_journal_meta_boot_id reads the machine's; an empty text if it has none. */
void agg_journal_meta_boot_id(char boot_id[AGG_JOURNAL_BOOT_ID_SIZE]);

#endif
