/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  msgpack-c's own reader allocates from the counts that a
 * message declares (five bytes make it take gigabytes) and builds a tree that
 * has to be walked and checked once more.  Our messages have a fixed schema,
 * so this reader is told what to expect: it checks the type byte, the length
 * against what is left and the bound of the field, and hands out slices.  It
 * is both the check and the decoder, allocates nothing and cannot recurse.
 */
#include "unpack.h"

#include <string.h>

#include "error.h"

void sl_unpack_init(struct sl_unpack *u, const void *data, size_t len)
{
	u->at = data;
	u->end = u->at + len;
	u->error = 0;
}

void sl_unpack_fail(struct sl_unpack *u, int error)
{
	if (u->error == 0)
		u->error = error;
}

static size_t left(const struct sl_unpack *u)
{
	return (size_t)(u->end - u->at);
}

/* The type byte of the next value; 0xc1, which msgpack never uses, at a fault. */
static unsigned char type_byte(struct sl_unpack *u)
{
	if (u->error == 0 && u->at == u->end)
		u->error = SL_EMALFORMED;
	return u->error ? 0xc1 : *u->at++;
}

/* A big-endian number of n bytes. */
static uint64_t number(struct sl_unpack *u, size_t n)
{
	uint64_t value = 0;

	if (u->error || left(u) < n) {
		sl_unpack_fail(u, SL_EMALFORMED);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		value = value << 8 | *u->at++;
	return value;
}

uint32_t sl_unpack_array(struct sl_unpack *u, uint32_t max)
{
	unsigned char type = type_byte(u);
	uint32_t n = 0;

	if ((type & 0xf0) == 0x90)
		n = type & 0x0f;
	else if (type == 0xdc)
		n = (uint32_t)number(u, 2);
	else if (type == 0xdd)
		n = (uint32_t)number(u, 4);
	else
		sl_unpack_fail(u, SL_EMALFORMED);
	if (n > left(u))
		sl_unpack_fail(u, SL_EMALFORMED);
	if (n > max)
		sl_unpack_fail(u, SL_ETOOBIG);
	return u->error ? 0 : n;
}

void sl_unpack_fields(struct sl_unpack *u, uint32_t n)
{
	if (sl_unpack_array(u, UINT32_MAX) != n)
		sl_unpack_fail(u, SL_EMALFORMED);
}

/*
 * An integer in any of msgpack's forms: its two's complement in *bits; true
 * if it is negative.
 */
static bool integer(struct sl_unpack *u, uint64_t *bits)
{
	unsigned char type = type_byte(u);
	size_t n = (size_t)1 << (type & 3);

	*bits = 0;
	if (type <= 0x7f) {
		*bits = type;
		return false;
	}
	if (type >= 0xe0) {
		*bits = (uint64_t)(int8_t)type;
		return true;
	}
	if (type >= 0xcc && type <= 0xcf) {
		*bits = number(u, n);
		return false;
	}
	if (type >= 0xd0 && type <= 0xd3) {
		uint64_t sign = UINT64_C(1) << (8 * n - 1);

		*bits = (number(u, n) ^ sign) - sign;
		return *bits >> 63;
	}
	sl_unpack_fail(u, SL_EMALFORMED);
	return false;
}

uint64_t sl_unpack_uint(struct sl_unpack *u, uint64_t min, uint64_t max)
{
	uint64_t bits;

	if (integer(u, &bits) || bits < min || bits > max)
		sl_unpack_fail(u, SL_EMALFORMED);
	return u->error ? 0 : bits;
}

int64_t sl_unpack_int(struct sl_unpack *u)
{
	uint64_t bits;

	if (!integer(u, &bits) && bits > INT64_MAX)
		sl_unpack_fail(u, SL_EMALFORMED);
	return u->error ? 0 : (int64_t)bits;
}

bool sl_unpack_bool(struct sl_unpack *u)
{
	unsigned char type = type_byte(u);

	if (type != 0xc2 && type != 0xc3)
		sl_unpack_fail(u, SL_EMALFORMED);
	return u->error == 0 && type == 0xc3;
}

double sl_unpack_double(struct sl_unpack *u)
{
	double value;
	uint64_t bits = 0;

	if (type_byte(u) == 0xcb)
		bits = number(u, 8);
	else
		sl_unpack_fail(u, SL_EMALFORMED);
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* n bytes as they stand, at most max. */
static struct sl_slice bytes(struct sl_unpack *u, uint64_t n, size_t max)
{
	struct sl_slice slice = {0};

	if (n > left(u))
		sl_unpack_fail(u, SL_EMALFORMED);
	if (n > max)
		sl_unpack_fail(u, SL_ETOOBIG);
	if (u->error)
		return slice;
	slice.data = (const char *)u->at;
	slice.len = (size_t)n;
	u->at += n;
	return slice;
}

struct sl_slice sl_unpack_str(struct sl_unpack *u, size_t max)
{
	unsigned char type = type_byte(u);
	uint64_t n = 0;

	if ((type & 0xe0) == 0xa0)
		n = type & 0x1f;
	else if (type >= 0xd9 && type <= 0xdb)
		n = number(u, (size_t)1 << (type - 0xd9));
	else
		sl_unpack_fail(u, SL_EMALFORMED);
	return bytes(u, n, max);
}

struct sl_slice sl_unpack_bin(struct sl_unpack *u, size_t max)
{
	unsigned char type = type_byte(u);
	uint64_t n = 0;

	if (type >= 0xc4 && type <= 0xc6)
		n = number(u, (size_t)1 << (type - 0xc4));
	else
		sl_unpack_fail(u, SL_EMALFORMED);
	return bytes(u, n, max);
}

int sl_unpack_end(struct sl_unpack *u)
{
	if (u->at != u->end)
		sl_unpack_fail(u, SL_EMALFORMED);
	return u->error;
}
