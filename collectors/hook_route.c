/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_route.h"

#include <string.h>

#include "clock.h"
#include "error.h"
#include "hook_read.h"
#include "hook_sign.h"
#include "http_problem.h"
#include "http_response.h"
#include "json_out.h"
#include "stat.h"

/*
 * Design notes.  A body is authenticated as it came, then read, then taken whole
 * or not at all; 202 follows what is in the ring and nothing else.  A signed
 * delivery is remembered only once it was taken, so that a sender who was told
 * to come again can.
 */

/* When to come again: the ring drains in milliseconds, an aggregator starts in seconds.
 */
#define RETRY_S 1

static const struct route {
	const char *path;
	enum sl_http_method method;
	const char *allow;
	enum col_hook_form form;
} routes[] = {
#define X(path, method, form)                                                            \
	{path, method, (method) == SL_HTTP_POST ? "POST" : "GET", COL_HOOK_FORM_##form},
    COL_HOOK_ROUTE_TABLE(X)
#undef X
};

static void problem(
    struct sl_http_request *request, int status, const char *name, const char *detail)
{
	bool later = status == 429 || status == 503;

	sl_http_problem_send(request, &(struct sl_http_problem){.status = status,
					  .name = name,
					  .detail = detail,
					  .retry_after_s = later ? RETRY_S : 0});
}

static struct sl_slice field(const struct sl_http_request *request, const char *name)
{
	return sl_http_request_header(request, name);
}

/* ---- answers ----------------------------------------------------------------------- */

void col_hook_route_answer(
    struct sl_http_request *request, const struct col_give_taken *taken, bool durable)
{
	struct sl_buf body = {0};
	struct sl_json_out w;

	if (!durable) {
		problem(request, 503, "not-durable",
		    "it is in the ring, but was not on disk in time: send it again, "
		    "events with an id are not doubled");
		return;
	}
	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "accepted");
	sl_json_out_uint(&w, taken->events);
	sl_json_out_key(&w, "duplicates");
	sl_json_out_uint(&w, taken->duplicates);
	sl_json_out_key(&w, "samples");
	sl_json_out_uint(&w, taken->samples);
	sl_json_out_object_end(&w);
	sl_http_response_send(request, 202, "application/json", body.data, body.len);
	sl_buf_clear(&body);
}

/* Says why a batch was refused, and counts it. */
static void refuse(struct col_hook *hook, struct sl_http_request *request, int rc)
{
	struct col_hook_figures *count = &hook->figures;
	const char *detail = hook->batch.error;

	switch (rc) {
	case SL_EMALFORMED:
		count->malformed++;
		problem(request, 400, "malformed-body", detail);
		break;
	case SL_ETOOBIG:
		count->refused++;
		problem(request, 413, "body-too-large", detail);
		break;
	case SL_EFULL:
		count->busy++;
		problem(request, 429, "ring-full", detail);
		break;
	case SL_EAGAIN:
		count->busy++;
		problem(request, 503, "no-aggregator", detail);
		break;
	default:
		count->refused++;
		problem(request, 422, "event-refused", detail);
	}
}

static void metrics(struct col_hook *hook, struct sl_http_request *request)
{
	sl_buf_reset(&hook->answer);
	col_hook_figures_render(&hook->figures, hook->name, &hook->answer);
	sl_http_response_send(
	    request, 200, SL_STAT_CONTENT_TYPE, hook->answer.data, hook->answer.len);
}

/* ---- who -----------------------------------------------------------------------------
 */

static bool is_proven(
    struct col_hook *hook, struct sl_http_request *request, struct col_hook_proof *proof)
{
	struct col_hook_claim claim = {
	    .body = request->body,
	    .authorization = field(request, "Authorization"),
	    .hub_signature = field(request, "X-Hub-Signature-256"),
	    .id = field(request, "webhook-id"),
	    .timestamp = field(request, "webhook-timestamp"),
	    .signature = field(request, "webhook-signature"),
	    .now_ns = sl_clock_wall_ns(),
	    .tolerance_ns =
		col_hook_section(hook)->webhook.signature_tolerance_ms * SL_NS_PER_MS,
	};
	enum col_hook_sign result = col_hook_sign_check(&hook->secrets, &claim, proof);

	if (result == COL_HOOK_SIGN_OK)
		return true;
	hook->figures.denied++;
	sl_http_problem_send(
	    request, &(struct sl_http_problem){.status = 401,
			 .name = "unauthorized",
			 .detail = col_hook_sign_text(result),
			 .bearer_error =
			     result == COL_HOOK_SIGN_MISSING ? NULL : "invalid_token"});
	return false;
}

/*
 * A timed delivery is refused as long as its time would let it through, so its
 * key must not be pushed out before.
 */
static bool is_new(struct col_hook *hook, struct sl_http_request *request,
    const struct col_hook_proof *proof)
{
	int64_t keep_ns =
	    2 * col_hook_section(hook)->webhook.signature_tolerance_ms * SL_NS_PER_MS;
	uint64_t number;

	if (!proof->is_signed)
		return true;
	if (col_seen_find(hook->deliveries, proof->key, &number)) {
		hook->figures.replayed++;
		problem(request, 409, "replayed", "this delivery was taken before");
		return false;
	}
	if (proof->is_timed &&
	    col_seen_busy(hook->deliveries, keep_ns, sl_clock_mono_ns())) {
		hook->figures.busy++;
		problem(request, 429, "too-many-deliveries",
		    "more signed deliveries than ids_max within the tolerance");
		return false;
	}
	return true;
}

/* ---- taking --------------------------------------------------------------------------
 */

static int wants_durable(const struct sl_http_request *request)
{
	struct sl_buf value = {0};
	int rc = sl_http_request_query(request, "durable", &value);

	if (rc == 1)
		rc = value.len == 1 && (value.data[0] == '1' || value.data[0] == '0')
			 ? value.data[0] == '1'
			 : SL_EMALFORMED;
	sl_buf_clear(&value);
	return rc;
}

static void take(struct col_hook *hook, struct sl_http_request *request,
    const struct col_hook_proof *proof)
{
	const struct sl_config_webhook *c = &col_hook_section(hook)->webhook;
	struct col_give_taken taken;
	int durable = wants_durable(request);

	if (durable < 0) {
		hook->figures.malformed++;
		problem(request, 400, "bad-parameter", "durable must be 0 or 1");
		return;
	}
	int rc = col_give_batch(hook->give, &hook->batch, (size_t)c->series_max, &taken);
	if (rc != 0) {
		refuse(hook, request, rc);
		return;
	}
	hook->figures.requests++;
	hook->figures.events += taken.events;
	hook->figures.samples += taken.samples;
	hook->figures.duplicates += taken.duplicates;
	hook->figures.ignored += hook->batch.ignored;
	if (proof->is_signed)
		col_seen_add(
		    hook->deliveries, proof->key, taken.number, sl_clock_mono_ns());
	if (durable)
		col_hook_wait_add(hook->wait, request, &taken, c->durable_timeout_ms);
	else
		col_hook_route_answer(request, &taken, true);
}

static void beacon(struct col_hook *hook, struct sl_http_request *request)
{
	const struct sl_config_webhook *c = &col_hook_section(hook)->webhook;
	struct sl_slice origin = field(request, "Origin");
	struct col_batch_rules rules = {.catalog = hook->process->catalog,
	    .modules = col_batch_modules(
		hook->process->catalog, &col_hook_section(hook)->modules),
	    .now_ns = sl_clock_wall_ns(),
	    .types = &c->beacon_types};
	struct sl_buf text = {0};

	if (!col_hook_beacon_allows(&c->beacon_origins, origin)) {
		hook->figures.denied++;
		problem(request, 403, "origin-not-allowed",
		    "pages of this origin may not send beacons, see beacon_origins");
		return;
	}
	sl_buf_add(&text, origin.data, origin.len);
	sl_http_response_extra(
	    request, "Access-Control-Allow-Origin", sl_buf_text(&text));
	sl_http_response_extra(request, "Vary", "Origin");
	sl_buf_clear(&text);
	int rc = SL_ETOOBIG;
	col_batch_reset(&hook->batch);
	if (request->body.len > COL_HOOK_BEACON_BYTES_MAX)
		col_batch_refuse(&hook->batch, rc, "a beacon has at most %d bytes",
		    COL_HOOK_BEACON_BYTES_MAX);
	else
		rc = col_hook_read_body(hook, request, COL_HOOK_FORM_BEACON, &rules);
	if (rc != 0) {
		refuse(hook, request, rc);
	} else if (!col_hook_beacon_spend(hook->beacon, &request->peer,
		       hook->batch.event_count, c->beacon_rate, sl_clock_mono_ns())) {
		hook->figures.limited++;
		problem(request, 429, "too-many-beacons",
		    "more events from this address than beacon_rate");
	} else {
		take(hook, request, &(struct col_hook_proof){0});
	}
}

static void deliver(
    struct col_hook *hook, struct sl_http_request *request, enum col_hook_form form)
{
	struct col_hook_proof proof;
	struct col_batch_rules rules = {
	    .catalog = hook->process->catalog,
	    .modules = col_batch_modules(
		hook->process->catalog, &col_hook_section(hook)->modules),
	    .now_ns = sl_clock_wall_ns(),
	};

	if (!is_proven(hook, request, &proof))
		return;
	if (form == COL_HOOK_FORM_METRICS) {
		metrics(hook, request);
		return;
	}
	if (!is_new(hook, request, &proof))
		return;
	/* What is signed names a delivery better than a field beside it. */
	if (proof.is_signed)
		rules.delivery =
		    (struct sl_slice){(const char *)proof.key, sizeof(proof.key)};
	else if (field(request, "X-GitHub-Delivery").data != NULL)
		rules.delivery = field(request, "X-GitHub-Delivery");
	else
		rules.delivery = field(request, "Idempotency-Key");
	int rc = col_hook_read_body(hook, request, form, &rules);
	if (rc != 0)
		refuse(hook, request, rc);
	else
		take(hook, request, &proof);
}

void col_hook_route_handle(void *arg, struct sl_http_request *request)
{
	struct col_hook *hook = arg;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		if (strcmp(request->path.data, route->path) != 0)
			continue;
		if (request->method != route->method)
			sl_http_problem_send(
			    request, &(struct sl_http_problem){.status = 405,
					 .name = "method-not-allowed",
					 .allow = route->allow});
		else if (route->form == COL_HOOK_FORM_HEALTH)
			sl_http_response_send(request, 200, "text/plain", "ok\n", 3);
		else if (route->form == COL_HOOK_FORM_BEACON)
			beacon(hook, request);
		else
			deliver(hook, request, route->form);
		return;
	}
	problem(request, 404, "not-found", "there is nothing at this path");
}
