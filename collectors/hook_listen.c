/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conn.h"
#include "hook.h"
#include "listen.h"
#include "log.h"
#include "tls.h"

struct col_hook_listen {
	struct col_hook *hook;
	struct sl_conn_set *conns;
	struct sl_http_server *http;
	struct sl_listen *listener;
	struct sl_tls *tls; /* NULL: clear text */
	/* Folders of the certificate and its key, kept for the confinement. */
	char folder[2][SL_PATHS_MAX];
};

static const struct sl_config_webhook *options(const struct col_hook_listen *listen)
{
	return &col_hook_section(listen->hook)->webhook;
}

static void on_accept(void *arg, int fd, const struct sl_addr *peer)
{
	struct col_hook_listen *listen = arg;
	const struct sl_config_webhook *c = options(listen);

	if (sl_conn_set_stats(listen->conns)->open >= (uint64_t)c->connections_max) {
		listen->hook->figures.turned_away++;
		close(fd);
	} else if (listen->tls != NULL) {
		sl_http_server_accept_tls(listen->http, fd, peer, listen->tls);
	} else {
		sl_http_server_accept(listen->http, fd, peer);
	}
}

/* ---- certificate ------------------------------------------------------------------ */

static int load(struct col_hook_listen *listen, char error[SL_TLS_ERROR])
{
	char certificate[SL_PATHS_MAX], key[SL_PATHS_MAX];
	const struct sl_paths *paths = &listen->hook->process->paths;
	const struct sl_config_webhook *c = options(listen);

	if (sl_paths_resolve(paths, c->tls_certificate, certificate) ||
	    sl_paths_resolve(paths, c->tls_key, key)) {
		snprintf(error, SL_TLS_ERROR,
		    "the path of tls_certificate or tls_key is too long");
		return EX_CONFIG;
	}
	snprintf(listen->folder[0], SL_PATHS_MAX, "%s", certificate);
	snprintf(listen->folder[1], SL_PATHS_MAX, "%s", key);
	return sl_tls_load(listen->tls, certificate, key, error) == 0 ? EX_OK
								      : EX_NOINPUT;
}

static int open_tls(struct col_hook_listen *listen)
{
	char error[SL_TLS_ERROR];

	if (*options(listen)->tls_certificate == '\0')
		return EX_OK;
	listen->tls = sl_tls_new(sl_http_clear_answer());
	int code = load(listen, error);
	if (code != EX_OK)
		sl_log_error("webhook", "%s", error);
	return code;
}

void col_hook_listen_look(struct col_hook_listen *listen)
{
	char error[SL_TLS_ERROR];

	if (listen->tls == NULL || !sl_tls_changed(listen->tls))
		return;
	if (load(listen, error) == EX_OK)
		sl_log_info("webhook", "certificate-loaded");
	else
		sl_log_error("webhook",
		    "certificate-refused reason=\"%s\" running=unchanged", error);
}

void col_hook_listen_confine(struct col_hook_listen *listen, struct sl_confine *out)
{
	if (listen->tls == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(listen->folder[i], '/');
		if (slash != NULL && slash != listen->folder[i]) {
			*slash = '\0';
			sl_confine_path(out, listen->folder[i], false);
		}
	}
}

/* ---- life cycle ------------------------------------------------------------------- */

int col_hook_listen_open(
    struct col_hook *hook, sl_http_handler_fn *fn, struct col_hook_listen **out)
{
	struct col_hook_listen *listen = calloc(1, sizeof(*listen));
	char error[SL_LISTEN_ERROR];

	if (listen == NULL)
		abort();
	listen->hook = hook;
	*out = listen;
	const struct sl_config_webhook *c = options(listen);
	struct sl_http_options http = {
	    .limits = {.body_max = (size_t)c->body_bytes_max},
	    .header_fields = "X-Content-Type-Options: nosniff\r\n"
			     "Cache-Control: no-store\r\n",
	};
	int code = open_tls(listen);
	if (code != EX_OK)
		return code;
	listen->conns = sl_conn_set_new(hook->process->loop);
	listen->http = sl_http_server_new(listen->conns, &http, fn, hook);
	if (sl_listen_open_tcp(hook->process->loop, c->bind, (uint16_t)c->port,
		&(struct sl_listen_options){0}, on_accept, listen, &listen->listener,
		error) != 0) {
		sl_log_error("webhook", "%s", error);
		return EX_UNAVAILABLE;
	}
	sl_log_info("webhook", "listening bind=\"%s\" port=%u tls=%s", c->bind,
	    sl_listen_port(listen->listener), listen->tls != NULL ? "yes" : "no");
	return EX_OK;
}

void col_hook_listen_close(struct col_hook_listen *listen)
{
	if (listen == NULL)
		return;
	sl_listen_close(listen->listener);
	if (listen->http != NULL)
		sl_http_server_free(listen->http);
	if (listen->conns != NULL)
		sl_conn_set_free(listen->conns);
	sl_tls_free(listen->tls);
	free(listen);
}

void col_hook_listen_reload(struct col_hook_listen *listen)
{
	struct sl_http_limits limits = {
	    .body_max = (size_t)options(listen)->body_bytes_max};

	sl_http_server_limit(listen->http, &limits, 0);
}

void col_hook_listen_drain(struct col_hook_listen *listen)
{
	sl_listen_finish(listen->listener);
	listen->listener = NULL;
	sl_http_server_drain(listen->http);
}

bool col_hook_listen_is_idle(const struct col_hook_listen *listen)
{
	return sl_conn_set_stats(listen->conns)->open == 0;
}
