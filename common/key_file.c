/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "ed_pem.h"
#include "error.h"

/* An RSA key of 8192 bits has 6.4 KB with its private part. */
#define FILE_MAX (16 * 1024)

/* Reads a whole small file; its length or an error. */
static ssize_t read_file(int fd, char *data, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, data + len, cap - len);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SL_ESYS;
		len += (size_t)n;
	}
	return len < cap ? (ssize_t)len : SL_ETOOBIG;
}

int sl_key_file_read(const char *path, size_t max, struct sl_buf *out, unsigned *mode,
    char error[SL_KEY_ERROR])
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return sl_key_fail(error, errno == ENOENT ? SL_ENOTFOUND : SL_EDENIED,
		    "key %.160s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return sl_key_fail(
		    error, SL_EINVAL, "key %.160s: not a regular file", path);
	}
	char *data = sl_buf_reserve(out, max + 1);
	ssize_t len = read_file(fd, data, max + 1);
	close(fd);
	if (len < 0) {
		sl_crypto_wipe(data, max + 1);
		return sl_key_fail(error, (int)len, "key %.160s: %s", path,
		    len == SL_ETOOBIG ? "too large for a key" : strerror(errno));
	}
	out->len += (size_t)len;
	*mode = (unsigned)st.st_mode & 07777u;
	return 0;
}

int sl_key_load(
    struct sl_key *key, const char *path, const char *id, char error[SL_KEY_ERROR])
{
	char why[SL_KEY_ERROR];
	struct sl_buf data = {0};
	unsigned mode = 0;

	*key = (struct sl_key){0};
	int code = sl_key_file_read(path, FILE_MAX, &data, &mode, error);
	if (code == 0) {
		code = sl_key_parse(key, data.data ? data.data : "", data.len, id, why);
		if (code != 0)
			sl_key_fail(error, code, "key %.160s: %.120s", path, why);
		sl_crypto_wipe(data.data, data.len);
	}
	sl_buf_clear(&data);
	if (code == 0 && key->can_sign && (mode & 07 || mode & 020)) {
		sl_key_clear(key);
		code = sl_key_fail(error, SL_EDENIED,
		    "key %.160s: others may read or change it (mode %04o): chmod 0600 it",
		    path, mode);
	}
	return code;
}

int sl_key_set_load(
    struct sl_key_set *set, const char *path, const char *id, char error[SL_KEY_ERROR])
{
	struct sl_key key;
	int code = sl_key_load(&key, path, id, error);

	if (code != 0)
		return code;
	if (sl_key_set_add(set, &key) != 0)
		code = sl_key_fail(error, SL_EFULL, "key %.160s: more than %d keys", path,
		    SL_KEY_SET_MAX);
	sl_key_clear(&key);
	return code;
}

/* ---- writing ---------------------------------------------------------------- */

static int write_new(
    const char *path, mode_t mode, const void *data, size_t len, char error[SL_KEY_ERROR])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return sl_key_fail(error, errno == EEXIST ? SL_EEXIST : SL_ESYS,
		    "key %.160s: %s", path, strerror(errno));
	ssize_t n = write(fd, data, len);
	bool written = n == (ssize_t)len && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	int saved = errno;
	if (close(fd) == 0 && written)
		return 0;
	unlink(path);
	return sl_key_fail(
	    error, SL_ESYS, "key %.160s: cannot write: %s", path, strerror(saved));
}

int sl_key_write_pair(const struct sl_key *key, const char *private_path,
    const char *public_path, char error[SL_KEY_ERROR])
{
	struct sl_buf text = {0};

	if (key->alg != SL_KEY_EDDSA || !key->can_sign)
		return sl_key_fail(
		    error, SL_EINVAL, "only an EdDSA key is written as a pair");
	/* The first 32 bytes of libsodium's secret key are the seed. */
	sl_ed_pem_write_private(&text, key->secret);
	int code = write_new(private_path, 0600, text.data, text.len, error);
	sl_crypto_wipe(text.data, text.len);
	sl_buf_reset(&text);
	if (code == 0 && public_path) {
		sl_ed_pem_write_public(&text, key->public_key);
		code = write_new(public_path, 0644, text.data, text.len, error);
		if (code != 0)
			unlink(private_path);
	}
	sl_buf_clear(&text);
	return code;
}

int sl_key_write_random(const char *path, size_t n, char error[SL_KEY_ERROR])
{
	uint8_t bytes[SL_KEY_SECRET_MAX];

	if (n == 0 || n > sizeof bytes)
		return sl_key_fail(
		    error, SL_EINVAL, "key %.160s: %zu bytes asked for", path, n);
	sl_crypto_random(bytes, n);
	int code = write_new(path, 0600, bytes, n, error);
	sl_crypto_wipe(bytes, sizeof bytes);
	return code;
}
