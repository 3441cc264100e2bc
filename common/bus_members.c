/* SPDX-License-Identifier: Apache-2.0 */
#include "bus_members.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

bool sl_bus_members_allow(const struct sl_bus_members *members, uid_t uid, gid_t gid)
{
	if (uid == 0 || uid == geteuid())
		return true;
	if (members->group == (gid_t)-1)
		return false;
	for (size_t i = 0; i < members->count; i++)
		if (members->uids[i] == uid)
			return true;
	return gid == members->group;
}

int sl_bus_members_find(struct sl_bus_members *members, const char *name)
{
	*members = (struct sl_bus_members){.group = (gid_t)-1};
	if (!name)
		return 0;
	const struct group *group = getgrnam(name);
	size_t count = 0;

	if (!group) {
		sl_log_error("bus", "no such group group=\"%s\"", name);
		return SL_ENOTFOUND;
	}
	while (group->gr_mem[count])
		count++;
	members->group = group->gr_gid;
	members->uids = calloc(count + 1, sizeof(*members->uids));
	if (!members->uids)
		return SL_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct passwd *user = getpwnam(group->gr_mem[i]);

		if (user)
			members->uids[members->count++] = user->pw_uid;
	}
	return 0;
}

void sl_bus_members_clear(struct sl_bus_members *members)
{
	free(members->uids);
	*members = (struct sl_bus_members){.group = (gid_t)-1};
}
