/* SPDX-License-Identifier: Apache-2.0 */
/* The state table's file: its layout, made, checked and mapped. */
#ifndef AGG_TABLE_FILE_H
#define AGG_TABLE_FILE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "aggregator/table.h"
#include "aggregator/table_cell.h"

/*
 *   header page | series_max values (64 bytes) | series_max keys (256 bytes)
 *   | flags cell | rings_max ring cells | alerts_max alert cells
 *
 * Each part begins on a page of its own.
 */
#define AGG_TABLE_VERSION 1u

struct agg_table_header {
	char magic[8];
	uint32_t version;
	uint32_t series_max;
	uint32_t rings_max;
	uint32_t alerts_max;
	uint64_t size; /* of the file */
	uint32_t reserved;
	uint32_t crc; /* CRC-32C of the fields before */
	/* Grows by use: the slots of series that were ever given out. */
	_Atomic uint64_t series_used;
};

/* One cache line: generation, then two copies of which its parity names one. */
struct agg_table_value {
	_Atomic uint64_t generation; /* 0: never set */
	uint64_t hash;               /* of the series' key, mixed into the checks */
	struct {
		uint64_t value; /* a double's bits */
		uint64_t time_ns;
		uint64_t check;
	} copy[2];
};
static_assert(sizeof(struct agg_table_value) == 64, "one cache line");

struct agg_table_key {
	_Atomic uint64_t hash; /* stored last; 0: the slot is free */
	uint32_t crc;          /* CRC-32C of the text, begun with its length */
	uint16_t len;
	char text[AGG_TABLE_KEY_MAX];
	char padding[10];
};
static_assert(sizeof(struct agg_table_key) == 256, "layout of the table");

/* What a ring's cell holds. */
struct agg_table_ring_record {
	struct agg_table_ring ring;
	uint32_t name_len;
	uint32_t set; /* 0: found, but nothing stored yet */
	char name[AGG_TABLE_NAME_MAX];
};

#define AGG_TABLE_RING_CAPACITY  ((uint32_t)sizeof(struct agg_table_ring_record))
#define AGG_TABLE_FLAGS_CAPACITY 8u

/* The mapped file; pointers into it. */
struct agg_table_file {
	uint8_t *base;
	uint64_t size;
	struct agg_table_header *header;
	struct agg_table_value *values;
	struct agg_table_key *keys;
	struct agg_table_cell *flags;
	uint8_t *rings;
	uint8_t *alerts;
};

/*
 * agg_table_file_create makes a file with all its blocks allocated, in place of
 * what has that name, and maps it.  Returns 0 or SL_ESYS (logged).
 */
int agg_table_file_create(const char *path, const struct agg_table_options *options,
    struct agg_table_file *file);

/*
 * agg_table_file_open maps an existing file.  Returns 0, SL_ENOTFOUND, SL_ECORRUPT
 * or SL_ESYS (logged).
 */
int agg_table_file_open(const char *path, struct agg_table_file *file);

/* agg_table_file_close unmaps it. */
void agg_table_file_close(struct agg_table_file *file);

static inline struct agg_table_cell *agg_table_file_ring(
    const struct agg_table_file *file, uint32_t slot)
{
	return (struct agg_table_cell *)(void *)(file->rings +
						 (uint64_t)slot *
						     agg_table_cell_size(
							 AGG_TABLE_RING_CAPACITY));
}

static inline struct agg_table_cell *agg_table_file_alert(
    const struct agg_table_file *file, uint32_t slot)
{
	return (
	    struct agg_table_cell *)(void *)(file->alerts +
					     (uint64_t)slot * agg_table_cell_size(
								  AGG_TABLE_ALERT_MAX));
}

#endif
