/* SPDX-License-Identifier: Apache-2.0 */
#include "revoked.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "error.h"
#include "json_in.h"
#include "json_out.h"

/*
 * Entries are found by 32 bytes: the hash of what names them, or of the token
 * itself.  What comes of SHA-256 needs no further hashing, and nobody can choose
 * names whose entries collide.
 */
struct entry {
	struct entry *next; /* in its bucket */
	uint8_t key[SL_JWT_HASH];
	int64_t before_s;
	int64_t exp_s;
};

struct sl_revoked {
	struct entry **bucket;
	size_t buckets; /* a power of two, or 0 */
	size_t count;
};

/* Longest text that is hashed: kind, tenant, NUL, name. */
#define TEXT_MAX (2 * SL_JWT_NAME_MAX + 2)

struct sl_revoked *sl_revoked_new(void)
{
	struct sl_revoked *revoked = calloc(1, sizeof *revoked);

	if (!revoked)
		abort();
	return revoked;
}

void sl_revoked_free(struct sl_revoked *revoked)
{
	if (!revoked)
		return;
	for (size_t i = 0; i < revoked->buckets; i++) {
		while (revoked->bucket[i]) {
			struct entry *next = revoked->bucket[i]->next;
			free(revoked->bucket[i]);
			revoked->bucket[i] = next;
		}
	}
	free(revoked->bucket);
	free(revoked);
}

static struct entry **slot(const struct sl_revoked *revoked, const uint8_t *key)
{
	uint64_t hash;

	memcpy(&hash, key, sizeof hash);
	return &revoked->bucket[hash & (revoked->buckets - 1)];
}

static struct entry *find(const struct sl_revoked *revoked, const uint8_t *key)
{
	struct entry *entry = revoked->buckets ? *slot(revoked, key) : NULL;

	while (entry && memcmp(entry->key, key, sizeof entry->key) != 0)
		entry = entry->next;
	return entry;
}

static void grow(struct sl_revoked *revoked)
{
	struct sl_revoked bigger = {
	    .buckets = revoked->buckets ? revoked->buckets * 2 : 16,
	    .count = revoked->count,
	};

	bigger.bucket = calloc(bigger.buckets, sizeof *bigger.bucket);
	if (!bigger.bucket)
		abort();
	for (size_t i = 0; i < revoked->buckets; i++) {
		struct entry *entry = revoked->bucket[i];
		while (entry) {
			struct entry *next = entry->next;
			struct entry **into = slot(&bigger, entry->key);
			entry->next = *into;
			*into = entry;
			entry = next;
		}
	}
	free(revoked->bucket);
	*revoked = bigger;
}

/* False if a name is too long for any token to have it. */
static bool make_key(uint8_t key[SL_JWT_HASH], char kind, const char *tenant,
    const char *name, size_t name_len)
{
	char text[TEXT_MAX];
	size_t tenant_len = strlen(tenant);

	if (tenant_len > SL_JWT_NAME_MAX || name_len > SL_JWT_NAME_MAX)
		return false;
	text[0] = kind;
	memcpy(text + 1, tenant, tenant_len + 1);
	memcpy(text + 2 + tenant_len, name, name_len);
	sl_crypto_sha256(text, 2 + tenant_len + name_len, key);
	return true;
}

static int put(struct sl_revoked *revoked, const uint8_t key[SL_JWT_HASH],
    int64_t before_s, int64_t exp_s)
{
	struct entry *entry = find(revoked, key);

	if (entry) {
		bool more = before_s > entry->before_s;
		if (more)
			entry->before_s = before_s;
		if (exp_s > entry->exp_s)
			entry->exp_s = exp_s;
		return more;
	}
	if (revoked->count >= revoked->buckets)
		grow(revoked);
	entry = malloc(sizeof *entry);
	if (!entry)
		abort();
	struct entry **into = slot(revoked, key);
	*entry = (struct entry){.next = *into, .before_s = before_s, .exp_s = exp_s};
	memcpy(entry->key, key, sizeof entry->key);
	*into = entry;
	revoked->count++;
	return 1;
}

int sl_revoked_add(struct sl_revoked *revoked, struct sl_slice body)
{
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	struct sl_slice tenant = {"default", 7}, name;
	int64_t exp_s = INT64_MAX, before_s = INT64_MAX;
	uint8_t key[SL_JWT_HASH];
	bool named = false;

	sl_json_in_string(tree, "tenant", &tenant);
	sl_json_in_int(tree, "exp", &exp_s);
	if (sl_json_in_string(tree, "jti", &name)) {
		named = make_key(key, 'j', tenant.data, name.data, name.len);
	} else if (sl_json_in_string(tree, "sub", &name)) {
		named = make_key(key, 's', tenant.data, name.data, name.len);
		sl_json_in_int(tree, "before", &before_s);
	} else if (sl_json_in_string(tree, "hash", &name)) {
		named = sl_revoked_hex_read(name.data, name.len, key);
	}
	json_decref(tree);
	return named ? put(revoked, key, before_s, exp_s) : SL_EMALFORMED;
}

void sl_revoked_sweep(struct sl_revoked *revoked, int64_t now_s)
{
	for (size_t i = 0; i < revoked->buckets; i++) {
		struct entry **at = &revoked->bucket[i];
		while (*at) {
			struct entry *entry = *at;
			if (entry->exp_s >= now_s - SL_JWT_LEEWAY_MAX_S) {
				at = &entry->next;
				continue;
			}
			*at = entry->next;
			free(entry);
			revoked->count--;
		}
	}
}

bool sl_revoked_has(
    const struct sl_revoked *revoked, const struct sl_revoked_token *token)
{
	uint8_t key[SL_JWT_HASH];

	if (revoked->count == 0)
		return false;
	if (make_key(key, 's', token->tenant, token->sub, strlen(token->sub))) {
		const struct entry *entry = find(revoked, key);
		if (entry && token->iat_s <= entry->before_s)
			return true;
	}
	if (find(revoked, token->hash))
		return true;
	return token->jti[0] &&
	       make_key(key, 'j', token->tenant, token->jti, strlen(token->jti)) &&
	       find(revoked, key);
}

size_t sl_revoked_count(const struct sl_revoked *revoked)
{
	return revoked->count;
}

/* ---- bodies --------------------------------------------------------------------- */

void sl_revoked_hex(const uint8_t hash[SL_JWT_HASH], char out[SL_REVOKED_HEX])
{
	for (int i = 0; i < SL_JWT_HASH; i++) {
		out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	out[2 * SL_JWT_HASH] = '\0';
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = memchr(digits, c, sizeof digits - 1);

	return at ? (int)(at - digits) : -1;
}

bool sl_revoked_hex_read(const char *hex, size_t len, uint8_t hash[SL_JWT_HASH])
{
	if (len != SL_REVOKED_HEX - 1)
		return false;
	for (size_t i = 0; i < SL_JWT_HASH; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void put_text(struct sl_json_out *w, const char *key, const char *text)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

void sl_revoked_write(struct sl_buf *out, const struct sl_revoked_body *body)
{
	char hex[SL_REVOKED_HEX];
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	if (body->jti && body->jti[0]) {
		put_text(&w, "tenant", body->tenant);
		put_text(&w, "jti", body->jti);
	} else if (body->sub) {
		put_text(&w, "tenant", body->tenant);
		put_text(&w, "sub", body->sub);
		sl_json_out_key(&w, "before");
		sl_json_out_int(&w, body->before_s);
	} else {
		sl_revoked_hex(body->hash, hex);
		put_text(&w, "hash", hex);
	}
	sl_json_out_key(&w, "exp");
	sl_json_out_int(&w, body->exp_s);
	sl_json_out_object_end(&w);
}
