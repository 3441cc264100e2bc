/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <msgpack.h>

static int write_to_buf(void *data, const char *bytes, size_t len)
{
	sl_buf_add(data, bytes, len);
	return 0;
}

static msgpack_packer packer(struct sl_buf *out)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, write_to_buf);
	return pk;
}

void sl_pack_array(struct sl_buf *out, uint32_t n)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_array(&pk, n);
}

void sl_pack_uint(struct sl_buf *out, uint64_t value)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_uint64(&pk, value);
}

void sl_pack_int(struct sl_buf *out, int64_t value)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_int64(&pk, value);
}

void sl_pack_bool(struct sl_buf *out, bool value)
{
	msgpack_packer pk = packer(out);

	if (value)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
}

void sl_pack_double(struct sl_buf *out, double value)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_double(&pk, value);
}

void sl_pack_str(struct sl_buf *out, struct sl_slice text)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_str(&pk, text.len);
	sl_buf_add(out, text.data, text.len);
}

void sl_pack_bin(struct sl_buf *out, struct sl_slice bytes)
{
	msgpack_packer pk = packer(out);

	msgpack_pack_bin(&pk, bytes.len);
	sl_buf_add(out, bytes.data, bytes.len);
}

/* msgpack's array32: the one form with room for any count. */
#define ARRAY32 '\xdd'

size_t sl_pack_array_open(struct sl_buf *out)
{
	size_t at = out->len;

	sl_buf_add(out, (const char[]){ARRAY32, 0, 0, 0, 0}, 5);
	return at;
}

void sl_pack_array_close(struct sl_buf *out, size_t at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		out->data[at + 1 + (size_t)i] = (char)(n >> (24 - 8 * i));
}
