/* SPDX-License-Identifier: Apache-2.0 */
#include "paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"

/* Where a package installs, and what came with the program there. */
#define INSTALLED_ETC   "/etc/sightline"
#define INSTALLED_RUN   "/run/sightline"
#define INSTALLED_STATE "/var/lib/sightline"
#define INSTALLED_LOG   "/var/log/sightline"
#define INSTALLED_SHARE "/usr/share/sightline"

static int join(char out[SL_PATHS_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, SL_PATHS_MAX, "%s%s%s", folder, *name ? "/" : "", name);

	return n < 0 || n >= SL_PATHS_MAX ? SL_ETOOBIG : 0;
}

static int absolute(char out[SL_PATHS_MAX], const char *path)
{
	char cwd[SL_PATHS_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= SL_PATHS_MAX)
		return SL_ETOOBIG;
	if (path[0] == '/') {
		memcpy(out, path, len);
		out[len] = '\0';
		return 0;
	}
	if (!getcwd(cwd, sizeof cwd))
		return SL_ESYS;
	int n = snprintf(out, SL_PATHS_MAX, "%s/%.*s", cwd, (int)len, path);
	return n < 0 || n >= SL_PATHS_MAX ? SL_ETOOBIG : 0;
}

static bool exists(const char *folder, const char *name)
{
	char path[SL_PATHS_MAX];

	return join(path, folder, name) == 0 && access(path, F_OK) == 0;
}

/*
 * Finds the checkout whose build directory holds the running executable: the
 * first folder upwards that has both meson.build and etc/catalog.conf, passed
 * through a build directory.  out is empty where there is none.
 */
static void find_checkout(char out[SL_PATHS_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, SL_PATHS_MAX - 1);
	bool built = false;

	if (n <= 0) {
		out[0] = '\0';
		return;
	}
	out[n] = '\0';
	for (char *slash; (slash = strrchr(out, '/')) != NULL;) {
		*slash = '\0';
		built |= exists(out, "build.ninja");
		if (built && exists(out, "meson.build") &&
		    exists(out, "etc/catalog.conf"))
			return;
	}
	out[0] = '\0';
}

static int below(struct sl_paths *paths, const char *dir)
{
	if (join(paths->etc, dir, "etc") || join(paths->keys, dir, "keys") ||
	    join(paths->run, dir, "run") || join(paths->data, dir, "data") ||
	    join(paths->log, dir, "log"))
		return SL_ETOOBIG;
	return 0;
}

static void installed(struct sl_paths *paths)
{
	join(paths->etc, INSTALLED_ETC, "");
	join(paths->keys, INSTALLED_ETC, "keys");
	join(paths->run, INSTALLED_RUN, "");
	join(paths->data, INSTALLED_STATE, "");
	join(paths->log, INSTALLED_LOG, "");
}

/* A file of etc/, or the one that came with the program. */
static int shipped(
    char out[SL_PATHS_MAX], const char *etc, const char *checkout, const char *name)
{
	int rc = join(out, etc, name);

	if (rc || access(out, F_OK) == 0)
		return rc;
	if (*checkout && exists(checkout, "etc")) {
		rc = join(out, checkout, "etc");
		return rc ? rc : join(out + strlen(out), "", name);
	}
	if (exists(INSTALLED_SHARE, name))
		return join(out, INSTALLED_SHARE, name);
	return 0;
}

static int too_long(struct sl_buf *error, const char *path)
{
	sl_buf_addf(error, "path too long: %s", path);
	return SL_ETOOBIG;
}

static int fill_files(struct sl_paths *paths, struct sl_buf *error)
{
#define X(member, folder, name)                                                          \
	if (join(paths->member, paths->folder, name))                                    \
		return too_long(error, paths->folder);
	SL_PATHS_FILE_TABLE(X)
#undef X
	/* The gateways' sockets, "gateway-999.sock", are the longest names in run. */
	const size_t room = sizeof((struct sockaddr_un *)0)->sun_path - 1;
	const size_t longest = strlen("/gateway-999.sock");
	if (strlen(paths->run) + longest > room) {
		sl_buf_addf(error,
		    "directory \"%s\" is too long for the sockets in it: %zu bytes, at "
		    "most %zu; use a shorter --dir",
		    paths->run, strlen(paths->run), room - longest);
		return SL_ETOOBIG;
	}
#define X(member, folder, name) join(paths->member, paths->folder, name);
	SL_PATHS_SOCKET_TABLE(X)
#undef X
	return 0;
}

int sl_paths_init(
    struct sl_paths *paths, const char *dir, const char *config, struct sl_buf *error)
{
	char checkout[SL_PATHS_MAX], base[SL_PATHS_MAX];
	int rc = 0;

	memset(paths, 0, sizeof *paths);
	find_checkout(checkout);
	if (!dir)
		dir = getenv("SIGHTLINE_DIR");
	if (dir && !*dir) {
		sl_buf_adds(error, "the directory of the instance is empty");
		return SL_EINVAL;
	}
	if (dir)
		rc = absolute(base, dir);
	else if (*checkout)
		rc = join(base, checkout, "var");
	if (rc == 0 && (dir || *checkout))
		rc = below(paths, base);
	else if (rc == 0)
		installed(paths);
	if (rc)
		return too_long(error, dir ? dir : checkout);

	if (config)
		rc = absolute(paths->config, config);
	else
		rc = shipped(paths->config, paths->etc, checkout, "sightline.conf");
	if (rc == 0)
		rc = shipped(paths->catalog, paths->etc, checkout, "catalog.conf");
	if (rc == 0)
		rc = join(paths->catalog_dir, paths->etc, "catalog.d");
	if (rc == 0)
		rc = *checkout ? join(paths->web, checkout, "web/dist")
			       : join(paths->web, INSTALLED_SHARE, "web");
	if (rc)
		return too_long(error, config ? config : paths->etc);
	return fill_files(paths, error);
}

int sl_paths_gateway(const struct sl_paths *paths, unsigned index, char out[SL_PATHS_MAX])
{
	int n = snprintf(out, SL_PATHS_MAX, "%s/gateway-%u.sock", paths->run, index);

	return n < 0 || n >= (int)sizeof((struct sockaddr_un *)0)->sun_path ? SL_ETOOBIG
									    : 0;
}

int sl_paths_resolve(
    const struct sl_paths *paths, const char *text, char out[SL_PATHS_MAX])
{
	const struct {
		const char *prefix;
		const char *folder;
	} own[] = {
	    {"etc/", paths->etc},
	    {"keys/", paths->keys},
	    {"run/", paths->run},
	    {"data/", paths->data},
	    {"log/", paths->log},
	};
	char folder[SL_PATHS_MAX];

	if (text[0] == '/')
		return join(out, text, "");
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		size_t len = strlen(own[i].prefix);
		if (strncmp(text, own[i].prefix, len) == 0)
			return join(out, own[i].folder, text + len);
	}
	memcpy(folder, paths->config, sizeof folder);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return join(out, folder, text);
}

static int make_folder(const char *path, struct sl_buf *error)
{
	char part[SL_PATHS_MAX];
	size_t len = strlen(path);

	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		char kept = part[i];
		part[i] = '\0';
		if (mkdir(part, 0750) && errno != EEXIST) {
			sl_buf_addf(error, "cannot create directory \"%s\": %s", part,
			    strerror(errno));
			return SL_ESYS;
		}
		part[i] = kept;
	}
	struct stat st;
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		sl_buf_addf(error, "\"%s\" is not a directory", path);
		return SL_ESYS;
	}
	return 0;
}

int sl_paths_create(const struct sl_paths *paths, struct sl_buf *error)
{
	const char *folder[] = {paths->run, paths->data, paths->log};

	for (size_t i = 0; i < sizeof folder / sizeof *folder; i++)
		if (make_folder(folder[i], error))
			return SL_ESYS;
	return 0;
}
