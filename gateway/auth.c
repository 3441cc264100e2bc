/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "keyring.h"
#include "revoked.h"
#include "ws_handshake.h"

/*
 * Remembered tokens are found by hash and replaced in the order in which they
 * came: a ring of as many places as the configuration allows.
 */
struct remembered {
	struct gw_table_node node;
	struct gw_identity *who; /* NULL: the place is free */
	uint8_t hash[SL_JWT_HASH];
};

struct gw_auth {
	struct gw_mirror *mirror;
	struct gw_users *users;
	struct sl_keyring keyring;
	struct gw_table table;
	struct remembered *ring;
	size_t ring_size;
	size_t ring_next;
	struct sl_revoked *revoked;
	struct gw_auth_stats stats;
};

struct gw_auth *gw_auth_new(struct gw_mirror *mirror, struct gw_users *users)
{
	struct gw_auth *auth = calloc(1, sizeof *auth);

	if (!auth)
		abort();
	auth->mirror = mirror;
	auth->users = users;
	auth->revoked = sl_revoked_new();
	return auth;
}

static void forget(struct gw_auth *auth, struct remembered *r)
{
	if (!r->who)
		return;
	gw_table_remove(&auth->table, &r->node);
	gw_identity_unref(r->who);
	r->who = NULL;
}

void gw_auth_forget(struct gw_auth *auth)
{
	for (size_t i = 0; i < auth->ring_size; i++)
		forget(auth, &auth->ring[i]);
}

void gw_auth_mirror(struct gw_auth *auth, struct gw_mirror *mirror)
{
	gw_auth_forget(auth);
	auth->mirror = mirror;
}

void gw_auth_free(struct gw_auth *auth)
{
	if (!auth)
		return;
	gw_auth_forget(auth);
	gw_table_clear(&auth->table);
	sl_keyring_clear(&auth->keyring);
	sl_revoked_free(auth->revoked);
	free(auth->ring);
	free(auth);
}

static void make_room(struct gw_auth *auth, size_t tokens)
{
	if (auth->ring_size == tokens)
		return;
	gw_table_clear(&auth->table);
	free(auth->ring);
	auth->ring_size = tokens;
	auth->ring_next = 0;
	auth->ring = calloc(tokens + 1, sizeof *auth->ring);
	if (!auth->ring)
		abort();
}

int gw_auth_keys(struct gw_auth *auth, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	/* Other rules may refuse what was verified by the former ones. */
	gw_auth_forget(auth);
	make_room(auth, (size_t)config->gateway.token_cache);
	return sl_keyring_load(&auth->keyring, config, paths, error);
}

int gw_auth_follow(struct gw_auth *auth, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR])
{
	int result = sl_keyring_follow(&auth->keyring, config, paths, error);

	if (result == 1)
		gw_auth_forget(auth);
	return result;
}

static struct remembered *find(
    struct gw_auth *auth, uint64_t key, const uint8_t hash[SL_JWT_HASH])
{
	for (struct gw_table_node *node = gw_table_first(&auth->table, key); node;
	     node = gw_table_next(node)) {
		struct remembered *r = GW_TABLE_OBJECT(node, struct remembered, node);
		if (memcmp(r->hash, hash, SL_JWT_HASH) == 0)
			return r;
	}
	return NULL;
}

static void remember(struct gw_auth *auth, uint64_t key, struct gw_identity *who,
    const uint8_t hash[SL_JWT_HASH])
{
	if (auth->ring_size == 0)
		return;
	struct remembered *r = &auth->ring[auth->ring_next];
	auth->ring_next = (auth->ring_next + 1) % auth->ring_size;
	forget(auth, r);
	r->who = gw_identity_ref(who);
	memcpy(r->hash, hash, sizeof r->hash);
	gw_table_add(&auth->table, &r->node, key);
}

static struct gw_identity *verify(
    struct gw_auth *auth, const char *token, size_t len, const char **why)
{
	uint8_t name[SL_JWT_HASH];
	struct sl_jwt_claims claims;
	enum sl_jwt_result result = sl_jwt_verify(token, len, &auth->keyring.keys,
	    &auth->keyring.rules, sl_clock_wall_ns(), &claims);

	auth->stats.verified++;
	if (result != SL_JWT_OK) {
		*why = sl_jwt_result_text(result);
		return NULL;
	}
	sl_jwt_name(token, len, name);
	struct gw_identity *who =
	    gw_identity_new(auth->mirror, auth->users, &claims, name);
	if (!who)
		*why = "the role is not known here";
	return who;
}

struct gw_identity *gw_auth_token(
    struct gw_auth *auth, const char *token, size_t len, const char **why)
{
	uint8_t hash[SL_JWT_HASH];
	uint64_t key;

	sl_jwt_hash(token, len, hash);
	memcpy(&key, hash, sizeof key);
	struct remembered *r = find(auth, key, hash);
	if (r &&
	    r->who->exp_s + auth->keyring.rules.leeway_s >
		sl_clock_wall_ns() / SL_NS_PER_S &&
	    !gw_auth_is_revoked(auth, r->who)) {
		auth->stats.hits++;
		return gw_identity_ref(r->who);
	}
	if (r)
		forget(auth, r);
	struct gw_identity *who = verify(auth, token, len, why);
	if (who && gw_auth_is_revoked(auth, who)) {
		gw_identity_unref(who);
		who = NULL;
		*why = "revoked";
	}
	if (who)
		remember(auth, key, who, hash);
	else
		auth->stats.failures++;
	return who;
}

struct gw_identity *gw_auth_claims(struct gw_auth *auth,
    const struct sl_jwt_claims *claims, const uint8_t name[SL_JWT_HASH])
{
	/* A key that is not here yet would look like one that is gone. */
	if (!sl_keyring_has(&auth->keyring, claims->key_print))
		return NULL;
	return gw_identity_new(auth->mirror, auth->users, claims, name);
}

/* ---- where a request carries its token ----------------------------------------------
 */

static bool find_subprotocol(
    const struct sl_http_request *request, struct gw_credential *out)
{
	static const char prefix[] = "bearer.";
	size_t at = 0;

	for (;;) {
		struct sl_slice offer = sl_ws_handshake_protocol(request, &at);
		if (!offer.data)
			return false;
		if (offer.len < sizeof prefix - 1 ||
		    memcmp(offer.data, prefix, sizeof prefix - 1) != 0)
			continue;
		out->place = GW_PLACE_SUBPROTOCOL;
		out->token.data = offer.data + sizeof prefix - 1;
		out->token.len = offer.len - (sizeof prefix - 1);
		return true;
	}
}

/*
 * EventSource sends Last-Event-ID only when it reconnects, and then with the
 * address that it began with: the ticket in it was spent by itself.
 */
static bool find_ticket(
    const struct sl_http_request *request, bool has_cookie, struct gw_credential *out)
{
	bool none = request->kept.len == sizeof GW_AUTH_NO_TICKET - 1 &&
		    memcmp(request->kept.data, GW_AUTH_NO_TICKET, request->kept.len) == 0;
	bool present = sl_http_request_query(request, "ticket", &out->scratch) == 1;

	sl_buf_clear(&out->scratch);
	if (!present)
		return false;
	if (has_cookie && (none || sl_http_request_header(request, "Last-Event-ID").data))
		return false;
	out->place = GW_PLACE_TICKET;
	out->why = none ? "the ticket is unknown, over, or was used already" : NULL;
	if (!none)
		out->token = (struct sl_slice){request->kept.data, request->kept.len};
	return true;
}

void gw_auth_find(const struct sl_http_request *request, const char *cookie,
    bool query_token, struct gw_credential *out)
{
	*out = (struct gw_credential){.place = GW_PLACE_NONE};
	if (sl_http_request_header(request, "Authorization").data) {
		out->place = GW_PLACE_HEADER;
		out->token = sl_http_request_bearer(request);
		return;
	}
	if (find_subprotocol(request, out))
		return;
	struct sl_slice value = sl_http_request_cookie(request, cookie);
	if (find_ticket(request, value.data != NULL, out))
		return;
	if (query_token && sl_http_request_query(request, "token", &out->scratch) == 1) {
		out->place = GW_PLACE_QUERY;
		out->token = (struct sl_slice){out->scratch.data, out->scratch.len};
		return;
	}
	if (value.data) {
		out->place = GW_PLACE_COOKIE;
		out->token = value;
	}
}

/* ---- revocation
 * -------------------------------------------------------------------------- */

int gw_auth_revoke(struct gw_auth *auth, struct sl_slice body)
{
	return sl_revoked_add(auth->revoked, body);
}

void gw_auth_sweep(struct gw_auth *auth)
{
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;

	for (size_t i = 0; i < auth->ring_size; i++) {
		struct remembered *r = &auth->ring[i];
		if (r->who && r->who->exp_s + auth->keyring.rules.leeway_s <= now_s)
			forget(auth, r);
	}
	sl_revoked_sweep(auth->revoked, now_s);
}

bool gw_auth_is_revoked(const struct gw_auth *auth, const struct gw_identity *who)
{
	struct sl_revoked_token token = {
	    .tenant = who->tenant->name,
	    .sub = gw_user_sub(who->user),
	    .jti = who->jti,
	    .iat_s = who->iat_s,
	    .hash = who->name,
	};

	return !sl_keyring_has(&auth->keyring, who->key_print) ||
	       sl_revoked_has(auth->revoked, &token);
}

const struct gw_auth_stats *gw_auth_stats(const struct gw_auth *auth)
{
	return &auth->stats;
}
