/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "api.h"
#include "echo.h"
#include "longpoll.h"
#include "reconnect.h"
#include "refresh.h"
#include "stream.h"
#include "subscribe.h"
#include "ticket.h"
#include "websocket.h"

#define GET    SL_HTTP_GET
#define POST   SL_HTTP_POST
#define DELETE SL_HTTP_DELETE

#define STREAM_QUERY                                                                     \
	"topics metrics sources categories filter max_hz format since last_event_id "    \
	"lastEventId named heartbeat userId Last-Event-ID"
#define RECONNECT_QUERY "token! since last_event_id lastEventId userId Last-Event-ID"
#define WEBSOCKET_QUERY "userId format"
#define STREAM_ANSWER   "text/event-stream"

/* A row for each method of a path that differs in what it takes or answers. */
static const struct gw_route routes[] = {
    {GET, "/api/v1/snapshot", gw_api_snapshot, 0, 0,
	.summary = "The newest value of everything in sight",
	.query = "modules If-None-Match", .answer = "Snapshot"},
    {GET, "/api/v1/stream", gw_stream_open, 0, GW_ROUTE_STREAM,
	.summary = "Opens an event stream", .query = STREAM_QUERY,
	.answer = STREAM_ANSWER},
    {GET, "/api/v1/reconnect", gw_reconnect_open, 0, GW_ROUTE_STREAM | GW_ROUTE_RESUMES,
	.summary = "Goes on with the stream that a reconnect token is of",
	.query = RECONNECT_QUERY, .answer = STREAM_ANSWER},
    {GET, "/api/v1/poll", gw_longpoll_open, 0, 0,
	.summary = "The stream as a long poll: what there is, or what comes in time",
	.query = STREAM_QUERY " cursor wait", .answer = "Poll"},
    {GET, "/api/v1/ws", gw_websocket_open, 0, GW_ROUTE_UPGRADE,
	.summary = "Opens a WebSocket", .query = WEBSOCKET_QUERY},
    {GET, "/api/v1/status", gw_api_status, SL_RIGHT_STATUS, GW_ROUTE_DEFAULT,
	.summary = "How the aggregator, its sources and the gateways are",
	.answer = "Status"},
    {GET, "/api/v1/alerts", gw_api_alerts, 0, 0,
	.summary = "Alerts, by default pending and firing ones", .query = "state",
	.answer = "Alerts"},
    {POST, "/api/v1/alerts/{id}/acknowledge", gw_api_acknowledge, SL_RIGHT_ACKNOWLEDGE, 0,
	.summary = "Acknowledges an alert; again is no fault", .body = "Acknowledgement",
	.answer = "Alert"},
    {POST, "/api/v1/control", gw_api_control, 0, GW_ROUTE_DEFAULT,
	.summary = "Aggregates now, pauses metrics and rules or lets them go on",
	.body = "Control", .answer = "Running"},
    {GET, "/api/v1/session", gw_api_session, 0, 0,
	.summary = "Whom the token names, and what that may see and do",
	.answer = "Session"},
    {POST, "/api/v1/session", gw_api_session, 0, 0,
	.summary = "Makes the bearer token a session cookie", .answer = "Session"},
    {DELETE, "/api/v1/session", gw_api_session, 0, 0,
	.summary = "Signs out: revokes the token everywhere", .answer = "Nothing"},
    {POST, "/api/v1/ticket", gw_ticket_post, 0, 0,
	.summary = "A ticket for one request by ?ticket=, where no header can be sent",
	.answer = "Ticket"},
    {POST, "/api/v1/connections/{id}/refresh", gw_refresh_post, 0, 0,
	.summary = "Gives a live stream of the caller the token of this request or body",
	.body = "Refresh", .answer = "Refreshed"},
    {POST, "/api/v1/connections/{id}/subscriptions", gw_subscribe_post, 0, 0,
	.summary = "Changes what a live stream of the caller is subscribed to",
	.body = "SubscribeCommand|UnsubscribeCommand",
	.answer = "Subscribed|Unsubscribed"},
    {GET, "/api/v1/connections", gw_api_connections, SL_RIGHT_CONNECTIONS,
	GW_ROUTE_DEFAULT, .summary = "Live connections of all gateways",
	.query = "user tenant role transport gateway limit", .answer = "Connections"},
    {GET, "/api/v1/connections/stats", gw_api_connection_stats, SL_RIGHT_CONNECTIONS,
	GW_ROUTE_DEFAULT, .summary = "Figures of all gateways' connections",
	.answer = "ConnectionStats"},
    {POST, "/api/v1/test-connection", gw_api_test_connection, 0, 0,
	.summary = "Sends a message through the caller's live streams and sees it arrive",
	.body = "TestConnection", .answer = "ConnectionTestResult"},
    {GET, "/healthz", gw_api_healthz, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "The process is alive", .answer = "Health"},
    {GET, "/readyz", gw_api_readyz, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "It serves clients; 503 before the first state and while it drains",
	.answer = "Readiness 503:Readiness"},
    {GET, "/metrics", gw_api_metrics, SL_RIGHT_STATUS, GW_ROUTE_DEFAULT | GW_ROUTE_LOCAL,
	.summary = "Figures of the aggregator and of this gateway (OpenMetrics)",
	.answer = "application/openmetrics-text"},
    {GET, "/problems/{id}", gw_api_problem_page, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "What a problem type means and what to do about it",
	.answer = "text/plain"},
    {GET, "/openapi.json", gw_api_openapi, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "This document (OpenAPI 3.1)", .answer = "object"},
    {GET, "/asyncapi.json", gw_api_asyncapi, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "The messages of streams and WebSockets (AsyncAPI 3)",
	.answer = "object"},

    /* The requirement documents' own paths: 000, 001, 002, 003, 004. */
    {GET, "/api/admin-dashboard/realtime", gw_api_realtime_get, 0, GW_ROUTE_STREAM,
	.summary = "action=snapshot, system-status, alerts or sse",
	.query = "action modules " STREAM_QUERY,
	.answer = "Snapshot|Status|Alert[]|" STREAM_ANSWER},
    {POST, "/api/admin-dashboard/realtime", gw_api_realtime_post, 0, 0,
	.summary = "Acknowledges an alert or controls the aggregator",
	.body = "RealtimeAction", .answer = "Alert|Running"},
    {GET, "/analytics/realtime/dashboard", gw_websocket_open, 0,
	GW_ROUTE_UPGRADE | GW_ROUTE_UPDATES, .summary = "Opens a WebSocket",
	.query = WEBSOCKET_QUERY},
    {GET, "/analytics/dashboard/realtime", gw_api_snapshot, 0, 0,
	.summary = "The snapshot, for clients without a WebSocket",
	.query = "modules If-None-Match", .answer = "Snapshot"},
    {GET, "/analytics/health", gw_api_analytics_health, SL_RIGHT_CONNECTIONS,
	GW_ROUTE_DEFAULT, .summary = "Connections, events, caches and errors",
	.answer = "AnalyticsHealth"},
    {GET, "/", gw_websocket_open, 0, GW_ROUTE_UPGRADE | GW_ROUTE_ROOT,
	.summary = "Opens a WebSocket; the dashboard's page without an upgrade",
	.query = WEBSOCKET_QUERY, .answer = "text/html"},
    {GET, "/api/admin/dashboard", gw_api_snapshot, 0, 0,
	.summary = "The snapshot, for the first load and for polling",
	.query = "modules If-None-Match", .answer = "Snapshot"},
    {GET, "/api/admin/analytics/stream", gw_stream_open, 0,
	GW_ROUTE_STREAM | GW_ROUTE_ALL | GW_ROUTE_UPDATES | GW_ROUTE_BEATS,
	.summary = "Opens an event stream with heartbeat messages", .query = STREAM_QUERY,
	.answer = STREAM_ANSWER},
    {GET, "/api/admin/analytics/reconnect", gw_reconnect_open, 0,
	GW_ROUTE_STREAM | GW_ROUTE_ALL | GW_ROUTE_UPDATES | GW_ROUTE_BEATS |
	    GW_ROUTE_RESUMES,
	.summary = "Goes on with the stream that a reconnect token is of",
	.query = RECONNECT_QUERY, .answer = STREAM_ANSWER},
    {GET, "/api/admin/analytics/connection-stats", gw_api_connection_stats,
	SL_RIGHT_CONNECTIONS, GW_ROUTE_ALL | GW_ROUTE_DEFAULT | GW_ROUTE_WRAPS,
	.summary = "Figures of event streams and WebSockets together",
	.answer = "ConnectionStats"},
    {GET, "/api/admin/analytics/websocket-stats", gw_api_websocket_stats,
	SL_RIGHT_CONNECTIONS, GW_ROUTE_ALL | GW_ROUTE_DEFAULT | GW_ROUTE_WRAPS,
	.summary = "Figures of WebSockets", .answer = "WebsocketStats"},
    {POST, "/api/admin/analytics/test-connection", gw_api_test_connection, 0,
	GW_ROUTE_ALL | GW_ROUTE_WRAPS,
	.summary = "Sends a message through the caller's live streams and sees it arrive",
	.body = "TestConnection", .answer = "ConnectionTestResult"},
    {GET, "", gw_websocket_open, 0, GW_ROUTE_UPGRADE | GW_ROUTE_ALL | GW_ROUTE_UPDATES,
	.summary = "Opens a WebSocket (gateway.websocket_path)",
	.query = WEBSOCKET_QUERY},
    {POST, "/api/admin/analytics/subscribe", gw_api_analytics_subscribe, 0,
	GW_ROUTE_ALL | GW_ROUTE_WRAPS,
	.summary = "Adds to what every event stream of the caller is subscribed to",
	.body = "Subscribe", .answer = "Subscribed"},
    {POST, "/api/admin/analytics/unsubscribe", gw_api_analytics_unsubscribe, 0,
	GW_ROUTE_ALL | GW_ROUTE_WRAPS,
	.summary = "Takes from what every event stream of the caller is subscribed to",
	.body = "Unsubscribe", .answer = "Unsubscribed"},
    {GET, "/api/admin/analytics/websocket-info", gw_api_websocket_info, 0,
	GW_ROUTE_ALL | GW_ROUTE_WRAPS, .summary = "Where the WebSocket is",
	.answer = "WebsocketInfo"},
    {GET, "/api/health", gw_api_healthz, 0, GW_ROUTE_PUBLIC | GW_ROUTE_ALWAYS,
	.summary = "The process is alive", .answer = "Health"},

#ifdef SL_TEST_ENDPOINTS
    /* For conformance suites. */
    {GET, "/echo", gw_echo_open, 0, GW_ROUTE_UPGRADE,
	.summary = "Sends each message of a WebSocket back"},
#endif
};

const struct gw_route *gw_route_at(size_t i)
{
	return i < sizeof routes / sizeof *routes ? &routes[i] : NULL;
}

const char *gw_route_path(const struct gw_route *route, const char *websocket_path)
{
	return *route->path ? route->path : websocket_path;
}

uint8_t gw_route_number(const struct gw_route *route)
{
	_Static_assert(sizeof routes / sizeof *routes < 255, "numbers fit a byte");
	return route ? (uint8_t)(route - routes + 1) : 0;
}
