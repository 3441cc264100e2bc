/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

static const struct gw_schema schemas[] = {
    /* ---- what is observed ---- */
    {"Snapshot",
	"Sections by module in lowerCamelCase, each with a member per metric; which "
	"there are is up to the catalog and to the role.  In an update only what has "
	"changed.",
	"timestamp time|null Of the newest datum in it.\n"
	"alerts? Alert[] The firing ones; never in an update.\n"
	"* Section\n"},
    {"Points", "The place of Snapshot with format=points.",
	"timestamp time|null Of the newest datum in it.\n"
	"points Point[] One for each metric that has a value, or has changed.\n"
	"alerts? Alert[] The firing ones; never in an update.\n"},
    {"Point", "A metric's value at a time.",
	"id string Made of metric, time and value.\n"
	"timestamp time|null\n"
	"source string The metric's module.\n"
	"category string The metric's name, which categories= takes.\n"
	"metric string\n"
	"value number\n"
	"status 'healthy'|'warning'|'critical'\n"
	"metadata PointMetadata\n"
	"moduleAccess string[] The modules of which one must be in the role.\n"},
    {"PointMetadata", "More of a point.",
	"unit string\nstale boolean The value is old.\n"},
    {"Section", "The metrics of one module.",
	"overall_status? 'healthy'|'warning'|'critical'|null The worst in it.\n"
	"open_alerts? OpenAlerts\n"
	"notice? string What the catalog says of all of it.\n"
	"stale? string[] Names of values that are old or were never fed.\n"
	"* number|'healthy'|'warning'|'critical'|null\n"},
    {"OpenAlerts", "How many alerts fire.", "warning integer\ncritical integer\n"},
    {"Alert", "A rule that is or was broken.",
	"id string\n"
	"rule string|null\n"
	"metric string|null\n"
	"module string|null\n"
	"labels string{}\n"
	"severity 'warning'|'critical'\n"
	"state 'pending'|'firing'|'resolved'\n"
	"value number|null\n"
	"threshold number|null\n"
	"message string|null\n"
	"startedAt time|null\n"
	"firedAt time|null\n"
	"resolvedAt time|null\n"
	"acknowledged boolean\n"
	"acknowledgedBy string|null Subject of a token.\n"
	"acknowledgedAt time|null\n"
	"note string|null\n"
	"silencedUntil time|null\n"},
    {"Alerts", "A list of alerts.", "alerts Alert[]\n"},
    {"Event", "Something that happened, as the catalog declares its type.",
	"id uuid Version 7; the same in every repetition.\n"
	"type string\n"
	"time time\n"
	"priority 'critical'|'high'|'normal'|'low'\n"
	"module string\n"
	"source string\n"
	"audience? Audience Absent: all who may see the module.\n"
	"payload object\n"},
    {"Audience", "Whom an event is for.", "sub? string\nrole? string\n"},
    {"Log", "Entries have an order within one of these.",
	"= 'alerts'|'critical'|'high'|'normal'|'low'"},

    /* ---- streams ---- */
    {"Connection", "What was opened.",
	"connectionId uuid Names the stream in /api/v1/connections/{id}.\n"
	"reconnectToken? string For /api/v1/reconnect?token=.\n"
	"role string\n"
	"expiresAt time When the token ends.\n"
	"heartbeatInterval integer Milliseconds between heartbeat messages.\n"
	"limits Limits\n"},
    {"Limits", "What this connection may do.",
	"maxBufferSize integer Messages that a slow client may lag.\n"
	"maxMessageBytes integer\n"
	"messagesPerSecond integer\n"
	"maxSubscriptions integer\n"},
    {"Subscribed", "What was asked for.",
	"subscriptionId string\n"
	"topics string[]\n"
	"metrics string[] The same as topics.\n"
	"filter? Filter In its canonical form.\n"
	"max_hz? number\n"},
    {"Unsubscribed", "What has ended: the one or the others.",
	"subscriptionId? string\n"
	"topics? string[]\n"
	"metrics? string[] The same as topics.\n"},
    {"Heartbeat", "The server's clock.", "serverTime time\n"},
    {"Gap", "Entries from..to of a log; all null where the log began anew.",
	"log Log\n"
	"from integer|null\n"
	"to integer|null\n"
	"count integer|null\n"
	"reason 'slow'|'expired'|'epoch'\n"},
    {"Expiring", "When the token ends.", "expiresAt time\n"},
    {"Disconnect", "Why the connection ends.",
	"code integer The close code of the WebSocket.\n"
	"reason string\n"
	"reconnect boolean\n"
	"retry_ms integer When to come back.\n"},
    {"Error", "Why a message was refused.", "code string\nmessage string\n"},
    {"Token", "A JSON Web Token.", "token string\n"},
    {"Subscribe", "Topics, aliases, event types, modules or metrics of the catalog.",
	"topics? string[]\n"
	"metrics? string[] Read where there are no topics.\n"
	"filter? Filter|null\n"
	"max_hz? number|null Of metrics, in a second; from 0.001 to 1000.\n"
	"since? string|null A cursor to resume from.\n"
	"* any\n"},
    {"Filter",
	"Which events: all members have to hold.  A member's name is a dotted path, of "
	"the "
	"event (id, type, time, priority, module, source, audience, payload) or else of "
	"its payload.",
	"and? Filter[]\n"
	"or? Filter[]\n"
	"not? Filter\n"
	"* FilterTest\n"},
    {"FilterTest", "A value, a list of which any will do, or operators.",
	"= FilterValue|FilterValue[]|FilterOperators"},
    {"FilterValue", "What fields are compared with.", "= string|number|boolean|null"},
    {"FilterOperators", "All of them have to hold.",
	"gt? string|number\n"
	"gte? string|number\n"
	"lt? string|number\n"
	"lte? string|number\n"
	"ne? FilterValue\n"},
    {"Unsubscribe", "The one or the other.",
	"subscriptionId? string\n"
	"topics? string[]\n"
	"metrics? string[]\n"
	"* any\n"},
    {"Poll", "What has come since the cursor that was sent.",
	"messages Message[]\n"
	"cursor string To ask with again.\n"},

    /* ---- requests and answers ---- */
    {"Problem", "A refusal (RFC 9457).",
	"type string /problems/<name>, a page that explains it.\n"
	"title string\n"
	"status integer\n"
	"detail? string\n"
	"request_id uuid\n"},
    {"Nothing", "There is nothing to say.", ""},
    {"Health", "The process answers.", "status 'ok'\n"},
    {"Readiness", "Whether clients are served.",
	"status 'ok'|'degraded'|'unavailable'\n"
	"reasons string[]\n"},
    {"Session", "Whom a token names.",
	"sub string\n"
	"role string\n"
	"tenant string\n"
	"expiresAt time\n"
	"modules string[]\n"
	"may string[]\n"},
    {"Ticket", "Good for one request by ?ticket=.",
	"ticket string\n"
	"expiresIn integer Seconds.\n"
	"expiresAt time\n"},
    {"Refresh", "By default the token of the request is the new one.",
	"token? string\n"
	"* any\n"},
    {"Refreshed", "The stream that has the new token.",
	"connectionId uuid\n"
	"role string\n"
	"expiresAt time\n"},
    {"Acknowledgement", "All of it may be left out.",
	"note? string|null\n"
	"expiresAt? time|null\n"
	"* any\n"},
    {"Control", "What to do.",
	"action 'force-aggregation'|'start-aggregator'|'stop-aggregator'\n"
	"* any\n"},
    {"RealtimeAction", "What to do.",
	"action 'acknowledge-alert'|'force-aggregation'|'start-aggregator'|"
	"'stop-aggregator'\n"
	"alertId? string Of acknowledge-alert.\n"
	"* any\n"},
    {"Running", "What was done.",
	"action string\n"
	"isRunning boolean\n"
	"timestamp time\n"},
    {"WebsocketInfo", "What document 004 says of its WebSocket.",
	"enabled boolean\n"
	"endpoint string\n"
	"protocols string[]\n"
	"messageTypes string[]\n"
	"features string[]\n"},

    /* ---- status ---- */
    {"Status", "The six figures of document 000, then everything else.",
	"isRunning boolean\n"
	"dataSourcesActive integer\n"
	"subscriptionsActive integer\n"
	"totalDataPoints integer\n"
	"memoryUsageMB number\n"
	"alertsActive integer\n"
	"epoch string\n"
	"aggregator string\n"
	"series integer\n"
	"sources Source[]\n"
	"gateways Gateway[]\n"
	"rings Ring[]\n"
	"bus Bus\n"
	"journal Journal\n"},
    {"Source", "A collector.",
	"name string\n"
	"state string\n"
	"received integer\n"
	"dropped integer Did not fit into its ring.\n"
	"refused integer\n"
	"ignored integer Had been received before.\n"
	"shed integer Events over the rate limit of their type.\n"
	"tenant string\n"
	"series integer\n"
	"lastSeen time|null\n"},
    {"Gateway", "A gateway, as it last reported.",
	"name string\n"
	"state 'ready'|'starting'|'draining'|'silent'\n"
	"pid integer\n"
	"websockets integer\n"
	"eventStreams integer\n"
	"subscriptions integer\n"
	"messages integer\n"
	"bytes integer\n"
	"requests integer\n"
	"authFailures integer\n"
	"serverErrors integer\n"
	"busGaps integer\n"
	"rssBytes integer\n"},
    {"Ring", "The shared memory of a collector.",
	"source string\n"
	"bytes integer\n"
	"backlogBytes integer\n"
	"blocked boolean\n"},
    {"Bus", "Between aggregator and gateways.",
	"batches integer\n"
	"entries integer\n"
	"bytes integer\n"
	"subscribers integer\n"
	"requests integer\n"
	"batchesDropped integer\n"
	"peersRefused integer\n"
	"lastBatch time|null\n"},
    {"Journal", "What is kept for replay.",
	"state 'ok'|'full'\n"
	"segments integer\n"
	"appended integer\n"
	"durable boolean\n"
	"logs Range{}\n"},
    {"Range", "Sequence numbers of a log.", "oldest integer\nnext integer\n"},

    /* ---- connections ---- */
    {"ConnectionRow", "A live connection.",
	"id uuid\n"
	"user string|null Null until it has signed in.\n"
	"role string|null\n"
	"tenant string|null\n"
	"gateway string\n"
	"transport 'websocket'|'sse'|'poll'\n"
	"route string|null The path that it came by.\n"
	"connectedAt time\n"
	"age_ms integer\n"
	"subscriptions integer\n"
	"queuedMessages integer\n"
	"queuedBytes integer\n"
	"messages integer Events, alerts, metrics and gaps handed to it.\n"
	"bytes integer\n"
	"latency_ms number From the aggregator's batch to its socket, newest message.\n"
	"resumed 'no'|'whole'|'gap' What became of the cursor that it came with.\n"},
    {"Connections", "A list of live connections.",
	"connections ConnectionRow[]\n"
	"total integer\n"
	"truncated boolean There are more than are listed.\n"
	"missing string[] Gateways that did not answer in time.\n"
	"timestamp time\n"},
    {"TransportStats", "Connections of one kind.",
	"totalConnections integer\n"
	"activeSubscriptions integer\n"
	"queuedMessages integer Messages that slow clients lag.\n"
	"queuedBytes integer Handed over and not yet taken by their sockets.\n"
	"behind integer Connections that resume or are slow.\n"},
    {"BufferStats", "What waits for slow clients.",
	"maxBufferSize integer\n"
	"queuedMessages integer\n"
	"queuedBytes integer\n"
	"utilization number|null Share of all connections' places.\n"
	"skippedMessages integer\n"
	"slowDisconnects integer\n"},
    {"LatencyStats", "From the aggregator's batch to clients' sockets.",
	"deliveries integer\n"
	"average_ms number|null\n"
	"p50_ms number Of the slowest gateway.\n"
	"p99_ms number Of the slowest gateway.\n"},
    {"ReconnectionStats", "Clients that came with a cursor.",
	"attempts integer\n"
	"successful integer\n"
	"withGap integer\n"
	"successRate number|null\n"},
    {"ConnectionStats", "Figures of all gateways together.",
	"totalConnections integer\n"
	"activeSubscriptions integer\n"
	"websocket TransportStats\n"
	"sse TransportStats\n"
	"poll TransportStats\n"
	"connectionsPerUser integer{} Of each gateway's 100 users with the most.\n"
	"opened integer Since the gateways' start, as all that follows.\n"
	"messages integer\n"
	"bytes integer\n"
	"buffers BufferStats\n"
	"latency LatencyStats\n"
	"reconnections ReconnectionStats\n"
	"missing string[] Gateways that did not answer in time.\n"
	"timestamp time\n"},
    {"WebsocketStats", "Figures of all gateways' WebSockets.",
	"totalConnections integer\n"
	"activeSubscriptions integer\n"
	"queuedMessages integer Messages that slow clients lag.\n"
	"queuedBytes integer Handed over and not yet taken by their sockets.\n"
	"behind integer Connections that resume or are slow.\n"
	"receivedMessages integer\n"
	"invalidMessages integer\n"
	"missing string[] Gateways that did not answer in time.\n"
	"timestamp time\n"},
    {"TestConnection", "Which of the caller's streams to test.",
	"connectionType? 'sse'|'websocket' All, by default.\n"},
    {"ConnectionTest", "What a test sends.", "testId uuid\nserverTime time\n"},
    {"ConnectionProbe", "What came of it for one stream.",
	"connectionId uuid\n"
	"gateway string\n"
	"transport 'websocket'|'sse'\n"
	"delivered boolean\n"
	"roundTrip_ms number|null Until the pong, or until the peer had it all.\n"},
    {"ConnectionTestResult", "What came of a test.",
	"connectionType string|null\n"
	"healthy boolean There is a stream, and it arrived on all.\n"
	"tested integer\n"
	"delivered integer\n"
	"connections ConnectionProbe[]\n"
	"missing string[] Gateways that did not answer in time.\n"
	"timestamp time\n"},
    {"HealthConnections", "Connections of all gateways.",
	"totalConnections integer\n"
	"activeSubscriptions integer\n"
	"websocket TransportStats\n"
	"sse TransportStats\n"
	"poll TransportStats\n"
	"latency LatencyStats\n"
	"reconnections ReconnectionStats\n"},
    {"AnalyticsHealth", "Document 001's health.",
	"status 'healthy'|'degraded'\n"
	"connections HealthConnections\n"
	"events integer{} By log; processed: of all logs.\n"
	"cache CacheStats\n"
	"errors integer{}\n"
	"errorRate number|null Share of requests and messages.\n"
	"missing string[] Gateways that did not answer in time.\n"
	"timestamp time\n"},
    {"CacheStats", "What did not have to be done again.",
	"tokenHits integer\n"
	"tokenMisses integer\n"
	"tokenHitRate number|null\n"
	"messagesRendered integer\n"
	"messagesShared integer\n"
	"sharedRate number|null\n"},
};

const struct gw_schema *gw_schema_at(size_t i)
{
	return i < sizeof schemas / sizeof *schemas ? &schemas[i] : NULL;
}
