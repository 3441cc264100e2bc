/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

struct gw_users {
	struct gw_table table;
};

struct gw_users *gw_users_new(void)
{
	struct gw_users *users = calloc(1, sizeof *users);

	if (!users)
		abort();
	return users;
}

void gw_users_free(struct gw_users *users)
{
	if (!users)
		return;
	gw_table_clear(&users->table);
	free(users);
}

struct gw_user *gw_user_get(struct gw_users *users, const char *tenant, const char *sub)
{
	size_t tenant_len = strlen(tenant);
	size_t sub_len = strlen(sub);
	uint64_t hash = gw_table_hash(gw_table_hash(0, tenant, tenant_len), sub, sub_len);

	for (struct gw_table_node *node = gw_table_first(&users->table, hash); node;
	     node = gw_table_next(node)) {
		struct gw_user *user = GW_TABLE_OBJECT(node, struct gw_user, node);
		if (strcmp(user->name, tenant) == 0 &&
		    strcmp(gw_user_sub(user), sub) == 0) {
			user->refs++;
			return user;
		}
	}
	struct gw_user *user = malloc(sizeof *user + tenant_len + sub_len + 2);
	if (!user)
		abort();
	*user = (struct gw_user){
	    .home = users,
	    .refs = 1,
	    .tenant_len = (uint16_t)tenant_len,
	    .sub_len = (uint16_t)sub_len,
	};
	memcpy(user->name, tenant, tenant_len + 1);
	memcpy(user->name + tenant_len + 1, sub, sub_len + 1);
	gw_table_add(&users->table, &user->node, hash);
	return user;
}

void gw_user_unref(struct gw_user *user)
{
	if (!user || --user->refs > 0)
		return;
	gw_table_remove(&user->home->table, &user->node);
	free(user);
}

struct each {
	void (*fn)(void *arg, struct gw_user *user);
	void *arg;
};

static void on_node(void *arg, struct gw_table_node *node)
{
	const struct each *each = arg;

	each->fn(each->arg, GW_TABLE_OBJECT(node, struct gw_user, node));
}

void gw_users_each(
    struct gw_users *users, void (*fn)(void *arg, struct gw_user *user), void *arg)
{
	struct each each = {fn, arg};

	gw_table_each(&users->table, on_node, &each);
}

bool gw_user_request(struct gw_user *user, uint32_t limit, int64_t now_ns, uint32_t *left)
{
	int64_t second = now_ns / SL_NS_PER_S;

	if (user->second != second) {
		user->second = second;
		user->requests = 0;
	}
	if (user->requests >= limit) {
		*left = 0;
		return false;
	}
	*left = limit - ++user->requests;
	return true;
}
