/* SPDX-License-Identifier: Apache-2.0 */
/* Writing msgpack into a buffer, one value per call.  The home of msgpack-c. */
#ifndef SL_PACK_H
#define SL_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

/* Each appends one value to out; an array is followed by its n values. */
void sl_pack_array(struct sl_buf *out, uint32_t n);
void sl_pack_uint(struct sl_buf *out, uint64_t value);
void sl_pack_int(struct sl_buf *out, int64_t value);
void sl_pack_bool(struct sl_buf *out, bool value);
void sl_pack_double(struct sl_buf *out, double value);
void sl_pack_str(struct sl_buf *out, struct sl_slice text);
void sl_pack_bin(struct sl_buf *out, struct sl_slice bytes);

/*
 * sl_pack_array_open begins an array whose count is not known yet and returns
 * where it stands in out; sl_pack_array_close writes the count there.
 */
size_t sl_pack_array_open(struct sl_buf *out);
void sl_pack_array_close(struct sl_buf *out, size_t at, uint32_t n);

#endif
