/* SPDX-License-Identifier: Apache-2.0 */
#include "load_tls.h"

#include <errno.h>
#include <openssl/ssl.h>

#include "load_client.h"

static SSL *ssl_of(struct load_tls *tls)
{
	return (SSL *)tls;
}

struct load_tls *load_tls_new(int fd)
{
	static SSL_CTX *ctx;

	if (!ctx) {
		ctx = SSL_CTX_new(TLS_client_method());
		if (!ctx)
			load_die("TLS");
		SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	}
	SSL *ssl = SSL_new(ctx);
	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		load_die("TLS");
	SSL_set_connect_state(ssl);
	return (struct load_tls *)ssl;
}

void load_tls_free(struct load_tls *tls)
{
	SSL_free(ssl_of(tls));
}

static int again(struct load_tls *tls, int rc)
{
	int why = SSL_get_error(ssl_of(tls), rc);

	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

int load_tls_shake(struct load_tls *tls)
{
	int rc = SSL_do_handshake(ssl_of(tls));

	if (rc == 1)
		return 1;
	return again(tls, rc) ? 0 : -1;
}

ssize_t load_tls_read(struct load_tls *tls, void *data, size_t len)
{
	int rc = SSL_read(ssl_of(tls), data, (int)len);

	if (rc > 0)
		return rc;
	if (!again(tls, rc))
		return 0;
	errno = EAGAIN;
	return -1;
}

ssize_t load_tls_write(struct load_tls *tls, const void *data, size_t len)
{
	return SSL_write(ssl_of(tls), data, (int)len);
}
