/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over TLS: ours at one end of a socket pair, OpenSSL's client at the other.
 */
#ifndef TESTS_TLS_FIXTURE_H
#define TESTS_TLS_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "buf.h"
#include "conn.h"
#include "error.h"
#include "frame.h"
#include "loop.h"
#include "tls.h"

static char folder[64], certificate[96], key[96], error[SL_TLS_ERROR];
static struct event_base *base;
static struct sl_conn_set *set;
static struct sl_tls *tls;
static struct sl_buf input;
static int closed;
static enum sl_conn_reason close_reason;

/* ---- certificates ------------------------------------------------------------- */

static void write_pair(const char *crt, const char *pem, long days)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), days * 86400);
	X509_set_pubkey(x, pkey);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ck_assert_int_gt(X509_sign(x, pkey, EVP_sha256()), 0);
	FILE *file = fopen(crt, "w");
	PEM_write_X509(file, x);
	fclose(file);
	file = fopen(pem, "w");
	PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	ck_assert_int_eq(chmod(pem, 0600), 0);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

/* ---- our end ------------------------------------------------------------------- */

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	(void)conn;
	(void)owner;
	sl_buf_add(&input, data, len);
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	(void)conn;
	(void)owner;
	closed++;
	close_reason = reason;
}

static const struct sl_conn_handler handler = {on_read, NULL, on_close};

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof folder, "/tmp/sl-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/crt", folder);
	snprintf(key, sizeof key, "%s/key", folder);
	write_pair(certificate, key, 30);
	base = event_base_new();
	set = sl_conn_set_new(base);
	tls = sl_tls_new("HTTP/1.1 400 Bad Request\r\n\r\n");
	ck_assert_msg(sl_tls_load(tls, certificate, key, error) == 0, "%s", error);
	closed = 0;
}

static void teardown(void)
{
	sl_conn_set_free(set);
	sl_tls_free(tls);
	event_base_free(base);
	sl_buf_clear(&input);
	unlink(certificate);
	unlink(key);
	rmdir(folder);
}

static struct sl_conn *accept_one(int *peer, int send_buffer)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	if (send_buffer)
		setsockopt(
		    pair[1], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
	*peer = pair[0];
	return sl_conn_open_io(set, pair[1], sl_tls_accept(tls), &handler, NULL);
}

static void turn(void)
{
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* ---- the client's end ------------------------------------------------------------ */

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static struct client client_new(int fd, const char *suite)
{
	struct client c = {.ctx = SSL_CTX_new(TLS_client_method()), .fd = fd};

	if (suite)
		ck_assert_int_eq(SSL_CTX_set_ciphersuites(c.ctx, suite), 1);
	c.ssl = SSL_new(c.ctx);
	SSL_set_fd(c.ssl, fd);
	SSL_set_connect_state(c.ssl);
	return c;
}

static void client_free(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
}

static bool shake(struct client *c)
{
	for (int i = 0; i < 100; i++) {
		if (SSL_do_handshake(c->ssl) == 1) {
			turn();
			return true;
		}
		turn();
	}
	return false;
}

/* Reads everything that comes; whether the end was announced. */
static bool client_read(struct client *c, struct sl_buf *out)
{
	int n = 0;

	for (int i = 0; i < 20; i++) {
		while ((n = SSL_read(c->ssl, sl_buf_reserve(out, 65536), 65536)) > 0) {
			out->len += (size_t)n;
			i = 0;
		}
		turn();
	}
	return SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN;
}

#endif
