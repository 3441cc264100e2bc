/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a TLS client sends: the size of records, and opening them,
 * stay inside what is there.  The first bytes choose what is sealed with the
 * right keys before, so that the text behind the seal is any bytes, too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "error.h"
#include "tls_record.h"

static const uint16_t suites[] = {
    SL_TLS_AES_128_GCM, SL_TLS_AES_256_GCM, SL_TLS_CHACHA20_POLY1305};

/* Opens len bytes at data, which are all there is. */
static ssize_t open_copy(struct sl_tls_record *record, struct sl_tls_keys *keys,
    const uint8_t *data, size_t len, uint8_t *type)
{
	uint8_t *copy = malloc(len), *out = malloc(len);

	memcpy(copy, data, len);
	ssize_t n = sl_tls_record_open(record, keys, copy, len, out, type);
	if (n > (ssize_t)len)
		abort();
	free(copy);
	free(out);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_tls_record *record;
	static uint8_t sealed[SL_TLS_RECORD_OUT_MAX];
	struct sl_tls_keys keys;
	uint8_t secret[48] = {1}, type;

	if (!record)
		record = sl_tls_record_new();
	if (size < 2)
		return 0;
	uint16_t suite = suites[data[0] % 3];
	size_t secret_len = suite == SL_TLS_AES_256_GCM ? 48 : 32;
	if (sl_tls_keys_init(&keys, suite, secret, secret_len, data[1]) != 0)
		abort();
	ssize_t whole = sl_tls_record_size(data + 2, size - 2);
	if (whole > 0 && (size_t)whole <= size - 2 &&
	    open_copy(record, &keys, data + 2, (size_t)whole, &type) >= 0)
		abort(); /* nobody guesses a seal */
	keys.seq = data[1];
	struct sl_tls_keys peer = keys;
	size_t text =
	    size - 2 > SL_TLS_RECORD_TEXT_MAX ? SL_TLS_RECORD_TEXT_MAX : size - 2;
	struct iovec piece = {(void *)(data + 2), text};
	uint8_t sealed_type = data[0] / 3 % 32;
	size_t n =
	    sl_tls_record_seal(record, &peer, sealed_type, &piece, 0, text, sealed);
	ssize_t opened = open_copy(record, &keys, sealed, n, &type);
	if (sealed_type != 0 && (opened != (ssize_t)text || type != sealed_type))
		abort();
	if (opened > (ssize_t)text)
		abort();
	return 0;
}
