/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c and tls_io.c share and nobody else may see. */
#ifndef SL_TLS_STATE_H
#define SL_TLS_STATE_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "paths.h"
#include "tls.h"

/* A handshake under way; one that has begun is in its tls's list. */
struct sl_tls_attempt {
	struct sl_tls *tls;
	struct sl_tls_session *session;
	TAILQ_ENTRY(sl_tls_attempt) link;
	int fd;
	bool ended; /* by the bound on handshakes */
};

TAILQ_HEAD(sl_tls_attempts, sl_tls_attempt);

/* What tells one state of a file from another. */
struct sl_tls_file {
	char path[SL_PATHS_MAX];
	struct stat seen;
};

struct sl_tls {
	struct sl_tls_identity *identity;
	struct sl_tls_attempts attempts; /* the oldest first */
	struct sl_tls_stats stats;
	struct sl_tls_file certificate, key;
	int64_t ticket_day;
	uint8_t ticket[SL_TLS_TICKET_SECRET];
	const char *clear_answer;
	uint8_t text[SL_TLS_TEXT_MAX]; /* of whichever connection writes */
};

/* sl_tls_attempt_new begins a handshake, and ends the oldest where there are too many. */
struct sl_tls_attempt *sl_tls_attempt_new(struct sl_tls *tls, int fd);

/* sl_tls_attempt_done frees one that has succeeded and gives its session to the caller.
 */
struct sl_tls_session *sl_tls_attempt_done(struct sl_tls_attempt *attempt);

/* sl_tls_attempt_free frees one that has failed, with its session. */
void sl_tls_attempt_free(struct sl_tls_attempt *attempt);

#endif
