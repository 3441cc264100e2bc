/* SPDX-License-Identifier: Apache-2.0 */
#include "https.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "gateway.h"
#include "log.h"
#include "loop.h"
#include "secret.h"

/* How often the files are looked at. */
#define LOOK_MS 2000

#define WARN_BEFORE_S (14 * INT64_C(86400))

struct gw_https {
	struct gateway *gw;
	struct sl_tls *tls; /* NULL without a certificate */
	struct sl_listen *listener;
	struct event *look;
	char fields[64];
	/* Folders of the files, and those that they really lie in. */
	char folder[4][SL_PATHS_MAX];
};

struct gw_https *gw_https_new(struct gateway *gw)
{
	struct gw_https *https = calloc(1, sizeof *https);

	if (!https)
		abort();
	https->gw = gw;
	return https;
}

void gw_https_free(struct gw_https *https)
{
	if (!https)
		return;
	if (https->look)
		event_free(https->look);
	sl_listen_close(https->listener);
	sl_tls_free(https->tls);
	free(https);
}

const char *gw_https_fields(const struct gw_https *https)
{
	return https->fields;
}

const struct sl_tls_stats *gw_https_stats(const struct gw_https *https)
{
	static const struct sl_tls_stats none;

	return https->tls ? sl_tls_stats(https->tls) : &none;
}

int64_t gw_https_expires(const struct gw_https *https)
{
	return https->tls ? sl_tls_expires(https->tls) : 0;
}

/* ---- certificate ---------------------------------------------------------------- */

static void set_fields(struct gw_https *https)
{
	const struct sl_config_gateway *c = https->gw->config;

	https->fields[0] = '\0';
	if (c->hsts_ms > 0)
		snprintf(https->fields, sizeof https->fields,
		    "Strict-Transport-Security: max-age=%lld\r\n",
		    (long long)(c->hsts_ms / 1000));
}

static int resolve(
    const struct gw_https *https, char certificate[SL_PATHS_MAX], char key[SL_PATHS_MAX])
{
	const struct sl_paths *paths = &https->gw->process->paths;
	const struct sl_config_gateway *c = https->gw->config;

	return sl_paths_resolve(paths, c->tls_certificate, certificate) ||
	       sl_paths_resolve(paths, c->tls_key, key);
}

static void log_expiry(const struct gw_https *https, const char *certificate)
{
	char when[SL_CLOCK_TEXT];
	int64_t expires_s = sl_tls_expires(https->tls);
	int64_t left_s = expires_s - sl_clock_wall_ns() / SL_NS_PER_S;

	sl_clock_format(expires_s * SL_NS_PER_S, when);
	if (left_s <= 0)
		sl_log_warn("gateway", "certificate-expired file=\"%s\" since=%s",
		    certificate, when);
	else if (left_s < WARN_BEFORE_S)
		sl_log_warn("gateway", "certificate-expires-soon file=\"%s\" at=%s",
		    certificate, when);
	else
		sl_log_info("gateway", "certificate-loaded file=\"%s\" expires=%s",
		    certificate, when);
}

static int load(struct gw_https *https, char error[SL_TLS_ERROR])
{
	char certificate[SL_PATHS_MAX], key[SL_PATHS_MAX];

	if (resolve(https, certificate, key) != 0) {
		snprintf(error, SL_TLS_ERROR,
		    "the path of tls_certificate or tls_key is too long");
		return SL_ETOOBIG;
	}
	int rc = sl_tls_load(https->tls, certificate, key, error);
	if (rc == 0)
		log_expiry(https, certificate);
	return rc;
}

/* Whoever may not read the key makes tickets that are good for this gateway only. */
static void renew_tickets(struct gw_https *https)
{
	if (https->gw->secret)
		sl_tls_tickets(https->tls,
		    gw_secret_key(https->gw->secret, GW_SECRET_TLS),
		    sl_clock_wall_ns() / SL_NS_PER_S);
}

static void try_again(struct gw_https *https)
{
	char error[SL_TLS_ERROR];

	if (load(https, error) != 0)
		sl_log_error("gateway",
		    "certificate-refused reason=\"%s\" running=unchanged", error);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct gw_https *https = arg;

	(void)fd;
	(void)what;
	renew_tickets(https);
	if (sl_tls_changed(https->tls))
		try_again(https);
}

void gw_https_reload(struct gw_https *https)
{
	bool wanted = *https->gw->config->tls_certificate;

	set_fields(https);
	if (https->tls && wanted)
		try_again(https);
	else if (https->tls || wanted)
		sl_log_warn("gateway", "TLS is turned on and off by a restart only");
}

/* ---- listener ------------------------------------------------------------------- */

static void on_accept(void *arg, int fd, const struct sl_addr *peer)
{
	struct gw_https *https = arg;

	if (gw_gateway_connects(https->gw, peer))
		sl_http_server_accept_tls(https->gw->http, fd, peer, https->tls);
	else
		close(fd);
}

int gw_https_open(struct gw_https *https)
{
	const struct sl_config_gateway *c = https->gw->config;
	struct sl_listen_options options = {
	    .reuse_port = c->reuseport, .send_buffer = (int)c->send_buffer_bytes};
	const char *address = *c->tls_bind ? c->tls_bind : c->bind;
	char error[SL_TLS_ERROR];

	if (!*c->tls_certificate)
		return EX_OK;
	set_fields(https);
	https->tls = sl_tls_new(sl_http_clear_answer());
	if (load(https, error) != 0) {
		sl_log_error("gateway", "%s", error);
		return EX_NOINPUT;
	}
	renew_tickets(https);
	if (sl_listen_open_tcp(https->gw->process->loop, address, (uint16_t)c->tls_port,
		&options, on_accept, https, &https->listener, error)) {
		sl_log_error("gateway", "%s", error);
		return EX_UNAVAILABLE;
	}
	sl_log_info("gateway", "tls bind=\"%s\" port=%u", address,
	    sl_listen_port(https->listener));
	return EX_OK;
}

/* The folder of a file as it is named, and of the one that links lead to. */
static void grant(
    struct gw_https *https, struct sl_confine *rules, const char *path, int i)
{
	char *real = realpath(path, NULL);

	snprintf(https->folder[i], SL_PATHS_MAX, "%s", path);
	snprintf(https->folder[i + 1], SL_PATHS_MAX, "%s", real ? real : path);
	free(real);
	for (int j = i; j < i + 2; j++) {
		char *slash = strrchr(https->folder[j], '/');
		if (slash && slash != https->folder[j]) {
			*slash = '\0';
			sl_confine_path(rules, https->folder[j], false);
		}
	}
}

void gw_https_confine(struct gw_https *https, struct sl_confine *rules)
{
	char certificate[SL_PATHS_MAX], key[SL_PATHS_MAX];

	if (!https->tls || resolve(https, certificate, key) != 0)
		return;
	grant(https, rules, certificate, 0);
	grant(https, rules, key, 2);
}

int gw_https_start(struct gw_https *https)
{
	struct timeval every = sl_loop_ms(LOOK_MS);

	if (!https->tls)
		return EX_OK;
	https->look = event_new(https->gw->process->loop, -1, EV_PERSIST, on_look, https);
	return https->look && event_add(https->look, &every) == 0 ? EX_OK : EX_OSERR;
}

void gw_https_drain(struct gw_https *https)
{
	sl_listen_finish(https->listener);
	https->listener = NULL;
}
