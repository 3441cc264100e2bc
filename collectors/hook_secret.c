/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define FILE_MAX     65536
#define WHSEC        "whsec_"
#define WHSEC_LENGTH (sizeof(WHSEC) - 1)

static int add(struct col_hook_secrets *out, struct sl_slice text, int line,
    char error[COL_HOOK_SECRET_ERROR])
{
	if (out->count == COL_HOOK_SECRETS_MAX) {
		snprintf(error, COL_HOOK_SECRET_ERROR, "line %d: more than %d secrets",
		    line, COL_HOOK_SECRETS_MAX);
		return SL_EINVAL;
	}
	if (text.len < COL_HOOK_SECRET_BYTES_MIN ||
	    text.len > COL_HOOK_SECRET_BYTES_MAX) {
		snprintf(error, COL_HOOK_SECRET_ERROR,
		    "line %d: a secret has %d to %d characters, this one %zu", line,
		    COL_HOOK_SECRET_BYTES_MIN, COL_HOOK_SECRET_BYTES_MAX, text.len);
		return SL_EINVAL;
	}
	struct col_hook_secret *secret = &out->secret[out->count];
	secret->text = text;
	sl_crypto_sha256(text.data, text.len, secret->hash);
	if (text.len > WHSEC_LENGTH && memcmp(text.data, WHSEC, WHSEC_LENGTH) == 0) {
		if (sl_crypto_base64_read(text.data + WHSEC_LENGTH,
			text.len - WHSEC_LENGTH, false, secret->key, sizeof(secret->key),
			&secret->key_bytes) != 0) {
			snprintf(error, COL_HOOK_SECRET_ERROR,
			    "line %d: what follows whsec_ is not base64", line);
			return SL_EINVAL;
		}
	} else {
		memcpy(secret->key, text.data, text.len);
		secret->key_bytes = text.len;
	}
	out->count++;
	return 0;
}

int col_hook_secret_parse(
    struct col_hook_secrets *out, struct sl_slice text, char error[COL_HOOK_SECRET_ERROR])
{
	int rc = 0, line = 0;

	*out = (struct col_hook_secrets){0};
	sl_buf_add(&out->text, text.data, text.len);
	const char *at = sl_buf_text(&out->text), *end = at + out->text.len;
	while (rc == 0 && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct sl_slice one = {at, (size_t)((stop != NULL ? stop : end) - at)};

		line++;
		at += one.len + 1;
		if (one.len > 0 && one.data[one.len - 1] == '\r')
			one.len--;
		if (one.len > 0 && one.data[0] != '#')
			rc = add(out, one, line, error);
	}
	if (rc == 0 && out->count == 0) {
		snprintf(error, COL_HOOK_SECRET_ERROR, "it has no secret");
		rc = SL_EINVAL;
	}
	if (rc != 0)
		col_hook_secret_clear(out);
	return rc;
}

int col_hook_secret_load(
    struct col_hook_secrets *out, const char *path, char error[COL_HOOK_SECRET_ERROR])
{
	char *text;
	struct sl_buf buf = {0};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(error, COL_HOOK_SECRET_ERROR, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return SL_ESYS;
	}
	text = sl_buf_reserve(&buf, FILE_MAX);
	ssize_t n = S_ISREG(st.st_mode) ? read(fd, text, FILE_MAX) : -1;
	close(fd);
	if (n < 0 || n == FILE_MAX) {
		snprintf(error, COL_HOOK_SECRET_ERROR, "it is no file of secrets");
		rc = SL_EINVAL;
	} else if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		snprintf(error, COL_HOOK_SECRET_ERROR,
		    "others than its owner and group may read or write it: chmod 640");
		rc = SL_EDENIED;
	} else {
		rc =
		    col_hook_secret_parse(out, (struct sl_slice){text, (size_t)n}, error);
	}
	sl_crypto_wipe(text, FILE_MAX);
	sl_buf_clear(&buf);
	return rc;
}

void col_hook_secret_clear(struct col_hook_secrets *secrets)
{
	if (secrets->text.data != NULL)
		sl_crypto_wipe(secrets->text.data, secrets->text.len);
	sl_buf_clear(&secrets->text);
	sl_crypto_wipe(secrets, sizeof(*secrets));
}
