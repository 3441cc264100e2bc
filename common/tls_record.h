/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a TLS 1.3 connection whose handshake is done (RFC 8446 §5, §7). */
#ifndef SL_TLS_RECORD_H
#define SL_TLS_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct iovec;
struct sl_tls_record;

/* Cipher suites by their numbers in the protocol. */
#define SL_TLS_AES_128_GCM       0x1301
#define SL_TLS_AES_256_GCM       0x1302
#define SL_TLS_CHACHA20_POLY1305 0x1303

/* What a record carries. */
#define SL_TLS_ALERT       21
#define SL_TLS_HANDSHAKE   22
#define SL_TLS_APPLICATION 23

/* Levels and kinds of alerts (RFC 8446 §6), and the one message behind a handshake. */
#define SL_TLS_WARNING            1
#define SL_TLS_FATAL              2
#define SL_TLS_CLOSE_NOTIFY       0
#define SL_TLS_UNEXPECTED_MESSAGE 10
#define SL_TLS_BAD_RECORD_MAC     20
#define SL_TLS_RECORD_OVERFLOW    22
#define SL_TLS_USER_CANCELED      90
#define SL_TLS_KEY_UPDATE         24

#define SL_TLS_RECORD_HEAD     5
#define SL_TLS_RECORD_TEXT_MAX 16384
/* Longest record that is accepted, and longest one that is made. */
#define SL_TLS_RECORD_IN_MAX  (SL_TLS_RECORD_HEAD + SL_TLS_RECORD_TEXT_MAX + 256)
#define SL_TLS_RECORD_OUT_MAX (SL_TLS_RECORD_HEAD + SL_TLS_RECORD_TEXT_MAX + 1 + 16)

/* One direction of a connection.  Secret: wipe it with sl_crypto_wipe. */
struct sl_tls_keys {
	uint64_t seq; /* records sealed or opened with these keys */
	uint16_t suite;
	uint8_t secret[48]; /* the traffic secret, from which the next one follows */
	uint8_t key[32];
	uint8_t iv[12];
};

/*
 * sl_tls_record_new makes the machine that seals and opens: it keeps nothing of
 * a connection, so one serves all of a thread.  Aborts when memory runs out.
 */
struct sl_tls_record *sl_tls_record_new(void);

/* sl_tls_record_free frees the machine.  Accepts NULL. */
void sl_tls_record_free(struct sl_tls_record *record);

/*
 * sl_tls_keys_init derives key and iv from a traffic secret of the length of
 * the suite's hash; seq is the number of records that it has protected
 * already.  SL_EINVAL for a suite or length that TLS 1.3 does not have.
 */
int sl_tls_keys_init(struct sl_tls_keys *keys, uint16_t suite, const uint8_t *secret,
    size_t len, uint64_t seq);

/* sl_tls_keys_update goes on to the next keys, after a KeyUpdate. */
void sl_tls_keys_update(struct sl_tls_keys *keys);

/*
 * sl_tls_record_size looks at the head of a record: the length of the whole of
 * it, 0 if the head is not complete, SL_EMALFORMED where it is not a protected
 * record, SL_ETOOBIG where it is longer than the protocol allows.
 */
ssize_t sl_tls_record_size(const uint8_t *data, size_t len);

/*
 * sl_tls_record_seal makes one record of type out of len (at most
 * SL_TLS_RECORD_TEXT_MAX) bytes that begin at offset in the pieces, which must
 * have as many.  Returns the record's length; out has room for
 * SL_TLS_RECORD_OUT_MAX.
 */
size_t sl_tls_record_seal(struct sl_tls_record *record, struct sl_tls_keys *keys,
    uint8_t type, const struct iovec *pieces, size_t offset, size_t len, uint8_t *out);

/*
 * sl_tls_record_open opens a whole record of len bytes into out, which has room
 * for as many: the length of the text and its type, or SL_EMALFORMED when
 * the peer did not seal it with these keys.
 */
ssize_t sl_tls_record_open(struct sl_tls_record *record, struct sl_tls_keys *keys,
    const uint8_t *data, size_t len, uint8_t *out, uint8_t *type);

#endif
