/* SPDX-License-Identifier: Apache-2.0 */
/* The dictionary of a segment: what the handles of samples mean. */
#ifndef SL_DICT_H
#define SL_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "segment.h"

#define SL_DICT_DEFS_MAX        65536u
#define SL_DICT_NAME_MAX        128u
#define SL_DICT_UNIT_MAX        64u
#define SL_DICT_LABELS_MAX      16u
#define SL_DICT_LABEL_KEY_MAX   64u
#define SL_DICT_LABEL_VALUE_MAX 256u
/* Largest definition: head, lengths and texts, padded. */
#define SL_DICT_DEF_MAX                                                                  \
	(16u +                                                                           \
	    SL_DICT_LABELS_MAX *                                                         \
		(4u + SL_DICT_LABEL_KEY_MAX + SL_DICT_LABEL_VALUE_MAX) +                 \
	    SL_DICT_NAME_MAX + SL_DICT_UNIT_MAX)

enum sl_dict_kind { SL_DICT_GAUGE = 0, SL_DICT_COUNTER = 1, SL_DICT_TIMER = 2 };

struct sl_dict_label {
	struct sl_slice key;
	struct sl_slice value;
};

/* One definition.  From a reader, slices point into the reader's copy. */
struct sl_dict_def {
	uint32_t handle;
	enum sl_dict_kind kind;
	struct sl_slice name;
	struct sl_slice unit;
	size_t label_count;
	struct sl_dict_label labels[SL_DICT_LABELS_MAX];
};

/* ---- writer ----------------------------------------------------------------- */

struct sl_dict_writer {
	struct sl_segment *segment;
	size_t used;
	uint32_t count;
};

/* sl_dict_writer_init starts the dictionary of a new segment. */
void sl_dict_writer_init(struct sl_dict_writer *writer, struct sl_segment *segment);

/*
 * sl_dict_add appends a definition (handle and texts are copied from *def;
 * def->handle is not looked at), and gives its handle.  A sample pushed after
 * it is never seen before it.  SL_EINVAL (characters, repeated label key),
 * SL_ETOOBIG (a length, or the dictionary is full).
 */
int sl_dict_add(
    struct sl_dict_writer *writer, const struct sl_dict_def *def, uint32_t *handle);

/* ---- reader ----------------------------------------------------------------- */

/*
 * Reads the definitions in their order.  Copies each out of the segment
 * before it looks at it.  Process-local, owned by its user, about 6 KiB.
 */
struct sl_dict_reader {
	const struct sl_segment *segment;
	size_t used;   /* last one seen and checked */
	size_t offset; /* of the next definition */
	uint32_t next; /* its handle: all below have been read or refused */
	uint32_t refused;
	bool corrupt;
	char reason[SL_SEGMENT_REASON]; /* of the last refusal or corruption */
	_Alignas(8) unsigned char copy[SL_DICT_DEF_MAX];
};

void sl_dict_reader_init(struct sl_dict_reader *reader, const struct sl_segment *segment);

/*
 * sl_dict_read gives the next definition, valid until the next call.  Callers
 * bound their work by bounding their calls, and read on when a sample has a
 * handle at or above reader->next.
 *	0            *def is valid
 *	SL_EAGAIN    there is none (yet)
 *	SL_EINVAL    the one with handle next - 1 is refused and counted, reason
 *	             says why; the following ones can be read
 *	SL_ECORRUPT  the framing is broken: nothing can be read from here on, ever
 */
int sl_dict_read(struct sl_dict_reader *reader, struct sl_dict_def *def);

#endif
