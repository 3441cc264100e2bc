/* SPDX-License-Identifier: Apache-2.0 */
#include "logglob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#define WILD      "*?[\\"
#define DEPTH_MAX 8 /* parts with wildcards */

struct walk {
	char path[SL_PATHS_MAX];
	size_t len;
	unsigned depth;
	void (*fn)(void *arg, const char *path);
	void *arg;
};

static void descend(struct walk *walk, const char *pattern);

/* Goes on with a name in place of the pattern's first part. */
static void enter(struct walk *walk, const char *name, size_t len, const char *rest)
{
	size_t before = walk->len;

	if (before + 1 + len >= sizeof(walk->path))
		return;
	walk->path[walk->len++] = '/';
	memcpy(walk->path + walk->len, name, len);
	walk->len += len;
	walk->path[walk->len] = '\0';
	if (*rest != '\0')
		descend(walk, rest);
	else if (access(walk->path, F_OK) == 0)
		walk->fn(walk->arg, walk->path);
	walk->len = before;
	walk->path[before] = '\0';
}

static void match_all(struct walk *walk, const char *part, size_t len, const char *rest)
{
	struct dirent *entry;
	char wild[SL_PATHS_MAX];

	if (walk->depth == DEPTH_MAX || len >= sizeof(wild))
		return;
	memcpy(wild, part, len);
	wild[len] = '\0';
	DIR *folder = opendir(walk->len > 0 ? walk->path : "/");
	if (folder == NULL)
		return;
	walk->depth++;
	while ((entry = readdir(folder)) != NULL)
		if (fnmatch(wild, entry->d_name, FNM_PERIOD) == 0)
			enter(walk, entry->d_name, strlen(entry->d_name), rest);
	walk->depth--;
	closedir(folder);
}

/* pattern begins with the "/" before its first part. */
static void descend(struct walk *walk, const char *pattern)
{
	const char *part = pattern + strspn(pattern, "/");
	size_t len = strcspn(part, "/");

	if (len == 0)
		return;
	if (strcspn(part, WILD) < len)
		match_all(walk, part, len, part + len);
	else
		enter(walk, part, len, part + len);
}

void col_logglob_find(
    const char *pattern, void (*fn)(void *arg, const char *path), void *arg)
{
	struct walk walk = {.fn = fn, .arg = arg};

	descend(&walk, pattern);
}

void col_logglob_folder(const char *pattern, char out[SL_PATHS_MAX])
{
	size_t len = strcspn(pattern, WILD);

	len = len < SL_PATHS_MAX ? len : SL_PATHS_MAX - 1;
	memcpy(out, pattern, len);
	out[len] = '\0';
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		slash[slash == out] = '\0';
}
