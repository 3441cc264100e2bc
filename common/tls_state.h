/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c and tls_io.c share and nobody else may see. */
#ifndef SL_TLS_STATE_H
#define SL_TLS_STATE_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "paths.h"
#include "tls.h"

#define SL_TLS_READ_BYTES 65536

/* A handshake under way; one that has begun is in its tls's list. */
struct sl_tls_attempt {
	struct sl_tls *tls;
	struct sl_tls_handshake *handshake;
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
	struct sl_tls_record *record;
	struct sl_tls_attempts attempts; /* the oldest first */
	struct sl_tls_stats stats;
	struct sl_tls_file certificate, key;
	int64_t ticket_day;
	uint8_t ticket[SL_TLS_TICKET_SECRET];
	const char *clear_answer;
	/* Of whichever connection reads or writes. */
	uint8_t in[SL_TLS_READ_BYTES];
	uint8_t out[2 * SL_TLS_RECORD_OUT_MAX];
};

/* sl_tls_attempt_new begins a handshake, and ends the oldest where there are too many. */
struct sl_tls_attempt *sl_tls_attempt_new(struct sl_tls *tls, int fd);

/* sl_tls_attempt_free takes it out of the list and counts how it ended. */
void sl_tls_attempt_free(struct sl_tls_attempt *attempt, bool done);

#endif
