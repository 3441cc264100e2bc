/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto.h"
#include "error.h"
#include "tls_state.h"

#define DAY_S 86400

struct sl_tls *sl_tls_new(const char *clear_answer)
{
	struct sl_tls *tls = calloc(1, sizeof *tls);

	if (!tls)
		abort();
	tls->clear_answer = clear_answer;
	tls->ticket_day = -1;
	TAILQ_INIT(&tls->attempts);
	return tls;
}

void sl_tls_free(struct sl_tls *tls)
{
	if (!tls)
		return;
	sl_tls_identity_free(tls->identity);
	sl_crypto_wipe(tls, sizeof *tls);
	free(tls);
}

const struct sl_tls_stats *sl_tls_stats(const struct sl_tls *tls)
{
	return &tls->stats;
}

int64_t sl_tls_expires(const struct sl_tls *tls)
{
	return tls->identity ? sl_tls_identity_expires(tls->identity) : 0;
}

/* ---- files ------------------------------------------------------------------- */

static void remember(struct sl_tls_file *file, const char *path)
{
	*file = (struct sl_tls_file){0};
	snprintf(file->path, sizeof file->path, "%s", path);
	if (stat(path, &file->seen) != 0)
		file->seen = (struct stat){0};
}

static bool is_other(const struct sl_tls_file *file)
{
	struct stat now;

	if (stat(file->path, &now) != 0)
		return file->seen.st_ino != 0;
	return now.st_ino != file->seen.st_ino || now.st_dev != file->seen.st_dev ||
	       now.st_size != file->seen.st_size || now.st_mode != file->seen.st_mode ||
	       now.st_mtim.tv_sec != file->seen.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != file->seen.st_mtim.tv_nsec;
}

bool sl_tls_changed(const struct sl_tls *tls)
{
	return is_other(&tls->certificate) || is_other(&tls->key);
}

int sl_tls_load(struct sl_tls *tls, const char *certificate, const char *key,
    char error[SL_TLS_ERROR])
{
	struct sl_tls_identity *identity;

	/* Looked at before they are read: a change in between is seen later. */
	remember(&tls->certificate, certificate);
	remember(&tls->key, key);
	if (tls->key.seen.st_mode & (S_IRWXO | S_IWGRP)) {
		snprintf(error, SL_TLS_ERROR,
		    "tls_key %.250s: others may read or change it (mode %04o): "
		    "chmod 0600 it",
		    key, (unsigned)tls->key.seen.st_mode & 07777u);
		return SL_EDENIED;
	}
	int rc = sl_tls_identity_load(&identity, certificate, key, error);
	if (rc != 0)
		return rc;
	if (tls->ticket_day >= 0)
		sl_tls_identity_tickets(identity, tls->ticket);
	sl_tls_identity_free(tls->identity);
	tls->identity = identity;
	return 0;
}

/* ---- tickets ------------------------------------------------------------------ */

void sl_tls_tickets(struct sl_tls *tls, const uint8_t secret[32], int64_t now_s)
{
	uint8_t derived[3 * SL_CRYPTO_SHA256_BYTES];
	char label[64];
	int64_t day = now_s / DAY_S;

	if (day == tls->ticket_day)
		return;
	tls->ticket_day = day;
	for (int i = 0; i < 3; i++) {
		int len = snprintf(label, sizeof label, "sightline tls tickets %lld %d",
		    (long long)day, i);
		sl_crypto_hmac_sha256(
		    secret, 32, label, (size_t)len, derived + i * SL_CRYPTO_SHA256_BYTES);
	}
	memcpy(tls->ticket, derived, sizeof tls->ticket);
	sl_crypto_wipe(derived, sizeof derived);
	if (tls->identity)
		sl_tls_identity_tickets(tls->identity, tls->ticket);
}

/* ---- handshakes under way ------------------------------------------------------ */

struct sl_tls_attempt *sl_tls_attempt_new(struct sl_tls *tls, int fd)
{
	struct sl_tls_attempt *attempt = calloc(1, sizeof *attempt);

	if (!attempt)
		abort();
	if (tls->stats.under_way == SL_TLS_HANDSHAKES_MAX) {
		struct sl_tls_attempt *oldest = TAILQ_FIRST(&tls->attempts);
		/* Its connection sees the end of its socket and closes it. */
		TAILQ_REMOVE(&tls->attempts, oldest, link);
		tls->stats.under_way--;
		sl_tls_session_free(oldest->session);
		oldest->session = NULL;
		oldest->ended = true;
		shutdown(oldest->fd, SHUT_RDWR);
	}
	attempt->tls = tls;
	attempt->fd = fd;
	attempt->session = sl_tls_session_new(tls->identity, fd);
	TAILQ_INSERT_TAIL(&tls->attempts, attempt, link);
	tls->stats.under_way++;
	return attempt;
}

static void leave(struct sl_tls_attempt *attempt)
{
	if (attempt->ended)
		return;
	TAILQ_REMOVE(&attempt->tls->attempts, attempt, link);
	attempt->tls->stats.under_way--;
}

struct sl_tls_session *sl_tls_attempt_done(struct sl_tls_attempt *attempt)
{
	struct sl_tls_session *session = attempt->session;
	struct sl_tls_stats *stats = &attempt->tls->stats;

	leave(attempt);
	stats->handshakes++;
	stats->resumed += sl_tls_session_resumed(session);
	free(attempt);
	return session;
}

void sl_tls_attempt_free(struct sl_tls_attempt *attempt)
{
	leave(attempt);
	attempt->tls->stats.failed++;
	sl_tls_session_free(attempt->session);
	free(attempt);
}
