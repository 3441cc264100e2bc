/* SPDX-License-Identifier: Apache-2.0 */
#include "revoked.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "json_in.h"

/* What an entry names: its first character, then tenant, NUL, name. */
enum what { BY_JTI = 'j', BY_HASH = 'h', BY_SUB = 's' };

struct entry {
	struct gw_table_node node;
	struct entry *next;
	int64_t exp_s;
	size_t len;
	char key[];
};

struct gw_revoked {
	struct gw_table table;
	struct entry *first;
};

/* Longest key: kind, tenant, NUL, name. */
#define KEY_MAX (2 * SL_JWT_NAME_MAX + 4)

struct gw_revoked *gw_revoked_new(void)
{
	struct gw_revoked *revoked = calloc(1, sizeof *revoked);

	if (!revoked)
		abort();
	return revoked;
}

void gw_revoked_free(struct gw_revoked *revoked)
{
	if (!revoked)
		return;
	while (revoked->first) {
		struct entry *next = revoked->first->next;
		free(revoked->first);
		revoked->first = next;
	}
	gw_table_clear(&revoked->table);
	free(revoked);
}

static size_t make_key(char key[KEY_MAX], enum what what, const char *tenant,
    const char *name, size_t name_len)
{
	size_t tenant_len = what == BY_HASH ? 0 : strlen(tenant);

	if (tenant_len > SL_JWT_NAME_MAX || name_len > SL_JWT_NAME_MAX)
		return 0;
	key[0] = (char)what;
	memcpy(key + 1, tenant, tenant_len);
	key[1 + tenant_len] = '\0';
	memcpy(key + 2 + tenant_len, name, name_len);
	return 2 + tenant_len + name_len;
}

static struct entry *find(const struct gw_revoked *revoked, const char *key, size_t len)
{
	for (struct gw_table_node *node =
		 gw_table_first(&revoked->table, gw_table_hash(0, key, len));
	     node; node = gw_table_next(node)) {
		struct entry *entry = GW_TABLE_OBJECT(node, struct entry, node);
		if (entry->len == len && memcmp(entry->key, key, len) == 0)
			return entry;
	}
	return NULL;
}

void gw_revoked_sweep(struct gw_revoked *revoked)
{
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S - SL_JWT_LEEWAY_MAX_S;
	struct entry **at = &revoked->first;

	while (*at) {
		struct entry *entry = *at;
		if (entry->exp_s >= now_s) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		gw_table_remove(&revoked->table, &entry->node);
		free(entry);
	}
}

int gw_revoked_add(struct gw_revoked *revoked, struct sl_slice body)
{
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	struct sl_slice tenant = {"default", 7};
	struct sl_slice name;
	int64_t exp_s = INT64_MAX;
	char key[KEY_MAX];
	size_t len = 0;

	sl_json_in_string(tree, "tenant", &tenant);
	sl_json_in_int(tree, "exp", &exp_s);
	if (sl_json_in_string(tree, "jti", &name))
		len = make_key(key, BY_JTI, tenant.data, name.data, name.len);
	else if (sl_json_in_string(tree, "hash", &name))
		len = make_key(key, BY_HASH, "", name.data, name.len);
	else if (sl_json_in_string(tree, "sub", &name))
		len = make_key(key, BY_SUB, tenant.data, name.data, name.len);
	json_decref(tree);
	if (len == 0)
		return SL_EMALFORMED;
	gw_revoked_sweep(revoked);
	if (find(revoked, key, len))
		return 0;
	struct entry *entry = malloc(sizeof *entry + len);
	if (!entry)
		abort();
	entry->exp_s = exp_s;
	entry->len = len;
	memcpy(entry->key, key, len);
	entry->next = revoked->first;
	revoked->first = entry;
	gw_table_add(&revoked->table, &entry->node, gw_table_hash(0, key, len));
	return 1;
}

bool gw_revoked_has(const struct gw_revoked *revoked, const struct gw_identity *who)
{
	char key[KEY_MAX];
	char hex[2 * SL_JWT_HASH];
	const char *sub = gw_user_sub(who->user);
	size_t len;

	if (!revoked->first)
		return false;
	len = make_key(key, BY_SUB, who->tenant->name, sub, strlen(sub));
	if (len > 0 && find(revoked, key, len))
		return true;
	if (who->jti[0]) {
		len =
		    make_key(key, BY_JTI, who->tenant->name, who->jti, strlen(who->jti));
		return len > 0 && find(revoked, key, len);
	}
	for (int i = 0; i < SL_JWT_HASH; i++) {
		hex[2 * i] = "0123456789abcdef"[who->hash[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[who->hash[i] & 15];
	}
	len = make_key(key, BY_HASH, "", hex, sizeof hex);
	return find(revoked, key, len) != NULL;
}
