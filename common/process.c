/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "log.h"

/*
 * The owner of what the recipe makes; struct sl_process is the part of it that
 * daemons see.
 */
struct runner {
	struct sl_process process;
	struct sl_config *config;
	struct sl_catalog *catalog;
	struct sl_config_override override[SL_ARGS_FLAGS_MAX];
	size_t override_count;
	struct event *signals[3];
	struct event *deadline;
	bool announced;
};

#define DRAIN_DEFAULT_MS 5000

static struct runner *runner_of(struct sl_process *process)
{
	return (struct runner *)process; /* its first member */
}

static int exit_code_of(int rc)
{
	return rc == SL_ESYS ? EX_NOINPUT : EX_CONFIG;
}

/* ---- configuration ------------------------------------------------------------ */

static int load(struct runner *runner, struct sl_config **config,
    struct sl_catalog **catalog, struct sl_buf *error)
{
	struct sl_process *process = &runner->process;
	int rc = sl_config_reload(&process->paths, runner->override,
	    runner->override_count, process->config, config, error);

	if (rc)
		return rc;
	rc = sl_catalog_load(&process->paths, catalog, error);
	if (rc == 0) {
		rc = sl_catalog_check(*catalog, *config, error);
		if (rc) {
			sl_catalog_unref(*catalog);
			*catalog = NULL;
		}
	}
	if (rc) {
		sl_config_free(*config);
		*config = NULL;
	}
	return rc;
}

static int configure(struct runner *runner)
{
	struct sl_process *process = &runner->process;
	struct sl_buf error = {0};

	runner->override_count = sl_args_overrides(&process->args, runner->override);
	int rc = sl_paths_init(
	    &process->paths, process->args.dir, process->args.config, &error);
	if (rc == 0)
		rc = load(runner, &runner->config, &runner->catalog, &error);
	if (rc == 0) {
		process->config = runner->config;
		process->catalog = runner->catalog;
		sl_log_set_level(
		    (enum sl_log_level)sl_log_parse_level(process->config->log.level));
	} else {
		sl_log_error("config", "%s", sl_buf_text(&error));
	}
	sl_buf_clear(&error);
	return rc ? exit_code_of(rc) : EX_OK;
}

static void log_change(
    void *arg, const struct sl_config_value *before, const struct sl_config_value *after)
{
	(void)arg;
	sl_log_info("config", "changed option=%s from=\"%s\" to=\"%s\"",
	    after ? after->path : before->path, before ? before->text : "",
	    after ? after->text : "");
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
	struct runner *runner = arg;
	struct sl_process *process = &runner->process;
	struct sl_config *config, *old_config = runner->config;
	struct sl_catalog *catalog, *old_catalog = runner->catalog;
	struct sl_buf error = {0};

	(void)fd, (void)what;
	if (load(runner, &config, &catalog, &error)) {
		sl_log_error("config", "reload-refused reason=\"%s\" running=unchanged",
		    sl_buf_text(&error));
		sl_buf_clear(&error);
		return;
	}
	size_t changes = sl_config_changes(old_config, config, log_change, NULL);
	process->config = runner->config = config;
	process->catalog = runner->catalog = catalog;
	sl_log_set_level((enum sl_log_level)sl_log_parse_level(config->log.level));
	if (process->spec->reload)
		process->spec->reload(process, old_config, old_catalog);
	sl_config_free(old_config);
	sl_catalog_unref(old_catalog);
	sl_log_info(process->spec->scope, "reloaded changes=%zu", changes);
}

/* ---- privileges ---------------------------------------------------------------- */

static int drop_privileges(const struct sl_process *process)
{
	const char *name = process->spec->user ? process->spec->user(process) : "";
	const struct passwd *user;

	if (geteuid() != 0 || !name || !*name)
		return EX_OK;
	errno = 0;
	user = getpwnam(name);
	if (!user) {
		/* In a checkout everything runs as the invoking user, root included. */
		sl_log_debug(
		    process->spec->scope, "stays-root missing-user=\"%s\"", name);
		return EX_OK;
	}
	if (initgroups(name, user->pw_gid) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid)) {
		sl_log_error(process->spec->scope,
		    "cannot-become user=\"%s\" reason=\"%s\"", name, strerror(errno));
		return EX_OSERR;
	}
	if (setresuid(0, 0, 0) == 0) {
		sl_log_error(process->spec->scope, "still-root user=\"%s\"", name);
		return EX_OSERR;
	}
	return EX_OK;
}

static int confine(struct sl_process *process)
{
	struct sl_confine granted = {0};

	if (!process->spec->confine)
		return EX_OK;
	/* Folders, not files: an editor puts a new file in the old one's place. */
	char folder[SL_PATHS_MAX], catalog_folder[SL_PATHS_MAX];
	memcpy(folder, process->paths.config, sizeof folder);
	memcpy(catalog_folder, process->paths.catalog, sizeof catalog_folder);
	*strrchr(folder, '/') = '\0';
	*strrchr(catalog_folder, '/') = '\0';
	sl_confine_path(&granted, folder, false);
	sl_confine_path(&granted, catalog_folder, false);
	sl_confine_path(&granted, process->paths.etc, false);
	process->spec->confine(process, &granted);
	return sl_confine_apply(&granted) ? EX_OSERR : EX_OK;
}

/* ---- signals ------------------------------------------------------------------- */

void sl_process_end(struct sl_process *process, int code)
{
	process->exit_code = code;
	event_base_loopbreak(process->loop);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct runner *runner = arg;

	(void)fd, (void)what;
	sl_log_warn(runner->process.spec->scope, "drain-unfinished");
	sl_process_end(&runner->process, EX_OK);
}

static void on_end(evutil_socket_t signal, short what, void *arg)
{
	struct runner *runner = arg;
	struct sl_process *process = &runner->process;
	const struct sl_process_spec *spec = process->spec;

	(void)what;
	if (process->draining || !spec->drain) {
		sl_process_end(process, EX_OK);
		return;
	}
	process->draining = true;
	sl_log_info(spec->scope, "draining signal=%d", (int)signal);
	int64_t ms = spec->drain_ms ? spec->drain_ms(process) : DRAIN_DEFAULT_MS;
	struct timeval wait = sl_loop_ms(ms);
	evtimer_add(runner->deadline, &wait);
	spec->drain(process);
}

static int catch_signals(struct runner *runner)
{
	struct event_base *loop = runner->process.loop;

	signal(SIGPIPE, SIG_IGN);
	runner->signals[0] = evsignal_new(loop, SIGHUP, on_reload, runner);
	runner->signals[1] = evsignal_new(loop, SIGTERM, on_end, runner);
	runner->signals[2] = evsignal_new(loop, SIGINT, on_end, runner);
	runner->deadline = evtimer_new(loop, on_deadline, runner);
	for (size_t i = 0; i < 3; i++)
		if (!runner->signals[i] || event_add(runner->signals[i], NULL))
			return EX_OSERR;
	return runner->deadline ? EX_OK : EX_OSERR;
}

/* ---- the recipe ----------------------------------------------------------------- */

void sl_process_ready(struct sl_process *process)
{
	struct runner *runner = runner_of(process);
	int fd = process->args.notify_fd;

	if (runner->announced)
		return;
	runner->announced = true;
	sl_log_info(process->spec->scope, "ready version=%s pid=%ld", sl_args_version(),
	    (long)getpid());
	if (fd < 0)
		return;
	if (write(fd, "\n", 1) != 1)
		sl_log_warn(process->spec->scope, "notify-failed fd=%d reason=\"%s\"", fd,
		    strerror(errno));
	close(fd);
}

static int step(struct sl_process *process, int (*fn)(struct sl_process *))
{
	return fn ? fn(process) : EX_OK;
}

static int run(struct runner *runner)
{
	struct sl_process *process = &runner->process;
	const struct sl_process_spec *spec = process->spec;
	int code = configure(runner);

	if (code)
		return code;
	process->loop = sl_loop_new();
	if (!process->loop) {
		sl_log_error(spec->scope, "cannot make an event loop");
		return EX_OSERR;
	}
	code = step(process, spec->acquire);
	if (code == EX_OK)
		code = drop_privileges(process);
	if (code == EX_OK)
		code = step(process, spec->divide);
	if (code == EX_OK)
		code = confine(process);
	if (code == EX_OK)
		code = catch_signals(runner);
	if (code == EX_OK)
		code = step(process, spec->start);
	if (code == EX_OK) {
		if (!spec->manual_ready)
			sl_process_ready(process);
		event_base_dispatch(process->loop);
		code = process->exit_code;
	}
	if (spec->stop)
		spec->stop(process);
	return code;
}

static void clear(struct runner *runner)
{
	for (size_t i = 0; i < 3; i++)
		if (runner->signals[i])
			event_free(runner->signals[i]);
	if (runner->deadline)
		event_free(runner->deadline);
	if (runner->process.loop)
		event_base_free(runner->process.loop);
	sl_config_free(runner->config);
	sl_catalog_unref(runner->catalog);
}

int sl_process_run(const struct sl_process_spec *spec, int argc, char **argv, void *state)
{
	struct runner *runner = calloc(1, sizeof *runner);

	if (!runner)
		return EX_OSERR;
	runner->process.spec = spec;
	runner->process.state = state;
	int rc = sl_args_parse(&runner->process.args, &spec->program, argc, argv);
	int code = rc > 0 ? EX_OK : rc < 0 ? EX_USAGE : run(runner);
	clear(runner);
	free(runner);
	if (code == EX_OK && rc == 0)
		sl_log_info(spec->scope, "stopped");
	return code;
}
