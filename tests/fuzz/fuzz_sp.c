/* SPDX-License-Identifier: Apache-2.0 */
/* A bus peer's bytes: cut anywhere, they give the same messages. */
#include <stdlib.h>
#include <string.h>

#include "sp.h"

static int digest(void *arg, const char *data, size_t len)
{
	size_t *sum = arg;

	*sum = *sum * 31 + len;
	for (size_t i = 0; i < len; i++)
		*sum = *sum * 31 + (unsigned char)data[i];
	return 0;
}

static int read_in(const char *data, size_t size, size_t piece, size_t *sum)
{
	struct sl_sp_reader reader;
	int rc = 0;

	sl_sp_reader_init(&reader, SL_SP_REQ, 4096);
	for (size_t at = 0; at < size && rc == 0; at += piece)
		rc = sl_sp_read(&reader, data + at, size - at < piece ? size - at : piece,
		    digest, sum);
	sl_sp_reader_clear(&reader);
	return rc;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	size_t whole = 0;
	size_t cut = 0;

	if (size < 2)
		return 0;
	const char *stream = (const char *)data + 1;

	int rc = read_in(stream, size - 1, size, &whole);

	if (read_in(stream, size - 1, data[0] % 32 + 1u, &cut) != rc || whole != cut)
		abort();
	return 0;
}
