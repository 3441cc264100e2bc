/* SPDX-License-Identifier: Apache-2.0 */
/* Users, keyed by tenant and subject, with what is counted for each. */
#ifndef GW_USER_H
#define GW_USER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "table.h"

struct gw_users;
struct gw_wait;

TAILQ_HEAD(gw_waits, gw_wait);

/* Counted; lives as long as a token of the user is known. */
struct gw_user {
	struct gw_table_node node;
	struct gw_users *home;
	uint32_t refs;
	/* places.h: streams and WebSockets, here and waiting to be let in. */
	uint32_t connections;
	uint32_t
	    claimed; /* of the connections, by the newest question to the aggregator */
	uint32_t granted; /* places by the aggregator's newest answer */
	uint32_t limit;   /* the highest that a present connection came in under */
	uint32_t waiting;
	struct gw_waits waits; /* valid while there are some */
	bool changed;          /* is in the list of those to ask for */
	struct gw_user *changed_next;
	/* The requests of the current second. */
	int64_t second;
	uint32_t requests;
	uint16_t tenant_len;
	uint16_t sub_len;
	char name[]; /* tenant, NUL, sub, NUL */
};

struct gw_users *gw_users_new(void);

/* gw_users_free frees the table; all users must have been given back. */
void gw_users_free(struct gw_users *users);

/* gw_user_get returns the user with a reference for the caller. */
struct gw_user *gw_user_get(struct gw_users *users, const char *tenant, const char *sub);
void gw_user_unref(struct gw_user *user);

/* gw_users_each calls fn for every user; fn may take references, not give them back. */
void gw_users_each(
    struct gw_users *users, void (*fn)(void *arg, struct gw_user *user), void *arg);

/* gw_user_sub returns the subject. */
static inline const char *gw_user_sub(const struct gw_user *user)
{
	return user->name + user->tenant_len + 1;
}

/*
 * gw_user_request counts a request against a limit per second of the
 * monotonic clock; false if it is over the limit.  left gets what remains.
 */
bool gw_user_request(
    struct gw_user *user, uint32_t limit, int64_t now_ns, uint32_t *left);

#endif
