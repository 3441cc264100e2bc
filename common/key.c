/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "error.h"

#define FILE_MAX   4096
#define SECRET_MIN 32
#define DER_MAX    128

/* DER of an Ed25519 SubjectPublicKeyInfo and of a PKCS#8 key, up to the 32 bytes. */
static const uint8_t spki_prefix[] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t pkcs8_prefix[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

#define PEM_PUBLIC  "PUBLIC KEY"
#define PEM_PRIVATE "PRIVATE KEY"

static int fail(char error[SL_KEY_ERROR], int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(char error[SL_KEY_ERROR], int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SL_KEY_ERROR, fmt, ap);
	va_end(ap);
	return code;
}

const char *sl_key_alg_name(enum sl_key_alg alg)
{
	switch (alg) {
	case SL_KEY_HS256:
		return "HS256";
	case SL_KEY_EDDSA:
		return "EdDSA";
	case SL_KEY_NONE:
		break;
	}
	return "none";
}

void sl_key_clear(struct sl_key *key)
{
	sl_crypto_wipe(key, sizeof *key);
}

/* ---- reading ---------------------------------------------------------------- */

static void default_id(struct sl_key *key)
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];

	if (key->alg == SL_KEY_EDDSA) {
		sl_crypto_sha256(key->public_key, sizeof key->public_key, hash);
	} else {
		/* Hashed twice: an id says nothing that helps to guess a weak secret. */
		sl_crypto_sha256(key->secret, key->secret_len, hash);
		sl_crypto_sha256(hash, sizeof hash, hash);
	}
	for (int i = 0; i < 8; i++)
		snprintf(key->id + 2 * i, 3, "%02x", hash[i]);
}

static int set_id(struct sl_key *key, const char *id, char error[SL_KEY_ERROR])
{
	if (!id) {
		default_id(key);
		return 0;
	}
	if (id[0] == '\0' || strlen(id) > SL_KEY_ID_MAX)
		return fail(
		    error, SL_EINVAL, "a key id has 1 to %d bytes", SL_KEY_ID_MAX);
	memcpy(key->id, id, strlen(id) + 1);
	return 0;
}

/* Cuts the base64 text between the armour lines of one PEM block. */
static bool pem_body(
    const char *data, size_t len, const char *label, const char **body, size_t *body_len)
{
	char begin[64], end[64];
	int begin_len = snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);

	snprintf(end, sizeof end, "-----END %s-----", label);
	if (len < (size_t)begin_len || memcmp(data, begin, (size_t)begin_len) != 0)
		return false;
	*body = data + begin_len;
	const char *stop = memmem(*body, len - (size_t)begin_len, end, strlen(end));
	if (!stop)
		return false;
	*body_len = (size_t)(stop - *body);
	return true;
}

/* Decodes a PEM block that holds exactly prefix and 32 bytes. */
static bool read_pem(const char *data, size_t len, const char *label,
    const uint8_t *prefix, size_t prefix_len, uint8_t out[32])
{
	uint8_t der[DER_MAX];
	const char *body;
	size_t body_len, n;

	bool right =
	    pem_body(data, len, label, &body, &body_len) &&
	    sl_crypto_base64_read(body, body_len, true, der, sizeof der, &n) == 0 &&
	    n == prefix_len + 32 && memcmp(der, prefix, prefix_len) == 0;
	if (right)
		memcpy(out, der + prefix_len, 32);
	sl_crypto_wipe(der, sizeof der);
	return right;
}

static int parse_pem(
    struct sl_key *key, const char *data, size_t len, char error[SL_KEY_ERROR])
{
	uint8_t seed[SL_CRYPTO_ED25519_SEED];

	key->alg = SL_KEY_EDDSA;
	if (read_pem(
		data, len, PEM_PUBLIC, spki_prefix, sizeof spki_prefix, key->public_key))
		return 0;
	if (!read_pem(data, len, PEM_PRIVATE, pkcs8_prefix, sizeof pkcs8_prefix, seed))
		return fail(error, SL_EMALFORMED,
		    "not an Ed25519 key in PEM (\"PUBLIC KEY\" or \"PRIVATE KEY\")");
	sl_crypto_ed25519_keys(seed, key->public_key, key->secret);
	sl_crypto_wipe(seed, sizeof seed);
	key->secret_len = SL_CRYPTO_ED25519_SECRET;
	key->can_sign = true;
	return 0;
}

static int parse_secret(
    struct sl_key *key, const char *data, size_t len, char error[SL_KEY_ERROR])
{
	if (len > 0 && data[len - 1] == '\n')
		len--;
	if (len > 0 && data[len - 1] == '\r')
		len--;
	if (len < SECRET_MIN)
		return fail(error, SL_EMALFORMED,
		    "an HS256 secret has at least %d bytes, this one %zu", SECRET_MIN,
		    len);
	if (len > SL_KEY_SECRET_MAX)
		return fail(error, SL_ETOOBIG,
		    "an HS256 secret has at most %d bytes, this one %zu",
		    SL_KEY_SECRET_MAX, len);
	key->alg = SL_KEY_HS256;
	key->can_sign = true;
	memcpy(key->secret, data, len);
	key->secret_len = len;
	return 0;
}

int sl_key_parse(struct sl_key *key, const char *data, size_t len, const char *id,
    char error[SL_KEY_ERROR])
{
	*key = (struct sl_key){0};
	/*
	 * Anything in armour is a key of its own kind and never an HMAC secret:
	 * a public key that is taken for one would let everyone sign.
	 */
	bool armoured = memmem(data, len, "-----BEGIN", 10) != NULL;
	int code = armoured ? parse_pem(key, data, len, error)
			    : parse_secret(key, data, len, error);
	if (code == 0)
		code = set_id(key, id, error);
	if (code != 0)
		sl_key_clear(key);
	return code;
}

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

int sl_key_load(
    struct sl_key *key, const char *path, const char *id, char error[SL_KEY_ERROR])
{
	char data[FILE_MAX], why[SL_KEY_ERROR];
	struct stat st;

	*key = (struct sl_key){0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail(error, errno == ENOENT ? SL_ENOTFOUND : SL_EDENIED,
		    "key %.160s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail(error, SL_EINVAL, "key %.160s: not a regular file", path);
	}
	ssize_t len = read_file(fd, data, sizeof data);
	close(fd);
	if (len < 0) {
		sl_crypto_wipe(data, sizeof data);
		return fail(error, (int)len, "key %.160s: %s", path,
		    len == SL_ETOOBIG ? "too large for a key" : strerror(errno));
	}
	int code = sl_key_parse(key, data, (size_t)len, id, why);
	sl_crypto_wipe(data, sizeof data);
	if (code != 0)
		return fail(error, code, "key %.160s: %.120s", path, why);
	if (key->can_sign && (st.st_mode & 07 || st.st_mode & 020)) {
		sl_key_clear(key);
		return fail(error, SL_EDENIED,
		    "key %.160s: others may read or change it (mode %04o): chmod 0600 it",
		    path, (unsigned)st.st_mode & 07777u);
	}
	return 0;
}

/* ---- writing ---------------------------------------------------------------- */

void sl_key_generate(struct sl_key *key)
{
	uint8_t seed[SL_CRYPTO_ED25519_SEED];

	*key = (struct sl_key){.alg = SL_KEY_EDDSA, .can_sign = true};
	sl_crypto_random(seed, sizeof seed);
	sl_crypto_ed25519_keys(seed, key->public_key, key->secret);
	key->secret_len = SL_CRYPTO_ED25519_SECRET;
	sl_crypto_wipe(seed, sizeof seed);
	default_id(key);
}

static int write_new(
    const char *path, mode_t mode, const void *data, size_t len, char error[SL_KEY_ERROR])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fail(error, errno == EEXIST ? SL_EEXIST : SL_ESYS,
		    "key %.160s: %s", path, strerror(errno));
	ssize_t n = write(fd, data, len);
	bool written = n == (ssize_t)len && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	int saved = errno;
	if (close(fd) == 0 && written)
		return 0;
	unlink(path);
	return fail(
	    error, SL_ESYS, "key %.160s: cannot write: %s", path, strerror(saved));
}

static int write_pem(const char *path, mode_t mode, const char *label,
    const uint8_t *prefix, size_t prefix_len, const uint8_t bytes[32],
    char error[SL_KEY_ERROR])
{
	uint8_t der[DER_MAX];
	struct sl_buf text = {0};

	memcpy(der, prefix, prefix_len);
	memcpy(der + prefix_len, bytes, 32);
	sl_buf_addf(&text, "-----BEGIN %s-----\n", label);
	sl_crypto_base64_add(&text, der, prefix_len + 32);
	sl_buf_addf(&text, "\n-----END %s-----\n", label);
	int code = write_new(path, mode, text.data, text.len, error);
	sl_crypto_wipe(text.data, text.len);
	sl_crypto_wipe(der, sizeof der);
	sl_buf_clear(&text);
	return code;
}

int sl_key_write_pair(const struct sl_key *key, const char *private_path,
    const char *public_path, char error[SL_KEY_ERROR])
{
	if (key->alg != SL_KEY_EDDSA || !key->can_sign)
		return fail(error, SL_EINVAL, "only an EdDSA key is written as a pair");
	/* The first 32 bytes of libsodium's secret key are the seed. */
	int code = write_pem(private_path, 0600, PEM_PRIVATE, pkcs8_prefix,
	    sizeof pkcs8_prefix, key->secret, error);
	if (code != 0 || !public_path)
		return code;
	code = write_pem(public_path, 0644, PEM_PUBLIC, spki_prefix, sizeof spki_prefix,
	    key->public_key, error);
	if (code != 0)
		unlink(private_path);
	return code;
}

int sl_key_write_random(const char *path, size_t n, char error[SL_KEY_ERROR])
{
	uint8_t bytes[SL_KEY_SECRET_MAX];

	if (n == 0 || n > sizeof bytes)
		return fail(error, SL_EINVAL, "key %.160s: %zu bytes asked for", path, n);
	sl_crypto_random(bytes, n);
	int code = write_new(path, 0600, bytes, n, error);
	sl_crypto_wipe(bytes, sizeof bytes);
	return code;
}

/* ---- sets ------------------------------------------------------------------- */

int sl_key_set_add(struct sl_key_set *set, const struct sl_key *key)
{
	if (set->count == SL_KEY_SET_MAX)
		return SL_EFULL;
	if (!set->keys) {
		set->keys = calloc(SL_KEY_SET_MAX, sizeof *set->keys);
		if (!set->keys)
			abort();
	}
	set->keys[set->count++] = *key;
	return 0;
}

int sl_key_set_load(
    struct sl_key_set *set, const char *path, const char *id, char error[SL_KEY_ERROR])
{
	struct sl_key key;
	int code = sl_key_load(&key, path, id, error);

	if (code != 0)
		return code;
	if (sl_key_set_add(set, &key) != 0)
		code = fail(error, SL_EFULL, "key %.160s: more than %d keys", path,
		    SL_KEY_SET_MAX);
	sl_key_clear(&key);
	return code;
}

void sl_key_set_clear(struct sl_key_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		sl_key_clear(&set->keys[i]);
	free(set->keys);
	*set = (struct sl_key_set){0};
}
