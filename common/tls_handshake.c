/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 * - libssl does what is hard about TLS: negotiation, key exchange, signature,
 *   tickets.  Its state, 14 KiB for a client that has nothing to say, ends with
 *   the handshake; the two traffic secrets go on to tls_record.c.
 * - The secrets come by the key log callback, the interface that libssl has for
 *   them.  They are logged nowhere.
 * - Records that libssl itself sends behind its Finished (session tickets) are
 *   protected with the same secret that is handed over, so they are counted:
 *   our first record takes the number after theirs.  In the other direction the
 *   client's first record behind its Finished has number 0, and libssl without
 *   read-ahead takes no byte of it from the socket.
 */
#include "tls_handshake.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "error.h"

struct secret {
	uint8_t data[48];
	size_t len; /* 0: not known yet */
};

struct sl_tls_handshake {
	SSL *ssl;
	struct secret client, server;
	uint64_t sent; /* records protected with server */
};

struct sl_tls_identity {
	SSL_CTX *ctx;
	int64_t expires_s;
};

/* ---- what libssl tells ------------------------------------------------------- */

static bool read_hex(const char *text, struct secret *out)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (n % 2 != 0 || n / 2 > sizeof out->data)
		return false;
	for (size_t i = 0; i < n / 2; i++)
		sscanf(text + 2 * i, "%2hhx", &out->data[i]);
	out->len = n / 2;
	return true;
}

/* "LABEL client_random secret", both in hexadecimal. */
static void on_secret(const SSL *ssl, const char *line)
{
	struct sl_tls_handshake *handshake = SSL_get_app_data(ssl);
	const char *last = strrchr(line, ' ');
	struct secret *secret = NULL;

	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
		secret = &handshake->client;
	else if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
		secret = &handshake->server;
	if (secret && !read_hex(last + 1, secret))
		secret->len = 0;
}

static void on_message(
    int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct sl_tls_handshake *handshake = SSL_get_app_data(ssl);

	(void)version, (void)data, (void)len, (void)arg;
	if (sent && type == SSL3_RT_HEADER && handshake->server.len > 0)
		handshake->sent++;
}

/* RFC 7301: who names protocols and not ours is told so; who names none, is served. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl, (void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- identity ------------------------------------------------------------------ */

static int fail(char error[SL_TLS_ERROR], int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(char error[SL_TLS_ERROR], int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SL_TLS_ERROR, fmt, ap);
	va_end(ap);
	return code;
}

/* The reason that OpenSSL gave last, and an empty queue of errors. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text ? text : "not understood";
}

/* A key that needs a password is refused; nobody is there to type one. */
static int no_password(char *out, int size, int writing, void *arg)
{
	(void)out, (void)size, (void)writing, (void)arg;
	return -1;
}

static int readable(const char *what, const char *path, char error[SL_TLS_ERROR])
{
	if (access(path, R_OK) == 0)
		return 0;
	return fail(error, errno == ENOENT ? SL_ENOTFOUND : SL_EDENIED, "%s %.250s: %s",
	    what, path, strerror(errno));
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
				     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_keylog_callback(ctx, on_secret);
	SSL_CTX_set_msg_callback(ctx, on_message);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	/* These suites are all that tls_record.c knows, and all that TLS 1.3 needs. */
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
					  "TLS_CHACHA20_POLY1305_SHA256") == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static int64_t expiry(const SSL_CTX *ctx)
{
	const X509 *certificate = SSL_CTX_get0_certificate(ctx);
	struct tm tm;

	if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	return timegm(&tm);
}

static int load(
    SSL_CTX *ctx, const char *certificate, const char *key, char error[SL_TLS_ERROR])
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return fail(error, SL_EMALFORMED, "tls_certificate %.250s: %s",
		    certificate, reason());
	/* The key is compared with the certificate here. */
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return fail(error, SL_EMALFORMED,
		    "tls_key %.250s: %s (for the certificate %.250s)", key, reason(),
		    certificate);
	return 0;
}

int sl_tls_identity_load(struct sl_tls_identity **out, const char *certificate,
    const char *key, char error[SL_TLS_ERROR])
{
	int rc = readable("tls_certificate", certificate, error);

	if (rc == 0)
		rc = readable("tls_key", key, error);
	if (rc != 0)
		return rc;
	SSL_CTX *ctx = context_new();
	if (!ctx)
		return fail(error, SL_ESYS, "OpenSSL cannot serve TLS 1.3: %s", reason());
	rc = load(ctx, certificate, key, error);
	if (rc != 0) {
		SSL_CTX_free(ctx);
		return rc;
	}
	*out = calloc(1, sizeof **out);
	if (!*out)
		abort();
	(*out)->ctx = ctx;
	(*out)->expires_s = expiry(ctx);
	return 0;
}

void sl_tls_identity_free(struct sl_tls_identity *identity)
{
	if (!identity)
		return;
	SSL_CTX_free(identity->ctx);
	free(identity);
}

int64_t sl_tls_identity_expires(const struct sl_tls_identity *identity)
{
	return identity->expires_s;
}

void sl_tls_identity_tickets(
    struct sl_tls_identity *identity, const uint8_t secret[SL_TLS_TICKET_SECRET])
{
	if (SSL_CTX_set_tlsext_ticket_keys(
		identity->ctx, (void *)secret, SL_TLS_TICKET_SECRET) != 1)
		abort();
}

/* ---- handshake ------------------------------------------------------------------ */

struct sl_tls_handshake *sl_tls_handshake_new(struct sl_tls_identity *identity, int fd)
{
	struct sl_tls_handshake *handshake = calloc(1, sizeof *handshake);

	if (!handshake || !(handshake->ssl = SSL_new(identity->ctx)) ||
	    SSL_set_fd(handshake->ssl, fd) != 1)
		abort();
	SSL_set_app_data(handshake->ssl, handshake);
	SSL_set_accept_state(handshake->ssl);
	return handshake;
}

enum sl_tls_progress sl_tls_handshake_run(struct sl_tls_handshake *handshake)
{
	ERR_clear_error();
	int rc = SSL_do_handshake(handshake->ssl);
	if (rc == 1)
		return SL_TLS_DONE;
	switch (SSL_get_error(handshake->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return SL_TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return SL_TLS_WANTS_WRITE;
	default:
		ERR_clear_error();
		return SL_TLS_FAILED;
	}
}

/* RFC 6066 §4: 2^9 to 2^12. */
static size_t text_limit(SSL *ssl)
{
	uint8_t mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));

	return mode >= 1 && mode <= 4 ? (size_t)256 << mode : SL_TLS_RECORD_TEXT_MAX;
}

int sl_tls_handshake_keys(const struct sl_tls_handshake *handshake,
    struct sl_tls_keys *in, struct sl_tls_keys *out, size_t *text_max)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(handshake->ssl);
	uint16_t suite = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;

	*text_max = text_limit(handshake->ssl);
	if (SSL_has_pending(handshake->ssl) ||
	    sl_tls_keys_init(
		in, suite, handshake->client.data, handshake->client.len, 0) != 0)
		return SL_EINVAL;
	return sl_tls_keys_init(
	    out, suite, handshake->server.data, handshake->server.len, handshake->sent);
}

int sl_tls_handshake_resumed(const struct sl_tls_handshake *handshake)
{
	return SSL_session_reused(handshake->ssl);
}

void sl_tls_handshake_free(struct sl_tls_handshake *handshake)
{
	if (!handshake)
		return;
	SSL_free(handshake->ssl);
	sl_crypto_wipe(handshake, sizeof *handshake);
	free(handshake);
}
