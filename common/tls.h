/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener needs to serve TLS 1.3: certificate, tickets, bounds. */
#ifndef SL_TLS_H
#define SL_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tls_session.h"

struct sl_conn_io;
struct sl_tls;

/*
 * Handshakes under way at once.  Each costs some 45 KiB; one more ends the one
 * that has waited for longest, so that clients who stop in the middle cannot
 * keep others out.
 */
#define SL_TLS_HANDSHAKES_MAX 2000

/* Counters since sl_tls_new. */
struct sl_tls_stats {
	uint64_t handshakes; /* done */
	uint64_t resumed;    /* of these, by a ticket */
	uint64_t failed;     /* refused, broken off, or ended by the bound */
	uint64_t clear;      /* connections that did not begin with TLS */
	uint64_t under_way;  /* now */
};

/*
 * sl_tls_new makes the TLS side of connections of one loop.  clear_answer is
 * what a client gets that sends clear text HTTP, NULL for nothing; it outlives
 * the result.  Nothing can be accepted before a successful sl_tls_load.
 */
struct sl_tls *sl_tls_new(const char *clear_answer);

/* sl_tls_free frees it; every connection that it accepted is closed.  Accepts NULL. */
void sl_tls_free(struct sl_tls *tls);

/*
 * sl_tls_load takes a certificate with its chain and its key, PEM files, for all
 * further handshakes; open connections stay as they are.  The key may be
 * readable for its owner and group only.  Blocks on files.  Returns 0 or an
 * error with a line in error; then what was loaded before stays in force.
 */
int sl_tls_load(struct sl_tls *tls, const char *certificate, const char *key,
    char error[SL_TLS_ERROR]);

/* sl_tls_changed says whether one of the two files is not what sl_tls_load last saw. */
bool sl_tls_changed(const struct sl_tls *tls);

/*
 * sl_tls_tickets lets every process that has the same 32 bytes take the tickets
 * of the others.  Their secret is derived for each day anew: call it again
 * with the time, now and then.
 */
void sl_tls_tickets(struct sl_tls *tls, const uint8_t secret[32], int64_t now_s);

/* sl_tls_expires returns when the certificate ends, seconds since the epoch. */
int64_t sl_tls_expires(const struct sl_tls *tls);

/* sl_tls_stats returns the counters, valid as long as tls. */
const struct sl_tls_stats *sl_tls_stats(const struct sl_tls *tls);

/*
 * sl_tls_accept makes the io of one accepted connection (conn_io.h).  Whoever
 * reads has to offer SL_TLS_TEXT_MAX bytes, and a deadline for the first request:
 * it bounds the handshake, too.
 */
struct sl_conn_io *sl_tls_accept(struct sl_tls *tls);

#endif
