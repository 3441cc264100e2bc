/* SPDX-License-Identifier: Apache-2.0 */
/* Where an instance keeps its files. */
#ifndef SL_PATHS_H
#define SL_PATHS_H

#include <stddef.h>

struct sl_buf;

/* Longest path with its NUL; a unix socket's limit is 108 and is checked apart. */
#define SL_PATHS_MAX 1024

/*
 * X(member, folder, name): the fixed files of an instance; folder is a member
 * of struct sl_paths.
 */
#define SL_PATHS_FILE_TABLE(X)                                                           \
	X(jwt_key, keys, "jwt.key")                                                      \
	X(jwt_pub, keys, "jwt.pub")                                                      \
	X(gateway_key, keys, "gateway.key")                                              \
	X(lock, run, "aggregator.lock")                                                  \
	X(journal, data, "journal")                                                      \
	X(store, data, "sightline.db")

/* The same for unix sockets, whose length is limited. */
#define SL_PATHS_SOCKET_TABLE(X)                                                         \
	X(attach, run, "attach")                                                         \
	X(pub, run, "pub")                                                               \
	X(req, run, "req")                                                               \
	X(push, run, "push")

/* Absolute paths, filled by sl_paths_init. */
struct sl_paths {
	char etc[SL_PATHS_MAX];
	char keys[SL_PATHS_MAX];
	char run[SL_PATHS_MAX];
	char data[SL_PATHS_MAX];
	char log[SL_PATHS_MAX];
	char config[SL_PATHS_MAX];      /* sightline.conf */
	char catalog[SL_PATHS_MAX];     /* catalog.conf */
	char catalog_dir[SL_PATHS_MAX]; /* catalog.d; need not exist */
	char web[SL_PATHS_MAX];         /* the dashboard that came with the program */
#define X(member, folder, name) char member[SL_PATHS_MAX];
	SL_PATHS_FILE_TABLE(X)
	SL_PATHS_SOCKET_TABLE(X)
#undef X
};

/*
 * sl_paths_init finds the instance: dir (--dir) if not NULL, else the
 * environment's SIGHTLINE_DIR, else var/ in the checkout that the running
 * executable was built from, else the installed directories.  config
 * (--config) may be NULL: then it is sightline.conf of etc/ and, where that
 * does not exist, the one that came with the program; so is the catalog.
 * Creates nothing.  Returns 0, or SL_EINVAL or SL_ETOOBIG with one line in
 * error: a socket path that does not fit is refused here.
 */
int sl_paths_init(
    struct sl_paths *paths, const char *dir, const char *config, struct sl_buf *error);

/*
 * sl_paths_gateway writes the path of gateway i's own socket,
 * run/gateway-<i>.sock.  Returns 0 or SL_ETOOBIG.
 */
int sl_paths_gateway(
    const struct sl_paths *paths, unsigned index, char out[SL_PATHS_MAX]);

/*
 * sl_paths_resolve turns a path of the configuration into an absolute one:
 * "etc/…", "keys/…", "run/…", "data/…" and "log/…" are the instance's, other
 * relative ones are relative to the folder of sightline.conf.  Returns 0 or
 * SL_ETOOBIG.
 */
int sl_paths_resolve(
    const struct sl_paths *paths, const char *text, char out[SL_PATHS_MAX]);

/*
 * sl_paths_create makes run, data and log (0750) where they are missing, with
 * their parents.  Returns 0, or SL_ESYS with one line in error.
 */
int sl_paths_create(const struct sl_paths *paths, struct sl_buf *error);

#endif
