/* SPDX-License-Identifier: Apache-2.0 */
/* What stat.c and stat_text.c share and nobody else may see. */
#ifndef SL_STAT_STATE_H
#define SL_STAT_STATE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "stat.h"

#define SL_STAT_SUB_BITS 4
#define SL_STAT_SUBS     (1u << SL_STAT_SUB_BITS)
#define SL_STAT_BUCKETS  ((64 - SL_STAT_SUB_BITS + 1) * SL_STAT_SUBS)

struct sl_stat_histogram {
	_Atomic uint64_t sum_ns;
	_Atomic uint64_t bucket[SL_STAT_BUCKETS];
};

struct sl_stat {
	STAILQ_ENTRY(sl_stat) link;
	struct sl_stat_family *family;
	char *labels; /* "" or `key="value",…` */
	_Atomic uint64_t word;
	struct sl_stat_histogram *histogram;
};

struct sl_stat_family {
	STAILQ_ENTRY(sl_stat_family) link;
	enum sl_stat_kind kind;
	char *name; /* without prefix and unit */
	char *unit;
	char *help;
	STAILQ_HEAD(, sl_stat) stats;
};

struct sl_stat_set {
	char *process;
	STAILQ_HEAD(, sl_stat_family) families;
};

/* sl_stat_bucket_end is the longest duration in a bucket, in ns. */
uint64_t sl_stat_bucket_end(unsigned bucket);

static inline uint64_t sl_stat_get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* sl_stat_double is a gauge's word as its value. */
double sl_stat_double(uint64_t word);

#endif
