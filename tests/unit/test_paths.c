/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "paths.h"

static char folder[] = "/tmp/sl-paths-XXXXXX";
static struct sl_paths paths;
static struct sl_buf error;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	unsetenv("SIGHTLINE_DIR");
}

static void teardown(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
	sl_buf_clear(&error);
}

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

START_TEST(a_directory_holds_everything_of_an_instance)
{
	ck_assert_int_eq(sl_paths_init(&paths, folder, NULL, &error), 0);
	ck_assert_str_eq(paths.attach, in_folder("run/attach"));
	ck_assert_str_eq(paths.lock, in_folder("run/aggregator.lock"));
	ck_assert_str_eq(paths.jwt_pub, in_folder("keys/jwt.pub"));
	ck_assert_str_eq(paths.journal, in_folder("data/journal"));
	ck_assert_str_eq(paths.catalog_dir, in_folder("etc/catalog.d"));
	char socket[SL_PATHS_MAX];
	ck_assert_int_eq(sl_paths_gateway(&paths, 3, socket), 0);
	ck_assert_str_eq(socket, in_folder("run/gateway-3.sock"));
}
END_TEST

START_TEST(the_flag_beats_the_environment)
{
	setenv("SIGHTLINE_DIR", "/elsewhere", 1);
	ck_assert_int_eq(sl_paths_init(&paths, NULL, NULL, &error), 0);
	ck_assert_str_eq(paths.run, "/elsewhere/run");
	ck_assert_int_eq(sl_paths_init(&paths, folder, NULL, &error), 0);
	ck_assert_str_eq(paths.run, in_folder("run"));
	setenv("SIGHTLINE_DIR", "", 1);
	ck_assert_int_eq(sl_paths_init(&paths, NULL, NULL, &error), SL_EINVAL);
}
END_TEST

/* This test runs from a build directory inside its checkout. */
START_TEST(a_checkout_is_its_own_instance_with_what_came_along)
{
	ck_assert_int_eq(sl_paths_init(&paths, NULL, NULL, &error), 0);
	char *var = strstr(paths.run, "/var/run");
	ck_assert_ptr_nonnull(var);
	char meson[SL_PATHS_MAX + 16];
	snprintf(
	    meson, sizeof meson, "%.*s/meson.build", (int)(var - paths.run), paths.run);
	ck_assert_int_eq(access(meson, F_OK), 0);
	/* No configuration of its own: the shipped ones. */
	ck_assert_int_eq(sl_paths_init(&paths, folder, NULL, &error), 0);
	ck_assert_ptr_nonnull(strstr(paths.config, "/etc/sightline.conf"));
	ck_assert_int_eq(access(paths.config, R_OK), 0);
	ck_assert_int_eq(access(paths.catalog, R_OK), 0);
}
END_TEST

START_TEST(its_own_configuration_comes_before_the_shipped_one)
{
	mkdir(in_folder("etc"), 0755);
	fclose(fopen(in_folder("etc/sightline.conf"), "we"));
	ck_assert_int_eq(sl_paths_init(&paths, folder, NULL, &error), 0);
	ck_assert_str_eq(paths.config, in_folder("etc/sightline.conf"));
	ck_assert_int_eq(sl_paths_init(&paths, folder, "/x/y.conf", &error), 0);
	ck_assert_str_eq(paths.config, "/x/y.conf");
}
END_TEST

START_TEST(relative_paths_become_absolute)
{
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(sl_paths_init(&paths, "inst/", "c.conf", &error), 0);
	ck_assert_str_eq(paths.run, in_folder("inst/run"));
	ck_assert_str_eq(paths.config, in_folder("c.conf"));
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_path_too_long_for_sockets_is_refused_with_its_length)
{
	char dir[SL_PATHS_MAX] = "/";

	memset(dir + 1, 'd', 200);
	ck_assert_int_eq(sl_paths_init(&paths, dir, NULL, &error), SL_ETOOBIG);
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), "too long"));
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), "--dir"));
	sl_buf_reset(&error);
	/* The longest that fits: 107 bytes with "/run/gateway-999.sock". */
	dir[1 + 85] = '\0';
	ck_assert_int_eq(sl_paths_init(&paths, dir, NULL, &error), 0);
	dir[1 + 85] = 'd';
	dir[1 + 86] = '\0';
	ck_assert_int_eq(sl_paths_init(&paths, dir, NULL, &error), SL_ETOOBIG);
}
END_TEST

START_TEST(resolves_paths_of_the_configuration)
{
	char out[SL_PATHS_MAX];

	ck_assert_int_eq(sl_paths_init(&paths, folder, "/conf/s.conf", &error), 0);
	ck_assert_int_eq(sl_paths_resolve(&paths, "keys/jwt.pub", out), 0);
	ck_assert_str_eq(out, in_folder("keys/jwt.pub"));
	ck_assert_int_eq(sl_paths_resolve(&paths, "run/gateway-1.sock", out), 0);
	ck_assert_str_eq(out, in_folder("run/gateway-1.sock"));
	ck_assert_int_eq(sl_paths_resolve(&paths, "/a/b", out), 0);
	ck_assert_str_eq(out, "/a/b");
	ck_assert_int_eq(sl_paths_resolve(&paths, "runner/x", out), 0);
	ck_assert_str_eq(out, "/conf/runner/x");
}
END_TEST

START_TEST(creates_what_is_missing_and_says_why_it_cannot)
{
	struct stat st;

	ck_assert_int_eq(sl_paths_init(&paths, in_folder("deep/er"), NULL, &error), 0);
	ck_assert_int_eq(sl_paths_create(&paths, &error), 0);
	ck_assert_int_eq(sl_paths_create(&paths, &error), 0);
	ck_assert_int_eq(stat(paths.run, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);

	fclose(fopen(in_folder("file"), "we"));
	ck_assert_int_eq(sl_paths_init(&paths, in_folder("file"), NULL, &error), 0);
	ck_assert_int_eq(sl_paths_create(&paths, &error), SL_ESYS);
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), in_folder("file/run")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("paths");
	TCase *tc = tcase_create("paths");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_directory_holds_everything_of_an_instance);
	tcase_add_test(tc, the_flag_beats_the_environment);
	tcase_add_test(tc, a_checkout_is_its_own_instance_with_what_came_along);
	tcase_add_test(tc, its_own_configuration_comes_before_the_shipped_one);
	tcase_add_test(tc, relative_paths_become_absolute);
	tcase_add_test(tc, a_path_too_long_for_sockets_is_refused_with_its_length);
	tcase_add_test(tc, resolves_paths_of_the_configuration);
	tcase_add_test(tc, creates_what_is_missing_and_says_why_it_cannot);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
