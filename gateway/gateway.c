/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "access.h"
#include "admit.h"
#include "client.h"
#include "clock.h"
#include "connection.h"
#include "control.h"
#include "crypto.h"
#include "drain.h"
#include "error.h"
#include "https.h"
#include "keyring.h"
#include "log.h"
#include "longpoll.h"
#include "metrics.h"
#include "proxy.h"
#include "route.h"
#include "secret.h"
#include "selftest.h"
#include "settings.h"
#include "static.h"
#include "trail.h"

bool gw_gateway_full(const struct gateway *gw)
{
	return gw->draining || gw->count.ws + gw->count.sse + gw->count.polls >=
				   (uint64_t)gw->config->max_connections;
}

static int load_keys(struct gateway *gw)
{
	char error[SL_KEY_ERROR];

	if (gw_auth_keys(gw->auth, gw->process->config, &gw->process->paths, error) == 0)
		return EX_OK;
	sl_log_error("keys", "%s", error);
	return EX_NOINPUT;
}

/* ---- acquire
 * ---------------------------------------------------------------------------- */

bool gw_gateway_connects(struct gateway *gw, const struct sl_addr *peer)
{
	/* Behind a proxy, whoever is there is counted (gw_call_connects). */
	if (!sl_addr_is_loopback(peer) &&
	    !gw_proxy_trusts(&gw->config->trusted_proxies, peer) &&
	    !gw_limit_connect(gw->limit, peer, (uint32_t)gw->config->connects_per_second,
		sl_clock_mono_ns())) {
		gw->count.refused++;
		return false;
	}
	return true;
}

static void on_accept(void *arg, int fd, const struct sl_addr *peer)
{
	struct gateway *gw = arg;

	if (gw_gateway_connects(gw, peer))
		sl_http_server_accept(gw->http, fd, peer);
	else
		close(fd);
}

static int listen_tcp(struct gateway *gw)
{
	const struct sl_config_gateway *c = gw->config;
	struct sl_listen_options options = {
	    .reuse_port = c->reuseport, .send_buffer = (int)c->send_buffer_bytes};
	char error[SL_LISTEN_ERROR];

	if (sl_listen_open_tcp(gw->process->loop, c->bind, (uint16_t)c->port, &options,
		on_accept, gw, &gw->tcp, error)) {
		sl_log_error("gateway", "%s", error);
		return EX_UNAVAILABLE;
	}
	gw->port = sl_listen_port(gw->tcp);
	snprintf(gw->cookie, sizeof gw->cookie, "sightline-%u", gw->port);
	return EX_OK;
}

static int listen_local(struct gateway *gw)
{
	struct sl_listen_options options = {
	    .send_buffer = (int)gw->config->send_buffer_bytes};
	char path[SL_PATHS_MAX];
	char error[SL_LISTEN_ERROR];

	if (sl_paths_gateway(&gw->process->paths, gw->index, path)) {
		sl_log_error("gateway", "path of the own socket is too long run=\"%s\"",
		    gw->process->paths.run);
		return EX_CONFIG;
	}
	if (sl_listen_open_unix(
		gw->process->loop, path, &options, on_accept, gw, &gw->local, error)) {
		sl_log_error("gateway", "%s", error);
		return EX_UNAVAILABLE;
	}
	return EX_OK;
}

static void on_ready(void *arg);

static void make_parts(struct gateway *gw)
{
	struct event_base *loop = gw->process->loop;
	const struct sl_config *config = gw->process->config;

	gw->https = gw_https_new(gw);
	struct sl_http_options http = {
	    .header_fields = "X-Content-Type-Options: nosniff\r\n"
			     "Referrer-Policy: no-referrer\r\n",
	    .tls_header_fields = gw_https_fields(gw->https),
	    .done = gw_access_request,
	};
	struct gw_follow_options follow = {
	    .loop = loop,
	    .hub = &gw->hub,
	    .silence_ms = config->gateway.bus_timeout_ms,
	    .control = gw_control_take,
	    .ready = on_ready,
	    .arg = gw,
	};

	gw_hub_init(
	    &gw->hub, loop, gw->process->catalog, (size_t)config->gateway.window_bytes);
	gw->hub.answer = gw_longpoll_answer;
	gw_settings_apply(gw, config);
	gw->users = gw_users_new();
	gw->auth = gw_auth_new(gw->hub.mirror, gw->users);
	gw->limit = gw_limit_new();
	gw->trails = gw_trails_new(gw);
	gw->metrics = gw_metrics_new(gw->name);
	gw->hub.hops = gw_metrics_hops(gw->metrics);
	gw->conns = sl_conn_set_new(loop);
	gw->http = sl_http_server_new(gw->conns, &http, gw_route_handle, gw);
	gw_settings_requests(gw);
	gw->follow = gw_follow_new(&follow);
}

/* Each client is a descriptor: take as many as the system lets us. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int acquire(struct sl_process *process)
{
	struct gateway *gw = process->state;
	const char *root = process->config->gateway.static_root;
	long index = 1;
	char path[SL_PATHS_MAX];

	gw->process = process;
	if (sl_args_number(&process->args, "index", 1, 1000, &index))
		return EX_USAGE;
	gw->index = (unsigned)index;
	snprintf(gw->name, sizeof gw->name, "gateway-%ld", index);
	if (sl_crypto_init()) {
		sl_log_error("gateway", "the system has no randomness to give");
		return EX_OSERR;
	}
	raise_files();
	make_parts(gw);
	gw->secret = gw_secret_new(process->paths.gateway_key);
	int rc = load_keys(gw);
	if (!rc)
		rc = listen_tcp(gw);
	if (!rc)
		rc = listen_local(gw);
	if (!rc)
		rc = gw_https_open(gw->https);
	if (rc)
		return rc;
	if (root && *root) {
		if (sl_paths_resolve(&process->paths, root, path)) {
			sl_log_error("gateway", "static_root is too long");
			return EX_CONFIG;
		}
		root = path;
	} else {
		root = process->paths.web;
	}
	gw->files = gw_static_new(root);
	return EX_OK;
}

static void confine(const struct sl_process *process, struct sl_confine *rules)
{
	rules->grants |= SL_CONFINE_INET_LISTEN;
	sl_confine_path(rules, process->paths.run, true);
	sl_confine_path(rules, process->paths.keys, false);
	sl_keyring_confine(process->config, &process->paths, rules);
	sl_confine_path(rules, "/proc/self/statm", false);
	gw_https_confine(((struct gateway *)process->state)->https, rules);
}

/* ---- run
 * ---------------------------------------------------------------------------------- */

static void on_batch(void *arg, const void *data, size_t len)
{
	struct gateway *gw = arg;

	gw_follow_batch(gw->follow, data, len);
}

static void on_link(void *arg, bool up)
{
	struct gateway *gw = arg;

	gw_follow_link(gw->follow, up);
	if (up)
		gw_trails_again(gw->trails);
}

static void on_ready(void *arg)
{
	struct gateway *gw = arg;

	gw_metrics_report(gw);
	sl_log_info("gateway", "serving bind=\"%s\" port=%u index=%u", gw->config->bind,
	    gw->port, gw->index);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd;
	(void)what;
	gw_control_keys(gw);
	gw_metrics_report(gw);
	gw_trails_tick(gw->trails);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd;
	(void)what;
	gw_auth_sweep(gw->auth);
}

static int start(struct sl_process *process)
{
	struct gateway *gw = process->state;
	struct timeval second = sl_loop_ms(1000);
	struct timeval cleanup = sl_loop_ms(gw->config->cleanup_interval_ms);
	struct sl_bus_client_options options = {
	    .base = process->loop,
	    .run_dir = process->paths.run,
	    .batch = on_batch,
	    .link = on_link,
	    .arg = gw,
	    .reports = true,
	};

	if (sl_bus_client_open(&gw->bus, &options))
		return EX_UNAVAILABLE;
	gw->ask = gw_ask_new(gw->bus, gw->name, (int)gw->config->bus_timeout_ms);
	gw_control_start(gw);
	gw->hub.places =
	    gw_places_new(process->loop, gw->ask, gw->users, gw_admit_surplus, gw);
	gw_follow_start(gw->follow, gw->ask);
	gw->second = event_new(process->loop, -1, EV_PERSIST, on_second, gw);
	gw->sweep = event_new(process->loop, -1, EV_PERSIST, on_sweep, gw);
	if (!gw->second || event_add(gw->second, &second) || !gw->sweep ||
	    event_add(gw->sweep, &cleanup))
		return EX_OSERR;
	return gw_https_start(gw->https);
}

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct gateway *gw = process->state;

	(void)old_config;
	gw_settings_apply(gw, process->config);
	if (load_keys(gw) == EX_OK)
		gw_control_cut_soon(gw);
	gw_https_reload(gw->https);
	if (old_catalog != process->catalog)
		sl_log_warn("gateway",
		    "a changed catalog is not in force here before a restart: "
		    "modules, metrics and roles stay as they were");
}

/* ---- end
 * ------------------------------------------------------------------------------------ */

void gw_gateway_left(struct gateway *gw)
{
	gw_drain_left(gw);
}

static void drain(struct sl_process *process)
{
	gw_drain_start(process->state);
}

static int64_t drain_ms(const struct sl_process *process)
{
	return process->config->gateway.drain_timeout_ms;
}

static void stop(struct sl_process *process)
{
	struct gateway *gw = process->state;

	if (gw->second)
		event_free(gw->second);
	if (gw->sweep)
		event_free(gw->sweep);
	gw_control_stop(gw);
	gw_drain_stop(gw);
	sl_listen_close(gw->tcp);
	sl_listen_close(gw->local);
	if (gw->http)
		sl_http_server_free(gw->http);
	if (gw->conns)
		sl_conn_set_free(gw->conns);
	gw_connection_clear(gw);
	gw_https_free(gw->https);
	gw_selftest_clear(gw);
	gw_ask_free(gw->ask);
	if (gw->bus)
		sl_bus_client_close(gw->bus);
	gw_follow_free(gw->follow);
	gw_auth_free(gw->auth);
	gw_places_free(gw->hub.places);
	gw_users_free(gw->users);
	gw_pulse_free(gw->pulse);
	gw_metrics_free(gw->metrics);
	gw_limit_free(gw->limit);
	gw_trails_free(gw->trails);
	gw_secret_free(gw->secret);
	gw_static_free(gw->files);
	if (gw->hub.mirror)
		gw_hub_clear(&gw->hub);
}

static const char *user(const struct sl_process *process)
{
	return process->config->gateway.user;
}

int gw_gateway_main(int argc, char **argv)
{
	static const struct sl_flag flags[] = {
	    {"index", "N", NULL, "number of this gateway, from 1"},
	    {"port", "PORT", "gateway.port", "TCP port to listen on"},
	    {NULL, NULL, NULL, NULL},
	};
	static const struct sl_process_spec spec = {
	    .program = {.name = "sightline-gateway",
		.prose = "Serves dashboards over HTTP, SSE and WebSocket.",
		.operands = "",
		.flag = flags},
	    .scope = "gateway",
	    .user = user,
	    .acquire = acquire,
	    .confine = confine,
	    .start = start,
	    .reload = reload,
	    .drain = drain,
	    .drain_ms = drain_ms,
	    .stop = stop,
	};
	static struct gateway gw;

	return sl_process_run(&spec, argc, argv, &gw);
}
