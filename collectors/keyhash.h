/* SPDX-License-Identifier: Apache-2.0 */
/* A hash of names from outside, for tables and estimates. */
#ifndef COL_KEYHASH_H
#define COL_KEYHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * col_keyhash hashes len bytes, eight at a time.  With a seed that senders do
 * not know it spreads names well; it is no MAC, so a table that senders fill
 * bounds how far it looks as well.
 */
static inline uint64_t col_keyhash(const void *data, size_t len, uint64_t seed)
{
	const char *at = data;
	uint64_t hash = seed ^ (len * 0x9e3779b97f4a7c15u), word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, at, len);
	hash = (hash ^ word) * 0xff51afd7ed558ccdu;
	hash ^= hash >> 33;
	hash *= 0xc4ceb9fe1a85ec53u;
	return hash ^ hash >> 33;
}

#endif
