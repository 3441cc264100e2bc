/* SPDX-License-Identifier: Apache-2.0 */
#include "revoked.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/json_in.h"
#include "common/revoked.h"
#include "core.h"

/* How long a revocation is kept that names no end: longer than tokens live. */
#define KEEP_S (10LL * 366 * 24 * 3600)

struct agg_revoked {
	struct agg_journal *journal;
	struct sl_revoked *kept;
	uint64_t read_to; /* sequence of the control log that comes next */
};

static int read_entry(void *arg, const struct agg_journal_control_entry *entry)
{
	struct agg_revoked *revoked = arg;

	revoked->read_to = entry->seq + 1;
	if (entry->kind.len == 6 && memcmp(entry->kind.data, "revoke", 6) == 0)
		sl_revoked_add(revoked->kept, entry->body);
	return 0;
}

struct agg_revoked *agg_revoked_new(struct agg_journal *journal)
{
	struct agg_revoked *revoked = calloc(1, sizeof *revoked);

	if (!revoked)
		abort();
	revoked->journal = journal;
	revoked->kept = sl_revoked_new();
	agg_journal_control_each(journal, 0, read_entry, revoked);
	return revoked;
}

void agg_revoked_free(struct agg_revoked *revoked)
{
	if (!revoked)
		return;
	sl_revoked_free(revoked->kept);
	free(revoked);
}

void agg_revoked_sweep(struct agg_revoked *revoked)
{
	sl_revoked_sweep(revoked->kept, sl_clock_wall_ns() / SL_NS_PER_S);
}

bool agg_revoked_has(struct agg_revoked *revoked, const struct sl_jwt_claims *claims,
    struct sl_slice token)
{
	uint8_t hash[SL_JWT_HASH];
	struct sl_revoked_token what = {
	    .tenant = claims->tenant,
	    .sub = claims->sub,
	    .jti = claims->jti,
	    .iat_s = claims->iat_s,
	    .hash = hash,
	};

	if (agg_journal_control_next(revoked->journal) != revoked->read_to)
		agg_journal_control_each(
		    revoked->journal, revoked->read_to, read_entry, revoked);
	sl_jwt_name(token.data, token.len, hash);
	return sl_revoked_has(revoked->kept, &what);
}

/* ---- requests --------------------------------------------------------------------- */

/* Journals and publishes a revocation; the answer is its body. */
static void revoke(
    struct agg_core *core, const struct sl_revoked_body *body, struct agg_answer *answer)
{
	struct sl_slice kind = {.data = "revoke", .len = 6};
	uint64_t seq;

	sl_revoked_write(&answer->body, body);
	struct sl_slice text = {.data = answer->body.data, .len = answer->body.len};
	int error = agg_journal_control(core->journal, kind, text,
	    (body->exp_s + SL_JWT_LEEWAY_MAX_S) * SL_NS_PER_S, false, &seq);
	if (error != 0) {
		sl_buf_reset(&answer->body);
		agg_answer_problem(
		    answer, 503, "unavailable", "the journal has no space");
		return;
	}
	agg_publish_control(core->publish, seq, kind, text);
	agg_publish_pass(core->publish);
}

static void revoke_token(struct agg_core *core, const struct sl_jwt_claims *claims,
    struct sl_slice token, struct agg_answer *answer)
{
	uint8_t hash[SL_JWT_HASH];
	struct sl_revoked_body body = {
	    .tenant = claims->tenant,
	    .jti = claims->jti,
	    .hash = hash,
	    .exp_s = claims->exp_s,
	};

	sl_jwt_name(token.data, token.len, hash);
	revoke(core, &body, answer);
}

AGG_HANDLER(agg_revoked_sign_out)
{
	revoke_token(core, &caller->claims, request->token, answer);
}

/* A token of somebody else; one that is refused anyway needs no revocation. */
static void revoke_given(
    struct agg_core *core, struct sl_slice token, struct agg_answer *answer)
{
	const struct sl_keyring *ring = &core->keyring;
	struct sl_jwt_claims claims;
	enum sl_jwt_result result = sl_jwt_verify(token.data, token.len, &ring->keys,
	    &ring->rules, sl_clock_wall_ns(), &claims);

	if (result == SL_JWT_OK)
		revoke_token(core, &claims, token, answer);
	else
		agg_answer_problem(answer, 400, "invalid-token",
		    "the token is refused anyway: %s", sl_jwt_result_text(result));
}

AGG_HANDLER(agg_revoked_revoke)
{
	json_t *tree = agg_handler_body(request, answer);
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;
	struct sl_slice token, jti = {"", 0}, sub = {"", 0}, tenant = {"default", 7};
	struct sl_revoked_body body = {.before_s = now_s, .exp_s = now_s + KEEP_S};

	(void)caller;
	if (!tree)
		return;
	sl_json_in_string(tree, "jti", &jti);
	sl_json_in_string(tree, "sub", &sub);
	sl_json_in_string(tree, "tenant", &tenant);
	sl_json_in_int(tree, "exp", &body.exp_s);
	body.tenant = tenant.data;
	body.jti = jti.data;
	body.sub = sub.data;
	if (sl_json_in_string(tree, "token", &token))
		revoke_given(core, token, answer);
	else if ((jti.len == 0) == (sub.len == 0) || jti.len > SL_JWT_NAME_MAX ||
		 sub.len > SL_JWT_NAME_MAX || tenant.len > SL_JWT_NAME_MAX)
		agg_answer_problem(answer, 400, "bad-request",
		    "one of token, jti and sub says what to revoke, in at most %d bytes",
		    SL_JWT_NAME_MAX);
	else if (body.exp_s <= now_s || body.exp_s > now_s + KEEP_S)
		agg_answer_problem(answer, 400, "bad-request",
		    "exp lies in the past, or more than ten years ahead");
	else
		revoke(core, &body, answer);
	json_decref(tree);
}
