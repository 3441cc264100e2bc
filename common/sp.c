/* SPDX-License-Identifier: Apache-2.0 */
#include "sp.h"

#include <string.h>

#include "error.h"

void sl_sp_hello(enum sl_sp_protocol protocol, char out[SL_SP_HELLO])
{
	const char hello[SL_SP_HELLO] = {0, 'S', 'P', 0, 0, (char)protocol, 0, 0};

	memcpy(out, hello, sizeof(hello));
}

void sl_sp_head(uint64_t len, char out[SL_SP_HEAD])
{
	out[0] = 1;
	for (int i = 0; i < 8; i++)
		out[1 + i] = (char)(len >> (56 - 8 * i));
}

uint32_t sl_sp_get_id(const char in[SL_SP_ID])
{
	const unsigned char *at = (const unsigned char *)in;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

void sl_sp_put_id(uint32_t id, char out[SL_SP_ID])
{
	for (int i = 0; i < SL_SP_ID; i++)
		out[i] = (char)(id >> (24 - 8 * i));
}

void sl_sp_reader_init(
    struct sl_sp_reader *reader, enum sl_sp_protocol peer, uint32_t max_bytes)
{
	*reader = (struct sl_sp_reader){.peer = peer, .max_bytes = max_bytes};
}

void sl_sp_reader_clear(struct sl_sp_reader *reader)
{
	sl_buf_clear(&reader->partial);
}

/*
 * The length of the unit (hello, or head and message) that begins at data, as
 * far as have bytes tell: not more than have means that it is complete.
 */
static int unit_length(
    const struct sl_sp_reader *reader, const char *data, size_t have, size_t *length)
{
	uint64_t body = 0;

	*length = SL_SP_HELLO;
	if (!reader->greeted)
		return 0;
	*length = SL_SP_HEAD;
	if (have > 0 && data[0] != 1)
		return SL_EMALFORMED;
	if (have < SL_SP_HEAD)
		return 0;
	for (int i = 1; i < SL_SP_HEAD; i++)
		body = body << 8 | (unsigned char)data[i];
	if (body > reader->max_bytes)
		return SL_ETOOBIG;
	*length += (size_t)body;
	return 0;
}

static int take_unit(struct sl_sp_reader *reader, const char *data, size_t len,
    sl_sp_message message, void *arg)
{
	char hello[SL_SP_HELLO];

	if (reader->greeted)
		return message(arg, data + SL_SP_HEAD, len - SL_SP_HEAD);
	sl_sp_hello(reader->peer, hello);
	if (memcmp(data, hello, sizeof(hello)) != 0)
		return SL_EMALFORMED;
	reader->greeted = true;
	return 0;
}

/* Adds to the partial unit what it lacks, or its head first; how much it took. */
static int complete(struct sl_sp_reader *reader, const char *data, size_t len,
    sl_sp_message message, void *arg, size_t *taken)
{
	struct sl_buf *partial = &reader->partial;
	size_t unit;
	int rc = unit_length(reader, partial->data, partial->len, &unit);

	if (rc != 0)
		return rc;
	*taken = unit - partial->len < len ? unit - partial->len : len;
	sl_buf_add(partial, data, *taken);
	rc = unit_length(reader, partial->data, partial->len, &unit);
	if (rc != 0 || partial->len < unit)
		return rc;
	rc = take_unit(reader, partial->data, unit, message, arg);
	sl_buf_clear(partial);
	return rc;
}

int sl_sp_read(struct sl_sp_reader *reader, const char *data, size_t len,
    sl_sp_message message, void *arg)
{
	size_t unit;
	int rc = 0;

	while (len > 0 && rc == 0) {
		if (reader->partial.len > 0) {
			size_t taken = 0;

			rc = complete(reader, data, len, message, arg, &taken);
			data += taken;
			len -= taken;
			continue;
		}
		rc = unit_length(reader, data, len, &unit);
		if (rc != 0)
			return rc;
		if (unit > len) {
			sl_buf_add(&reader->partial, data, len);
			return 0;
		}
		rc = take_unit(reader, data, unit, message, arg);
		data += unit;
		len -= unit;
	}
	return rc;
}
