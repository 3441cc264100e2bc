/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the bus lets in.  Only for bus.c. */
#ifndef SL_BUS_MEMBERS_H
#define SL_BUS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The members of a group, besides this process's user and root. */
struct sl_bus_members {
	gid_t group; /* (gid_t)-1: none */
	uid_t *uids;
	size_t count;
};

/*
 * sl_bus_members_find reads a group's members, once: a confined process cannot
 * look them up.  name NULL: nobody.  May block on the user database.  Returns
 * 0, SL_ENOTFOUND (no such group, with a log line) or SL_ENOMEM.
 */
int sl_bus_members_find(struct sl_bus_members *members, const char *name);
void sl_bus_members_clear(struct sl_bus_members *members);

/* sl_bus_members_allow says whether a peer with these credentials may enter. */
bool sl_bus_members_allow(const struct sl_bus_members *members, uid_t uid, gid_t gid);

#endif
