/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/error.h"
#include "common/key.h"
#include "common/paths.h"

#define GATEWAY_KEY_BYTES 32

static int complain(const char *path, const char *what)
{
	fprintf(stderr, "sightlinectl init: %s: %s\n", path, what);
	return EX_CANTCREAT;
}

static int make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0) {
		printf("made %s\n", path);
		return 0;
	}
	return errno == EEXIST ? 0 : complain(path, strerror(errno));
}

static int make_folders(const struct sl_paths *paths)
{
	struct sl_buf error = {0};
	int code;

	if (sl_paths_create(paths, &error) != 0) {
		fprintf(stderr, "sightlinectl init: %s\n", sl_buf_text(&error));
		sl_buf_clear(&error);
		return EX_CANTCREAT;
	}
	if ((code = make_folder(paths->etc, 0755)) != 0 ||
	    (code = make_folder(paths->catalog_dir, 0755)) != 0)
		return code;
	return make_folder(paths->keys, 0750);
}

/* Copies the configuration that came with the program, unless the instance has one. */
static int copy_configuration(const struct sl_paths *paths)
{
	char target[SL_PATHS_MAX + 16], block[65536];
	ssize_t n = 0;

	snprintf(target, sizeof target, "%s/sightline.conf", paths->etc);
	if (access(target, F_OK) == 0)
		return 0;
	int from = open(paths->config, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return complain(paths->config, strerror(errno));
	int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	while (to >= 0 && (n = read(from, block, sizeof block)) > 0)
		if (write(to, block, (size_t)n) != n) {
			n = -1;
			break;
		}
	close(from);
	if (to < 0 || n < 0 || close(to) != 0)
		return complain(target, strerror(errno));
	printf("made %s\n", target);
	return 0;
}

static int make_keys(const struct sl_paths *paths)
{
	char error[SL_KEY_ERROR];
	struct sl_key key;
	int result = 0;

	if (access(paths->jwt_key, F_OK) != 0) {
		sl_key_generate(&key);
		result = sl_key_write_pair(&key, paths->jwt_key, paths->jwt_pub, error);
		sl_key_clear(&key);
		if (result == 0)
			printf("made %s and %s\n", paths->jwt_key, paths->jwt_pub);
	}
	if (result == 0 && access(paths->gateway_key, F_OK) != 0) {
		result =
		    sl_key_write_random(paths->gateway_key, GATEWAY_KEY_BYTES, error);
		if (result == 0)
			printf("made %s\n", paths->gateway_key);
	}
	if (result != 0)
		fprintf(stderr, "sightlinectl init: %s\n", error);
	return result == 0 ? 0 : EX_CANTCREAT;
}

int ctl_init(const struct sl_args *args)
{
	struct sl_buf error = {0};
	struct sl_paths paths;
	int code;

	if (sl_crypto_init() != 0)
		return complain("random numbers", "the kernel gives none");
	if (sl_paths_init(&paths, args->dir, NULL, &error) != 0) {
		fprintf(stderr, "sightlinectl init: %s\n", sl_buf_text(&error));
		sl_buf_clear(&error);
		return EX_CONFIG;
	}
	if ((code = make_folders(&paths)) != 0 ||
	    (code = copy_configuration(&paths)) != 0)
		return code;
	return make_keys(&paths);
}
