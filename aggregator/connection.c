/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/error.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "common/revoked.h"
#include "common/uuid.h"
#include "core.h"

#define ENTRY_NS (10 * SL_NS_PER_S)
#define BODY_MAX (16u * 1024u)

static bool within(
    struct agg_connection_rate *rate, double per_second, double burst, int64_t mono_ns)
{
	double seconds = (double)(mono_ns - rate->mono_ns) / (double)SL_NS_PER_S;

	rate->used -= seconds * per_second;
	if (rate->used < 0)
		rate->used = 0;
	rate->mono_ns = mono_ns;
	if (rate->used >= burst)
		return false;
	rate->used++;
	return true;
}

static struct agg_connection_rate *rate_of(
    struct agg_core *core, const struct sl_jwt_claims *claims)
{
	char name[2 * (SL_JWT_NAME_MAX + 1)];
	size_t tenant_size = strlen(claims->tenant) + 1;
	size_t sub_len = strlen(claims->sub);
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];
	uint32_t slot;

	memcpy(name, claims->tenant, tenant_size);
	memcpy(name + tenant_size, claims->sub, sub_len);
	sl_crypto_sha256(name, tenant_size + sub_len, hash);
	memcpy(&slot, hash, sizeof slot);
	return &core->connection_user[slot % AGG_CONNECTION_USERS];
}

bool agg_connection_allowed(
    struct agg_core *core, const struct agg_caller *caller, struct agg_answer *answer)
{
	int64_t now_ns = sl_clock_mono_ns();

	if (!within(rate_of(core, &caller->claims), AGG_CONNECTION_USER_RATE,
		AGG_CONNECTION_USER_BURST, now_ns)) {
		agg_answer_problem(answer, 429, "too-many-requests",
		    "more is asked of all gateways in a second than one user may");
		return false;
	}
	if (within(&core->connection_rate, AGG_CONNECTION_RATE, AGG_CONNECTION_BURST,
		now_ns))
		return true;
	agg_answer_problem(answer, 503, "unavailable",
	    "too much is asked of all gateways at the moment");
	return false;
}

static void put_text(struct sl_json_out *w, const char *key, const char *text)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

static void put_int(struct sl_json_out *w, const char *key, int64_t value)
{
	sl_json_out_key(w, key);
	sl_json_out_int(w, value);
}

static void write_entry(struct sl_buf *out, const struct agg_caller *caller,
    const struct sl_msg_request *request, const json_t *body, struct sl_slice id,
    struct sl_slice verb)
{
	const struct sl_jwt_claims *claims = &caller->claims;
	const json_t *data = json_object_get(body, "data");
	struct sl_buf text = {0};
	uint8_t hash[SL_JWT_HASH];
	char hex[SL_REVOKED_HEX];
	struct sl_json_out w;

	sl_jwt_name(request->token.data, request->token.len, hash);
	sl_revoked_hex(hash, hex);
	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "request");
	sl_json_out_string(&w, request->id.data, request->id.len);
	sl_json_out_key(&w, "connection");
	sl_json_out_string(&w, id.data, id.len);
	sl_json_out_key(&w, "do");
	sl_json_out_string(&w, verb.data, verb.len);
	put_text(&w, "tenant", claims->tenant);
	put_text(&w, "sub", claims->sub);
	put_text(&w, "role", claims->role);
	put_text(&w, "jti", claims->jti);
	put_text(&w, "hash", hex);
	put_int(&w, "key", claims->key_print);
	put_int(&w, "iat", claims->iat_s);
	put_int(&w, "exp", claims->exp_s);
	put_int(&w, "max_connections", claims->max_connections);
	sl_json_out_key(&w, "data");
	if (data)
		sl_json_in_write(data, &text);
	else
		sl_buf_adds(&text, "{}");
	sl_json_out_raw(&w, text.data, text.len);
	sl_json_out_object_end(&w);
	sl_buf_clear(&text);
}

/* Appends and publishes the entry; the answer waits for a gateway. */
static void pass_on(struct agg_core *core, const struct agg_caller *caller,
    const struct sl_buf *entry, struct agg_answer *answer)
{
	struct sl_slice kind = {.data = "connection", .len = 10};
	struct sl_slice text = {.data = entry->data, .len = entry->len};
	uint64_t seq;

	if (entry->len > BODY_MAX) {
		agg_answer_problem(answer, 413, "too-large",
		    "what is asked of a connection has at most 16 KiB");
		return;
	}
	if (!agg_connection_allowed(core, caller, answer))
		return;
	if (agg_journal_control(core->journal, kind, text, sl_clock_wall_ns() + ENTRY_NS,
		false, &seq) != 0) {
		agg_answer_problem(
		    answer, 503, "unavailable", "the journal has no space");
		return;
	}
	answer->later = true;
	agg_publish_control(core->publish, seq, kind, text);
	agg_publish_pass(core->publish);
}

AGG_HANDLER(agg_connection_ask)
{
	json_t *body = agg_handler_body(request, answer);
	struct sl_slice id, verb;
	uint8_t uuid[SL_UUID_BYTES];
	struct sl_buf entry = {0};

	if (!body)
		return;
	if (!sl_json_in_string(body, "connection", &id) ||
	    sl_uuid_parse(id.data, id.len, uuid) != 0) {
		agg_answer_problem(
		    answer, 404, "not-found", "no live connection has this id");
	} else if (!sl_json_in_string(body, "do", &verb) || request->id.len == 0) {
		agg_answer_problem(
		    answer, 400, "bad-request", "do or the request's id is missing");
	} else {
		write_entry(&entry, caller, request, body, id, verb);
		pass_on(core, caller, &entry, answer);
	}
	sl_buf_clear(&entry);
	json_decref(body);
}

static void note_absent(
    struct agg_core *core, const struct sl_msg_request *request, struct sl_slice id)
{
	const struct agg_gateway *gateway =
	    agg_gateways_find(&core->gateways, request->peer);

	if (gateway)
		agg_command_absent(core->command, id, gateway->number);
}

AGG_HANDLER(agg_connection_done)
{
	json_t *body = agg_handler_body(request, answer);
	struct agg_answer done = {0};
	struct sl_slice id, problem = {"", 0}, detail = {"", 0};
	int64_t status = 0;
	const json_t *result = json_object_get(body, "body");

	(void)caller;
	if (!body)
		return;
	if (sl_json_in_string(body, "request", &id) &&
	    json_is_false(json_object_get(body, "here"))) {
		note_absent(core, request, id);
	} else if (!sl_json_in_string(body, "request", &id) ||
		   !sl_json_in_int(body, "status", &status) || status < 200 ||
		   status > 599) {
		agg_answer_problem(
		    answer, 400, "bad-request", "request or status is missing");
	} else {
		sl_json_in_string(body, "problem", &problem);
		sl_json_in_string(body, "detail", &detail);
		done.status = (uint16_t)status;
		if (status >= 400)
			agg_answer_problem(&done, done.status, problem.data, "%s",
			    sl_slice_text(detail.data).data);
		if (result)
			sl_json_in_write(result, &done.body);
		agg_command_done(core->command, id, &done);
		sl_buf_clear(&done.body);
	}
	json_decref(body);
	sl_buf_adds(&answer->body, "{}");
}
