/* SPDX-License-Identifier: Apache-2.0 */
#include "revoked.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/json_in.h"
#include "common/json_out.h"
#include "index.h"

/* Keys are "tenant\x1fjti…" or a hash in hex; the index's values are the keys. */
struct agg_revoked {
	struct agg_journal *journal;
	struct agg_index index;
	uint64_t read_to; /* sequence of the control log that comes next */
};

void agg_revoked_hex(struct sl_slice token, char out[AGG_REVOKED_HEX])
{
	uint8_t hash[SL_JWT_HASH];

	sl_jwt_hash(token.data, token.len, hash);
	for (int i = 0; i < SL_JWT_HASH; i++) {
		out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	out[2 * SL_JWT_HASH] = '\0';
}

static int read_entry(void *arg, const struct agg_journal_control_entry *entry)
{
	struct agg_revoked *revoked = arg;
	struct sl_slice tenant = {0}, name = {0};
	struct sl_buf key = {0};

	revoked->read_to = entry->seq + 1;
	if (entry->kind.len != 6 || memcmp(entry->kind.data, "revoke", 6) != 0)
		return 0;
	json_t *body = sl_json_in_parse(entry->body.data, entry->body.len, NULL);
	if (sl_json_in_string(body, "jti", &name) &&
	    sl_json_in_string(body, "tenant", &tenant))
		sl_buf_addf(&key, "%s\x1f%s", tenant.data, name.data);
	else if (sl_json_in_string(body, "hash", &name))
		sl_buf_add(&key, name.data, name.len);
	json_decref(body);
	if (key.len && !agg_index_find(&revoked->index, key.data, key.len)) {
		sl_buf_text(&key);
		agg_index_put(&revoked->index, key.data, key.len, key.data);
	} else {
		sl_buf_clear(&key);
	}
	return 0;
}

struct agg_revoked *agg_revoked_new(struct agg_journal *journal)
{
	struct agg_revoked *revoked = calloc(1, sizeof *revoked);

	if (!revoked)
		abort();
	revoked->journal = journal;
	agg_revoked_refresh(revoked);
	return revoked;
}

static void forget_all(struct agg_revoked *revoked)
{
	for (size_t i = 0; i < revoked->index.capacity; i++)
		free(revoked->index.slots[i].value);
	agg_index_clear(&revoked->index);
}

void agg_revoked_free(struct agg_revoked *revoked)
{
	if (!revoked)
		return;
	forget_all(revoked);
	free(revoked);
}

void agg_revoked_refresh(struct agg_revoked *revoked)
{
	forget_all(revoked);
	revoked->read_to = 0;
	agg_journal_control_each(revoked->journal, 0, read_entry, revoked);
}

bool agg_revoked_has(struct agg_revoked *revoked, const struct sl_jwt_claims *claims,
    struct sl_slice token)
{
	char key[2 * SL_JWT_NAME_MAX + 2], hash[2 * SL_JWT_HASH + 1];

	if (agg_journal_control_next(revoked->journal) != revoked->read_to)
		agg_journal_control_each(
		    revoked->journal, revoked->read_to, read_entry, revoked);
	if (claims->jti[0]) {
		int len =
		    snprintf(key, sizeof key, "%s\x1f%s", claims->tenant, claims->jti);
		return agg_index_find(&revoked->index, key, (size_t)len) != NULL;
	}
	agg_revoked_hex(token, hash);
	return agg_index_find(&revoked->index, hash, strlen(hash)) != NULL;
}

void agg_revoked_body(
    struct sl_buf *out, const struct sl_jwt_claims *claims, struct sl_slice token)
{
	char hash[2 * SL_JWT_HASH + 1];
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "tenant");
	sl_json_out_text(&w, claims->tenant);
	if (claims->jti[0]) {
		sl_json_out_key(&w, "jti");
		sl_json_out_text(&w, claims->jti);
	} else {
		agg_revoked_hex(token, hash);
		sl_json_out_key(&w, "hash");
		sl_json_out_text(&w, hash);
	}
	sl_json_out_key(&w, "exp");
	sl_json_out_int(&w, claims->exp_s);
	sl_json_out_object_end(&w);
}
