/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hops.h"
#include "https.h"
#include "msg.h"
#include "places.h"
#include "stat.h"
#include "view.h"
#include "window.h"

/* X(kind, name, unit, help, value) */
#define GW_METRICS_TABLE(X)                                                              \
	X(GAUGE, "gateway_websockets", "", "Open WebSockets.", gw->count.ws)             \
	X(GAUGE, "gateway_streams", "", "Open event streams.", gw->count.sse)            \
	X(GAUGE, "gateway_polls", "", "Long polls that wait.", gw->count.polls)          \
	X(COUNTER, "gateway_websockets_opened", "", "WebSockets opened.",                \
	    gw->count.ws_opened)                                                         \
	X(COUNTER, "gateway_streams_opened", "", "Event streams opened.",                \
	    gw->count.sse_opened)                                                        \
	X(COUNTER, "gateway_polls_opened", "", "Long polls that began.",                 \
	    gw->count.polls_opened)                                                      \
	X(COUNTER, "gateway_messages", "", "Messages handed to clients.",                \
	    gw->hub.stats.messages)                                                      \
	X(COUNTER, "gateway_messages_shared", "",                                        \
	    "Messages handed over in frames that a view shares.", gw->hub.stats.shared)  \
	X(COUNTER, "gateway_messages_skipped", "", "Messages skipped for slow clients.", \
	    gw->hub.stats.skipped)                                                       \
	X(COUNTER, "gateway_gaps", "", "Gap messages.", gw->hub.stats.gaps)              \
	X(COUNTER, "gateway_lagged", "", "Times that a client fell behind.",             \
	    gw->hub.stats.lagged)                                                        \
	X(COUNTER, "gateway_resumes", "", "Clients that came with a cursor.",            \
	    gw->hub.stats.resumes)                                                       \
	X(COUNTER, "gateway_resume_gaps", "",                                            \
	    "Clients whose cursor was older than what is kept.",                         \
	    gw->hub.stats.resume_gaps)                                                   \
	X(COUNTER, "gateway_slow_disconnects", "", "Clients closed for being slow.",     \
	    gw->hub.stats.dropped)                                                       \
	X(COUNTER, "gateway_flushes", "", "Fan-outs.", gw->hub.stats.flushes)            \
	X(COUNTER, "gateway_overtakes", "",                                              \
	    "Times that alerts or critical events went past a fan-out under way.",       \
	    gw->hub.stats.overtakes)                                                     \
	X(COUNTER, "gateway_sent", "bytes", "Sent to clients.", net->sent_bytes)         \
	X(COUNTER, "gateway_received", "bytes", "Received from clients.",                \
	    net->received_bytes)                                                         \
	X(COUNTER, "gateway_sends", "", "System calls that sent.", net->sends)           \
	X(GAUGE, "gateway_pending", "bytes", "Waiting in this process for clients.",     \
	    net->pending_bytes)                                                          \
	X(COUNTER, "gateway_requests", "", "HTTP requests.", http->requests)             \
	X(COUNTER, "gateway_requests_malformed", "", "HTTP requests refused unread.",    \
	    http->refused)                                                               \
	X(COUNTER, "gateway_inbound_messages", "", "Messages of clients.",               \
	    gw->count.inbound)                                                           \
	X(COUNTER, "gateway_bad_messages", "", "Messages of clients in error.",          \
	    gw->count.bad)                                                               \
	X(COUNTER, "gateway_refused", "", "Requests and streams refused.",               \
	    gw->count.refused)                                                           \
	X(COUNTER, "gateway_places_asked", "",                                           \
	    "Questions to the aggregator about users' connections.", places->asked)      \
	X(COUNTER, "gateway_places_alone", "",                                           \
	    "Connections let in while the aggregator did not answer.", places->alone)    \
	X(COUNTER, "gateway_places_surplus", "",                                         \
	    "Connections ended because their user had too many of them.",                \
	    places->surplus)                                                             \
	X(GAUGE, "gateway_places_waiting", "", "Connections that wait to be let in.",    \
	    places->waiting)                                                             \
	X(COUNTER, "gateway_tokens_verified", "", "Signatures checked.", auth->verified) \
	X(COUNTER, "gateway_tokens_remembered", "", "Tokens found remembered.",          \
	    auth->hits)                                                                  \
	X(COUNTER, "gateway_auth_failures", "", "Tokens refused.", auth->failures)       \
	X(COUNTER, "gateway_bus_batches", "", "Batches from the aggregator.",            \
	    bus->batches)                                                                \
	X(COUNTER, "gateway_bus_received", "bytes", "Batches from the aggregator.",      \
	    bus->bytes)                                                                  \
	X(COUNTER, "gateway_bus_malformed", "", "Messages not understood.",              \
	    bus->malformed)                                                              \
	X(COUNTER, "gateway_bus_states", "", "States asked after a loss.", bus->states)  \
	X(COUNTER, "gateway_bus_replays", "", "Pages asked after a loss.", bus->replays) \
	X(COUNTER, "gateway_bus_lost", "", "Entries that nobody kept.", bus->lost)       \
	X(COUNTER, "gateway_compressed", "",                                             \
	    "Messages and blocks compressed, each once for all that get it.",            \
	    packing->compressed)                                                         \
	X(COUNTER, "gateway_compressed_from", "bytes", "What these were.",               \
	    packing->raw_bytes)                                                          \
	X(COUNTER, "gateway_compressed_to", "bytes", "What these became.",               \
	    packing->wire_bytes)                                                         \
	X(COUNTER, "gateway_inflated", "", "Compressed messages of clients.",            \
	    packing->inflated)                                                           \
	X(COUNTER, "gateway_tls_handshakes", "", "TLS handshakes done.",                 \
	    tls->handshakes)                                                             \
	X(COUNTER, "gateway_tls_resumed", "", "TLS handshakes spared by a ticket.",      \
	    tls->resumed)                                                                \
	X(COUNTER, "gateway_tls_failed", "", "TLS handshakes refused or broken off.",    \
	    tls->failed)                                                                 \
	X(GAUGE, "gateway_tls_under_way", "", "TLS handshakes under way.",               \
	    tls->under_way)                                                              \
	X(GAUGE, "gateway_tls_certificate_expiry", "seconds",                            \
	    "When the certificate ends, since the epoch; 0 without TLS.",                \
	    (uint64_t)gw_https_expires(gw->https))                                       \
	X(GAUGE, "gateway_window", "bytes", "Entries kept for replay.",                  \
	    gw_window_bytes(gw->hub.window))                                             \
	X(GAUGE, "gateway_views", "", "Different views of clients.", gw->hub.views.count)

#define X(kind, name, unit, help, value) +1
enum { GW_METRICS_ROWS = 0 GW_METRICS_TABLE(X) };
#undef X

struct gw_metrics {
	struct sl_stat_set *set;
	struct sl_stat *stat[GW_METRICS_ROWS];
	struct sl_stat *closed[SL_CONN_REASON_COUNT];
	struct gw_hops hops;
};

struct gw_metrics *gw_metrics_new(const char *process)
{
	struct gw_metrics *m = calloc(1, sizeof *m);
	int i = 0;

	if (!m)
		abort();
	m->set = sl_stat_set_new(process);
#define X(kind, name, unit, help, value)                                                 \
	m->stat[i++] = sl_stat_register(m->set, SL_STAT_##kind, name, unit, help, NULL);
	GW_METRICS_TABLE(X)
#undef X
	for (int r = 0; r < SL_CONN_REASON_COUNT; r++) {
		char label[64];
		snprintf(label, sizeof label, "reason=\"%s\"",
		    sl_conn_reason_name((enum sl_conn_reason)r));
		m->closed[r] = sl_stat_register(m->set, SL_STAT_COUNTER, "gateway_closed",
		    "", "Connections closed, by reason.", label);
	}
	gw_hops_register(&m->hops, m->set);
	return m;
}

struct gw_hops *gw_metrics_hops(struct gw_metrics *metrics)
{
	return &metrics->hops;
}

void gw_metrics_free(struct gw_metrics *metrics)
{
	if (!metrics)
		return;
	sl_stat_set_free(metrics->set);
	free(metrics);
}

static void set_COUNTER(struct sl_stat *stat, uint64_t value)
{
	sl_stat_count(stat, value);
}

static void set_GAUGE(struct sl_stat *stat, uint64_t value)
{
	sl_stat_set_value(stat, (double)value);
}

void gw_metrics_render(struct gateway *gw, struct sl_buf *out)
{
	struct gw_metrics *m = gw->metrics;
	const struct sl_conn_stats *net = sl_conn_set_stats(gw->conns);
	const struct sl_http_stats *http = sl_http_server_stats(gw->http);
	const struct gw_auth_stats *auth = gw_auth_stats(gw->auth);
	const struct gw_follow_stats *bus = gw_follow_stats(gw->follow);
	const struct gw_packing_stats *packing = &gw->hub.packing.stats;
	const struct sl_tls_stats *tls = gw_https_stats(gw->https);
	const struct gw_places_stats *places = gw_places_stats(gw->hub.places);
	int i = 0;

#define X(kind, name, unit, help, value) set_##kind(m->stat[i++], value);
	GW_METRICS_TABLE(X)
#undef X
	for (int r = 0; r < SL_CONN_REASON_COUNT; r++)
		sl_stat_count(m->closed[r], net->closed[r]);
	sl_stat_render(m->set, out);
}

static uint64_t rss_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void gw_metrics_report(struct gateway *gw)
{
	static struct sl_buf packed;
	const struct gw_follow_stats *bus = gw_follow_stats(gw->follow);
	const struct sl_http_stats *http = sl_http_server_stats(gw->http);
	uint32_t members = 0;

	for (const struct gw_view *v = gw->hub.view_first; v; v = v->next)
		members += v->count;
	struct sl_msg_report report = {
	    .gateway = {gw->name, strlen(gw->name)},
	    .pid = (uint32_t)getpid(),
	    .ready = gw_follow_ready(gw->follow),
	    .draining = gw->draining,
	    .connections_ws = gw->count.ws,
	    .connections_sse = gw->count.sse,
	    .subscriptions = members,
	    .messages = gw->hub.stats.messages,
	    .bytes = sl_conn_set_stats(gw->conns)->sent_bytes,
	    .requests = http->requests,
	    .auth_failures = gw_auth_stats(gw->auth)->failures,
	    .server_errors = http->responses[5],
	    .bus_gaps = bus->states + bus->replays,
	    .rss_bytes = rss_bytes(),
	};
	sl_buf_reset(&packed);
	sl_msg_report_pack(&packed, &report);
	sl_bus_client_report(gw->bus, packed.data, packed.len);
}
