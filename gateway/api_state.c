/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "crypto.h"
#include "mirror_alert.h"
#include "sight.h"

/* The modules of ?modules=, of those that the caller may see; false if answered. */
static bool read_modules(struct gw_call *call, uint64_t *modules)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(call->gw->hub.mirror);
	struct sl_buf list = {0};
	bool ok = true;

	*modules = call->who->modules;
	if (!gw_call_query(call, "modules", &list)) {
		sl_buf_clear(&list);
		return true;
	}
	*modules = 0;
	char *at = list.data;
	char *end = list.data + list.len;
	while (ok && at < end) {
		char *comma = memchr(at, ',', (size_t)(end - at));
		size_t len = (size_t)((comma ? comma : end) - at);
		const struct sl_catalog_module *module =
		    sl_catalog_module(catalog, at, len);
		if (!module) {
			gw_call_problem(call, 400, "unknown-module",
			    "\"%.*s\" is not a module", (int)(len < 64 ? len : 64), at);
			ok = false;
		} else if ((module->bit & call->who->modules) == 0) {
			gw_call_problem(call, 403, "forbidden",
			    "\"%s\" is outside of your role", module->name);
			ok = false;
		} else {
			*modules |= module->bit;
		}
		at += len + 1;
	}
	sl_buf_clear(&list);
	return ok;
}

void gw_api_snapshot(struct gw_call *call)
{
	static struct sl_buf out;
	struct gw_sight sight = {.tenant = call->who->tenant, .role = call->who->role};
	struct sl_slice known = sl_http_request_header(call->request, "If-None-Match");
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];
	char etag[40] = "\"";

	if (!gw_call_supports(call, NULL) || !read_modules(call, &sight.modules))
		return;
	sl_buf_reset(&out);
	gw_sight_snapshot(&sight, call->gw->hub.mirror, &out, true);
	sl_crypto_sha256(out.data, out.len, hash);
	for (int i = 0; i < 16; i++)
		snprintf(
		    etag + 1 + 2 * i, sizeof etag - 1 - 2 * (size_t)i, "%02x", hash[i]);
	strcat(etag, "\"");
	bool same = known.len == strlen(etag) && memcmp(known.data, etag, known.len) == 0;
	sl_http_response_begin(call->request, same ? 304 : 200);
	sl_http_response_header(call->request, "ETag", etag);
	sl_http_response_header(call->request, "Cache-Control", "private, no-cache");
	sl_http_response_header(call->request, "Vary", "Authorization, Cookie");
	if (same)
		sl_http_response_end(call->request, NULL, NULL, 0);
	else
		sl_http_response_end(
		    call->request, "application/json", out.data, out.len);
}

static void add_alerts(
    const struct gw_call *call, bool pending, bool firing, struct sl_buf *out)
{
	const struct gw_identity *who = call->who;
	bool first = true;

	sl_buf_addc(out, '[');
	for (const struct gw_alert *a = who->tenant->alert_first; a; a = a->next) {
		struct sl_slice body = gw_mirror_alert_body(a);
		bool seen =
		    a->module ? (who->modules & a->module) != 0 : who->role->all_modules;
		if (!seen || !(a->firing ? firing : pending))
			continue;
		if (!first)
			sl_buf_addc(out, ',');
		first = false;
		sl_buf_add(out, body.data, body.len);
	}
	sl_buf_addc(out, ']');
}

void gw_api_alerts_list(struct gw_call *call)
{
	static struct sl_buf out;

	sl_buf_reset(&out);
	add_alerts(call, true, true, &out);
	gw_call_json(call, out.data, out.len);
}

/* ?state=: bits of what it names; 0 after an answer. */
enum { PENDING = 1, FIRING = 2, RESOLVED = 4 };

static unsigned read_states(struct gw_call *call)
{
	static const char *const words[] = {"pending", "firing", "resolved"};
	struct sl_buf list = {0};
	unsigned states = 0;

	if (!gw_call_query(call, "state", &list)) {
		sl_buf_clear(&list);
		return PENDING | FIRING;
	}
	char *save = NULL;
	sl_buf_text(&list);
	for (char *word = strtok_r(list.data, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		unsigned bit = 0;
		for (unsigned i = 0; i < 3; i++)
			bit |= strcmp(word, words[i]) == 0 ? 1u << i : 0;
		if (!bit) {
			states = 0;
			break;
		}
		states |= bit;
	}
	sl_buf_clear(&list);
	if (!states)
		gw_call_problem(call, 400, "bad-request",
		    "state is a list of pending, firing, resolved");
	return states;
}

void gw_api_alerts(struct gw_call *call)
{
	static struct sl_buf out;
	unsigned states = read_states(call);

	if (!states)
		return;
	sl_buf_reset(&out);
	if (states & RESOLVED) {
		/* Only the aggregator remembers what is over. */
		sl_buf_addf(&out, "{\"state\":[%s%s\"resolved\"]}",
		    states & PENDING ? "\"pending\"," : "",
		    states & FIRING ? "\"firing\"," : "");
		gw_call_ask(call, SL_REQ_ALERTS, (struct sl_slice){out.data, out.len});
		return;
	}
	sl_buf_adds(&out, "{\"alerts\":");
	add_alerts(call, states & PENDING, states & FIRING, &out);
	sl_buf_addc(&out, '}');
	gw_call_json(call, out.data, out.len);
}
