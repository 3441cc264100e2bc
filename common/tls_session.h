/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 of a server: the home of OpenSSL's libssl. */
#ifndef SL_TLS_SESSION_H
#define SL_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sl_tls_identity;
struct sl_tls_session;

/* Size of the caller's buffer for one line that says what failed and where. */
#define SL_TLS_ERROR 640

/* Length of the secret that tickets are sealed with: OpenSSL's name, HMAC and AES keys.
 */
#define SL_TLS_TICKET_SECRET 80

/*
 * sl_tls_identity_load reads a certificate with its chain and the key for it,
 * both PEM, and makes ready to serve TLS 1.3, ALPN "http/1.1".  Blocks on
 * files.  Returns 0, SL_ENOTFOUND, SL_EDENIED or SL_EMALFORMED with a line in
 * error.
 */
int sl_tls_identity_load(struct sl_tls_identity **out, const char *certificate,
    const char *key, char error[SL_TLS_ERROR]);

/* sl_tls_identity_free gives it back; sessions go on.  Accepts NULL. */
void sl_tls_identity_free(struct sl_tls_identity *identity);

/* sl_tls_identity_expires returns when the certificate ends, seconds since the epoch. */
int64_t sl_tls_identity_expires(const struct sl_tls_identity *identity);

/*
 * sl_tls_identity_tickets sets the secret of session tickets; a client that
 * comes back with one made under another secret makes a full handshake.
 */
void sl_tls_identity_tickets(
    struct sl_tls_identity *identity, const uint8_t secret[SL_TLS_TICKET_SECRET]);

/*
 * sl_tls_session_new begins to serve a client on a non-blocking socket, which
 * stays the caller's.  Aborts when memory runs out.
 */
struct sl_tls_session *sl_tls_session_new(struct sl_tls_identity *identity, int fd);

enum sl_tls_progress {
	SL_TLS_DONE,
	SL_TLS_WANTS_READ,
	SL_TLS_WANTS_WRITE,
	SL_TLS_FAILED /* the client has been told by an alert */
};

/* sl_tls_session_shake goes on with the handshake as far as the socket lets it. */
enum sl_tls_progress sl_tls_session_shake(struct sl_tls_session *session);

/* sl_tls_session_resumed says whether a ticket spared the client the certificate. */
bool sl_tls_session_resumed(const struct sl_tls_session *session);

/*
 * sl_tls_session_read and sl_tls_session_write behave like recv(2) and send(2)
 * on a non-blocking socket, once the handshake is done; a fault of the protocol
 * is EPROTO.  read needs room for SL_TLS_TEXT_MAX bytes; where it sets
 * *wants_write it cannot go on before the socket takes something.  What write
 * did not take has to be offered again, first, with the same contents.
 */
#define SL_TLS_TEXT_MAX 16384
ssize_t sl_tls_session_read(
    struct sl_tls_session *session, void *buf, size_t len, bool *wants_write);
ssize_t sl_tls_session_write(
    struct sl_tls_session *session, const void *data, size_t len);

/* sl_tls_session_end tells the client that nothing more follows. */
void sl_tls_session_end(struct sl_tls_session *session);

/* sl_tls_session_free ends it, whatever its state.  Accepts NULL. */
void sl_tls_session_free(struct sl_tls_session *session);

#endif
