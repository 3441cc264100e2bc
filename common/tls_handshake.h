/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 handshakes of a server, up to the keys: the home of OpenSSL's libssl. */
#ifndef SL_TLS_HANDSHAKE_H
#define SL_TLS_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#include "tls_record.h"

struct sl_tls_identity;
struct sl_tls_handshake;

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

/* sl_tls_identity_free gives it back; handshakes under way go on.  Accepts NULL. */
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
 * sl_tls_handshake_new begins to serve a client on a non-blocking socket, which
 * stays the caller's.  Aborts when memory runs out.
 */
struct sl_tls_handshake *sl_tls_handshake_new(struct sl_tls_identity *identity, int fd);

enum sl_tls_progress {
	SL_TLS_DONE,
	SL_TLS_WANTS_READ,
	SL_TLS_WANTS_WRITE,
	SL_TLS_FAILED /* the client has been told by an alert */
};

/* sl_tls_handshake_run goes on as far as the socket lets it. */
enum sl_tls_progress sl_tls_handshake_run(struct sl_tls_handshake *handshake);

/*
 * sl_tls_handshake_keys gives, after SL_TLS_DONE, the keys of both directions
 * and the longest text that the client wants in a record.  Not a byte behind
 * the handshake has been read.  Returns 0, or SL_EINVAL where libssl did not
 * tell them.
 */
int sl_tls_handshake_keys(const struct sl_tls_handshake *handshake,
    struct sl_tls_keys *in, struct sl_tls_keys *out, size_t *text_max);

/* sl_tls_handshake_resumed says whether a ticket spared the client the certificate. */
int sl_tls_handshake_resumed(const struct sl_tls_handshake *handshake);

/* sl_tls_handshake_free ends it, whatever its state.  Accepts NULL. */
void sl_tls_handshake_free(struct sl_tls_handshake *handshake);

#endif
