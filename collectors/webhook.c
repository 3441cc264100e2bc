/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook.h"

#include <event2/event.h>
#include <string.h>
#include <sysexits.h>

#include "crypto.h"
#include "hook.h"
#include "hook_route.h"
#include "log.h"
#include "source.h"

#define FIGURES_MS 5000

/* How long the end waits until the aggregator has taken what is in the ring. */
#define FLUSH_MS 1000

const struct sl_config_collector *col_hook_section(const struct col_hook *hook)
{
	return sl_config_collector_find(hook->process->config, hook->name);
}

/* ---- start ------------------------------------------------------------------------- */

static int load_secrets(struct col_hook *hook)
{
	const char *option = col_hook_section(hook)->webhook.secret_file;
	char path[SL_PATHS_MAX], error[COL_HOOK_SECRET_ERROR];

	if (sl_paths_resolve(&hook->process->paths, option, path) != 0) {
		sl_log_error("webhook", "secret_file is too long path=\"%s\"", option);
		return EX_CONFIG;
	}
	if (col_hook_secret_load(&hook->secrets, path, error) != 0) {
		sl_log_error("webhook",
		    "no secrets, and nothing is taken without: file=\"%s\" reason=\"%s\"",
		    path, error);
		return EX_NOINPUT;
	}
	sl_log_info(
	    "webhook", "secrets file=\"%s\" count=%zu", path, hook->secrets.count);
	return EX_OK;
}

/* Secrets, certificate and port need the rights of whoever started it. */
static int acquire(struct sl_process *process)
{
	struct col_hook *hook = process->state;

	hook->process = process;
	hook->name = col_source_name(process);
	int code = col_core_check(process, hook->name, "webhook", true);
	if (code != EX_OK)
		return code;
	if (sl_crypto_init() != 0) {
		sl_log_error("webhook", "the system has no randomness to give");
		return EX_OSERR;
	}
	code = load_secrets(hook);
	if (code == EX_OK)
		code = col_hook_listen_open(hook, col_hook_route_handle, &hook->listen);
	return code;
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	struct col_hook *hook = process->state;

	out->grants = SL_CONFINE_INET_LISTEN;
	sl_confine_path(out, process->paths.run, true);
	col_hook_listen_confine(hook->listen, out);
}

static void on_attach(void *arg)
{
	struct col_hook *hook = arg;

	col_give_begin(hook->give);
}

static void on_service(void *arg)
{
	struct col_hook *hook = arg;

	col_hook_wait_look(hook->wait);
}

static void on_figures(evutil_socket_t fd, short what, void *arg)
{
	struct col_hook *hook = arg;

	(void)fd;
	(void)what;
	col_hook_figures_push(&hook->figures, hook->core);
	col_hook_listen_look(hook->listen);
}

static int start(struct sl_process *process)
{
	struct col_hook *hook = process->state;
	struct timeval every = sl_loop_ms(FIGURES_MS);
	size_t ids_max = (size_t)col_hook_section(hook)->webhook.ids_max;

	int code = col_core_open(process, hook->name, "webhook", true, &hook->core);
	if (code != EX_OK)
		return code;
	hook->ids = col_seen_new(ids_max);
	hook->deliveries = col_seen_new(ids_max);
	hook->beacon = col_hook_beacon_new();
	hook->give = col_give_new(hook->core, hook->ids);
	hook->wait = col_hook_wait_new(process->loop, hook->give, col_hook_route_answer);
	col_core_on_attach(hook->core, on_attach, hook);
	col_core_on_service(hook->core, on_service, hook);
	if (col_core_attached(hook->core))
		on_attach(hook);
	hook->figures_timer = event_new(process->loop, -1, EV_PERSIST, on_figures, hook);
	if (hook->figures_timer == NULL || event_add(hook->figures_timer, &every) != 0)
		return EX_OSERR;
	return EX_OK;
}

/* ---- end --------------------------------------------------------------------------- */

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct col_hook *hook = process->state;

	(void)old_config;
	(void)old_catalog;
	if (col_hook_section(hook) == NULL) {
		sl_log_error(
		    "config", "collector \"%s\" has no section any more", hook->name);
		sl_process_end(process, EX_CONFIG);
		return;
	}
	col_hook_listen_reload(hook->listen);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct col_hook *hook = arg;

	(void)fd;
	(void)what;
	if (col_hook_listen_is_idle(hook->listen))
		sl_process_end(hook->process, EX_OK);
}

/* What is being answered is; then what is in the ring may be taken (stop). */
static void drain(struct sl_process *process)
{
	struct col_hook *hook = process->state;
	struct timeval every = sl_loop_ms(10);

	col_hook_listen_drain(hook->listen);
	event_free(hook->figures_timer);
	hook->figures_timer = event_new(process->loop, -1, EV_PERSIST, on_idle, hook);
	if (hook->figures_timer == NULL || event_add(hook->figures_timer, &every) != 0)
		sl_process_end(process, EX_OK);
}

static void stop(struct sl_process *process)
{
	struct col_hook *hook = process->state;

	col_hook_listen_close(hook->listen);
	if (hook->core != NULL &&
	    sightline_flush(col_core_collector(hook->core), FLUSH_MS) != 0)
		sl_log_warn("ring", "not everything was taken in time source=%s ms=%d",
		    hook->name, FLUSH_MS);
	if (hook->figures_timer != NULL)
		event_free(hook->figures_timer);
	col_hook_wait_free(hook->wait);
	col_give_free(hook->give);
	col_hook_beacon_free(hook->beacon);
	col_seen_free(hook->ids);
	col_seen_free(hook->deliveries);
	col_core_close(hook->core);
	col_hook_secret_clear(&hook->secrets);
	col_batch_clear(&hook->batch);
	sl_buf_clear(&hook->answer);
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("webhook"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-webhook",
	    .prose = "Takes events and samples by HTTP.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "webhook",
    .user = col_source_user,
    .acquire = acquire,
    .confine = confine,
    .start = start,
    .reload = reload,
    .drain = drain,
    .stop = stop,
};

int col_webhook_main(int argc, char **argv)
{
	struct col_hook hook = {0};

	return sl_process_run(&spec, argc, argv, &hook);
}
