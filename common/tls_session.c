/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_session.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

/*
 * A client may change its keys as often as it sends data.  One that does it
 * over and over without any is cut: it costs us more than the client, and
 * libssl would go on for as long as bytes come.
 */
#define KEY_UPDATES_MAX 32

struct sl_tls_session {
	SSL *ssl;
	int fd;
	unsigned updates; /* changes of keys since the last data */
};

struct sl_tls_identity {
	SSL_CTX *ctx;
	int64_t expires_s;
};

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

/* ---- socket --------------------------------------------------------------------- */

static int socket_read(BIO *bio, char *buf, int len)
{
	struct sl_tls_session *session = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (session->updates > KEY_UPDATES_MAX) {
		errno = EPROTO;
		return -1;
	}
	ssize_t n = recv(session->fd, buf, (size_t)len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	return (int)n;
}

static int socket_write(BIO *bio, const char *buf, int len)
{
	struct sl_tls_session *session = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	ssize_t n = send(session->fd, buf, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		BIO_set_retry_write(bio);
	return (int)n;
}

static long socket_control(BIO *bio, int what, long number, void *data)
{
	(void)bio, (void)number, (void)data;
	return what == BIO_CTRL_FLUSH;
}

/* The socket as libssl sees it; all sessions share what does not change. */
static BIO *socket_new(struct sl_tls_session *session)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method && ((method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket")) == NULL ||
			   !BIO_meth_set_read(method, socket_read) ||
			   !BIO_meth_set_write(method, socket_write) ||
			   !BIO_meth_set_ctrl(method, socket_control)))
		abort();
	if (!(bio = BIO_new(method)))
		abort();
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	return bio;
}

static void on_message(
    int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct sl_tls_session *session = SSL_get_app_data(ssl);

	(void)version, (void)arg;
	if (!sent && type == SSL3_RT_HANDSHAKE && len > 0 &&
	    *(const unsigned char *)data == SSL3_MT_KEY_UPDATE)
		session->updates++;
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
				     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Without buffers an idle session is what it has to be; frames are shared. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_msg_callback(ctx, on_message);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
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

/* ---- session -------------------------------------------------------------------- */

struct sl_tls_session *sl_tls_session_new(struct sl_tls_identity *identity, int fd)
{
	struct sl_tls_session *session = calloc(1, sizeof *session);

	if (!session || !(session->ssl = SSL_new(identity->ctx)))
		abort();
	session->fd = fd;
	BIO *bio = socket_new(session);
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_app_data(session->ssl, session);
	SSL_set_accept_state(session->ssl);
	return session;
}

enum sl_tls_progress sl_tls_session_shake(struct sl_tls_session *session)
{
	ERR_clear_error();
	int rc = SSL_do_handshake(session->ssl);
	if (rc == 1)
		return SL_TLS_DONE;
	switch (SSL_get_error(session->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return SL_TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return SL_TLS_WANTS_WRITE;
	default:
		ERR_clear_error();
		return SL_TLS_FAILED;
	}
}

bool sl_tls_session_resumed(const struct sl_tls_session *session)
{
	return SSL_session_reused(session->ssl);
}

/* What recv(2) or send(2) would say; *wanted is what libssl waits for, if it does. */
static ssize_t outcome(struct sl_tls_session *session, int rc, int *wanted)
{
	*wanted = SSL_get_error(session->ssl, rc);
	switch (*wanted) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (errno == 0)
			errno = ECONNRESET;
		break;
	default:
		errno = EPROTO;
	}
	ERR_clear_error();
	return -1;
}

ssize_t sl_tls_session_read(
    struct sl_tls_session *session, void *buf, size_t len, bool *wants_write)
{
	int wanted = 0;

	ERR_clear_error();
	errno = 0;
	int n = SSL_read(session->ssl, buf, len > INT_MAX ? INT_MAX : (int)len);
	ssize_t rc = n > 0 ? n : outcome(session, n, &wanted);
	if (n > 0)
		session->updates = 0;
	*wants_write = wanted == SSL_ERROR_WANT_WRITE;
	return rc;
}

ssize_t sl_tls_session_write(struct sl_tls_session *session, const void *data, size_t len)
{
	int wanted;

	ERR_clear_error();
	errno = 0;
	int n = SSL_write(session->ssl, data, len > INT_MAX ? INT_MAX : (int)len);
	if (n > 0)
		return n;
	if (outcome(session, n, &wanted) == 0)
		errno = EPIPE; /* the client has ended both directions */
	return -1;
}

void sl_tls_session_end(struct sl_tls_session *session)
{
	ERR_clear_error();
	if (SSL_is_init_finished(session->ssl))
		SSL_shutdown(session->ssl);
	ERR_clear_error();
}

void sl_tls_session_free(struct sl_tls_session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	free(session);
}
