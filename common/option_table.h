/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of sightline.conf, declared once. */
#ifndef SL_OPTION_TABLE_H
#define SL_OPTION_TABLE_H

#include "option_type_table.h"

/*
 * X(type, name, unit, default, min, max, reload, prose)
 *
 * type     BOOL      bool            name
 *          INT       int64_t         name
 *          NUMBER    double          name        (NaN while it is not set)
 *          SIZE      int64_t         name        (names say "bytes"; 4MiB, 64KiB, 512)
 *          DURATION  int64_t         name_ms     (500ms, 30s, 10m, 24h, 7d)
 *          STRING    char *          name        ("" while it is not set)
 *          CHOICE    char *          name        (unit lists what is allowed: a|b|c)
 *          LIST      struct sl_names name        ({a, b})
 * unit     what INT and NUMBER count; the allowed words of a CHOICE
 * default  as it would stand in the file, without the braces of a list
 * min, max bounds in milliseconds, bytes, units, or bytes of text
 * reload   RELOAD: SIGHUP puts it into force; RESTART: only the next start does
 * prose    what it does, one or two sentences
 *
 * What only one type of collector has is in option_type_table.h.
 *
 * The structs of config.h, the parser, `sightlinectl config` and a lint test
 * against etc/sightline.conf and man/sightline.conf.5 are made from these rows.
 */

#define SL_OPTIONS_LOG(X)                                                                \
	X(CHOICE, level, "error|warn|info|debug", "info", 0, 0, RELOAD,                  \
	    "Least important level that is written.")

#define SL_OPTIONS_AUTH(X)                                                               \
	X(STRING, role_claim, "", "role", 1, 256, RELOAD,                                \
	    "Claim that names the role; a dotted path reaches into objects.")            \
	X(STRING, issuer, "", "", 0, 1024, RELOAD,                                       \
	    "Required value of iss; empty accepts any.")                                 \
	X(STRING, audience, "", "", 0, 1024, RELOAD,                                     \
	    "Required value of aud, or member of it; empty accepts any.")                \
	X(DURATION, leeway, "", "5s", 0, 300000, RELOAD,                                 \
	    "Clock difference that exp and nbf forgive.")

/* auth { key "name" { … } }; without one, keys/jwt.pub with EdDSA. */
#define SL_OPTIONS_KEY(X)                                                                \
	X(STRING, file, "", "keys/jwt.pub", 1, 4096, RELOAD,                             \
	    "Key file: a public key in PEM, the secret of HS256, or a JSON Web Key "     \
	    "Set. Paths that begin with keys/ are those of the state directory. A "      \
	    "file that changes is read again.")                                          \
	X(CHOICE, alg, "EdDSA|HS256|RS256|ES256|JWKS", "EdDSA", 0, 0, RELOAD,            \
	    "The one algorithm that this key verifies; a token cannot choose another. "  \
	    "JWKS: each key of the set has its own.")                                    \
	X(STRING, kid, "", "", 0, 256, RELOAD,                                           \
	    "Key id; a token that names one is only tried with that key.")

#define SL_OPTIONS_AGGREGATOR(X)                                                         \
	X(DURATION, update_interval, "", "5s", 100, 3600000, RELOAD,                     \
	    "Time between full-state keyframes; clock-driven derived metrics are "       \
	    "recomputed with them. updateIntervalMs is the same in milliseconds.")       \
	X(DURATION, publish_interval, "", "50ms", 1, 10000, RELOAD,                      \
	    "Longest time that a changed metric waits for others before it is "          \
	    "published.")                                                                \
	X(INT, buffer_size_per_source, "samples per series", "1000", 1, 1000000,         \
	    RESTART,                                                                     \
	    "Samples that are kept in memory for each series, for expressions over "     \
	    "recent time. bufferSizePerSource is the same.")                             \
	X(DURATION, retention_period, "", "24h", 60000, 315360000000.0, RELOAD,          \
	    "How long history is kept. retentionPeriodMs is the same in milliseconds.")  \
	X(BOOL, enable_real_time_streaming, "", "true", 0, 0, RELOAD,                    \
	    "Push what changes to clients; off, streams are answered 503 and snapshots " \
	    "follow every update interval.")                                             \
	X(BOOL, enable_data_buffering, "", "true", 0, 0, RESTART,                        \
	    "Keep recent samples; off, expressions see the newest value only.")          \
	X(BOOL, enable_ml_forecasting, "", "true", 0, 0, RELOAD,                         \
	    "Fit forecasts and anomaly scores.")                                         \
	X(INT, journal_entries, "entries", "10000", 100, 10000000, RESTART,              \
	    "Entries of each log that can be replayed.")                                 \
	X(DURATION, journal_time, "", "10m", 1000, 604800000, RESTART,                   \
	    "Time for which entries of each log can be replayed, where that is more.")   \
	X(SIZE, journal_bytes, "", "64MiB", 1048576, 1099511627776.0, RESTART,           \
	    "Room of the journal; bounds the two above.")                                \
	X(SIZE, ring_bytes_max, "", "64MiB", 65536, 4294967296.0, RELOAD,                \
	    "Largest segment that a collector may attach.")                              \
	X(INT, source_series_max, "series", "65536", 1, 65536, RELOAD,                   \
	    "Metric definitions accepted from one source.")                              \
	X(INT, tenant_series_max, "series", "100000", 1, 10000000, RELOAD,               \
	    "Series of one tenant; past it they are refused and counted.")               \
	X(INT, event_rate_limit, "events per second", "0", 0, 100000000, RELOAD,         \
	    "Events taken from one source per second; the rest waits in its ring. "      \
	    "0 sets no limit.")                                                          \
	X(INT, event_dedup_window, "events", "65536", 0, 16777216, RESTART,              \
	    "Newest events whose ids are remembered: one that comes again is ignored "   \
	    "and counted. Costs 24 to 32 bytes each; 0 takes every event.")              \
	X(STRING, time_zone, "", "", 0, 128, RESTART,                                    \
	    "Zone of the tz database whose days \"today\" means; empty: the machine's.") \
	X(BOOL, own_figures, "", "true", 0, 0, RELOAD,                                   \
	    "Feed failed_auth_attempts, api_requests_per_minute, active_sessions and "   \
	    "error_rate from what the gateways see, beside what other sources say of "   \
	    "them, and journal what admins change (audit.recorded) and sources that "    \
	    "break the rules (security.incident).")                                      \
	X(DURATION, cache_ttl, "", "60s", 0, 86400000, RELOAD,                           \
	    "How long a computed answer to a query may be given again.")                 \
	X(STRING, user, "", "sightline", 0, 64, RESTART,                                 \
	    "User that a process started as root becomes.")                              \
	X(STRING, bus_group, "", "sightline-bus", 0, 64, RESTART,                        \
	    "Group whose members may use the bus and attach sockets.")                   \
	X(DURATION, drain_timeout, "", "5s", 0, 600000, RELOAD,                          \
	    "Longest time that SIGTERM waits for work in flight.")

/* aggregator { alertThresholds "metric" { … } } overrides the catalog. */
#define SL_OPTIONS_THRESHOLD(X)                                                          \
	X(NUMBER, warning, "the metric's unit", "", -1e308, 1e308, RELOAD,               \
	    "Value from which the metric is in warning.")                                \
	X(NUMBER, critical, "the metric's unit", "", -1e308, 1e308, RELOAD,              \
	    "Value from which it is critical; below the warning, lower is worse.")       \
	X(NUMBER, clear_warning, "the metric's unit", "", -1e308, 1e308, RELOAD,         \
	    "Value past which a warning is over; empty: the warning's own.")             \
	X(NUMBER, clear_critical, "the metric's unit", "", -1e308, 1e308, RELOAD,        \
	    "Value past which critical is over; empty: that of critical.")

#define SL_OPTIONS_GATEWAY(X)                                                            \
	X(STRING, bind, "", "127.0.0.1", 1, 255, RESTART, "Address to listen on.")       \
	X(INT, port, "TCP port", "8080", 0, 65535, RESTART,                              \
	    "Port of HTTP, SSE and WebSocket; 0 takes a free one.")                      \
	X(STRING, tls_certificate, "", "", 0, 1000, RELOAD,                              \
	    "PEM file with the certificate and its chain; with it, https and wss are "   \
	    "served on tls_port. Read again when it changes.")                           \
	X(STRING, tls_key, "", "", 0, 1000, RELOAD,                                      \
	    "PEM file with the certificate's key, readable for its owner and group "     \
	    "only.")                                                                     \
	X(STRING, tls_bind, "", "", 0, 255, RESTART,                                     \
	    "Address to serve TLS on; empty takes that of bind.")                        \
	X(INT, tls_port, "TCP port", "8443", 0, 65535, RESTART,                          \
	    "Port of https and wss; 0 takes a free one.")                                \
	X(DURATION, hsts, "", "0", 0, 63072000000.0, RELOAD,                             \
	    "How long browsers shall insist on TLS for this host "                       \
	    "(Strict-Transport-Security); 0 says nothing.")                              \
	X(BOOL, reuseport, "", "false", 0, 0, RESTART,                                   \
	    "Let several gateways listen on the same port.")                             \
	X(STRING, static_root, "", "", 0, 4096, RESTART,                                 \
	    "Directory of the dashboard's files; empty takes the one that came with "    \
	    "the program.")                                                              \
	X(LIST, origins, "", "", 0, 255, RELOAD,                                         \
	    "Origins that may read answers and use a session cookie besides the "        \
	    "gateway's own. * lets every origin read, without cookies.")                 \
	X(BOOL, query_token, "", "false", 0, 0, RELOAD,                                  \
	    "Accept ?token=; it ends up in the logs of proxies.")                        \
	X(LIST, trusted_proxies, "", "", 0, 64, RELOAD,                                  \
	    "Addresses or networks whose X-Forwarded-For and -Proto count.")             \
	X(BOOL, real_time, "", "true", 0, 0, RELOAD,                                     \
	    "Offer streams; off, they are answered 503.")                                \
	X(BOOL, websocket, "", "true", 0, 0, RELOAD, "Offer WebSocket.")                 \
	X(STRING, websocket_path, "", "/api/admin/analytics/websocket", 1, 1024,         \
	    RESTART, "One more path of the WebSocket.")                                  \
	X(BOOL, deflate, "", "true", 0, 0, RELOAD,                                       \
	    "Compress what is sent to new clients that offer it: permessage-deflate on " \
	    "WebSockets, gzip on event streams.")                                        \
	X(SIZE, deflate_bytes_min, "", "256", 0, 1048576, RELOAD,                        \
	    "Shortest message that is compressed.")                                      \
	X(DURATION, ping_interval, "", "30s", 100, 3600000, RELOAD,                      \
	    "Time between the pings of a WebSocket.")                                    \
	X(DURATION, pong_timeout, "", "60s", 200, 7200000, RELOAD,                       \
	    "Time without pong or progress after which a connection is closed.")         \
	X(DURATION, sse_keepalive, "", "15s", 100, 3600000, RELOAD,                      \
	    "Time between the id lines that keep an event stream's proxies awake.")      \
	X(DURATION, heartbeat_interval, "", "30s", 100, 3600000, RELOAD,                 \
	    "Time between heartbeat messages where a client gets them.")                 \
	X(DURATION, update_interval, "", "30s", 100, 3600000, RELOAD,                    \
	    "Longest time without a metrics_update on the streams of "                   \
	    "/api/admin/analytics.")                                                     \
	X(DURATION, flush_interval, "", "10s", 1, 3600000, RELOAD,                       \
	    "Longest time until what waits for a client is tried again.")                \
	X(DURATION, cleanup_interval, "", "5m", 100, 86400000, RELOAD,                   \
	    "Longest time until what a gone client left is swept.")                      \
	X(DURATION, connection_timeout, "", "30m", 1000, 604800000, RELOAD,              \
	    "How long a gone connection's resume state is kept.")                        \
	X(DURATION, header_timeout, "", "10s", 100, 600000, RELOAD,                      \
	    "Time in which a request has to arrive.")                                    \
	X(DURATION, auth_timeout, "", "5s", 100, 600000, RELOAD,                         \
	    "Time in which a WebSocket without credentials has to send auth.")           \
	X(DURATION, token_warning, "", "60s", 0, 86400000, RELOAD,                       \
	    "How long before its token expires a client gets token_expiring.")           \
	X(DURATION, slow_timeout, "", "10s", 100, 3600000, RELOAD,                       \
	    "Time without progress after which a slow client is closed.")                \
	X(DURATION, bus_timeout, "", "2s", 100, 600000, RELOAD,                          \
	    "Silence of the bus after which every metric is stale; time that a "         \
	    "request to the aggregator may take.")                                       \
	X(DURATION, drain_timeout, "", "5s", 0, 600000, RELOAD,                          \
	    "Longest time that SIGTERM waits for clients to leave.")                     \
	X(INT, max_connections, "connections", "100000", 1, 10000000, RESTART,           \
	    "Connections of one gateway; past it new ones get 503.")                     \
	X(INT, max_connections_per_user, "connections", "5", 1, 1000000, RELOAD,         \
	    "Connections of one user on all gateways together, unless the token says "   \
	    "otherwise.")                                                                \
	X(INT, max_buffer_size, "messages", "100", 1, 1000000, RELOAD,                   \
	    "Messages that a client may lag before the least important are skipped.")    \
	X(INT, requests_per_second, "requests", "200", 1, 1000000, RELOAD,               \
	    "Requests of one user.")                                                     \
	X(INT, connects_per_second, "connections", "500", 1, 1000000, RELOAD,            \
	    "New connections of one address; loopback is exempt.")                       \
	X(INT, messages_per_second, "messages", "100", 1, 1000000, RELOAD,               \
	    "Messages that a client may send.")                                          \
	X(INT, message_burst, "messages", "1000", 1, 1000000, RELOAD,                    \
	    "Messages that a client may send at once.")                                  \
	X(INT, bad_messages_per_minute, "messages", "100", 1, 1000000, RELOAD,           \
	    "Messages in error before a client is closed.")                              \
	X(BOOL, access_log, "", "true", 0, 0, RELOAD,                                    \
	    "Write a line for each request and for the end of each stream.")             \
	X(INT, access_log_sample, "requests", "1", 1, 1000000, RELOAD,                   \
	    "Of requests that succeed, one of so many is written; of the others all.")   \
	X(INT, access_log_per_second, "lines", "100", 1, 1000000, RELOAD,                \
	    "Most lines in a second; what is over that is counted in one line.")         \
	X(INT, token_cache, "tokens", "65536", 0, 10000000, RESTART,                     \
	    "Verified tokens that are remembered.")                                      \
	X(SIZE, message_bytes_max, "", "1MiB", 1024, 67108864, RELOAD,                   \
	    "Largest message of a client.")                                              \
	X(SIZE, header_bytes_max, "", "16KiB", 1024, 1048576, RELOAD,                    \
	    "Largest header of a request.")                                              \
	X(SIZE, uri_bytes_max, "", "8KiB", 256, 65536, RELOAD,                           \
	    "Longest target of a request.")                                              \
	X(SIZE, body_bytes_max, "", "1MiB", 1024, 67108864, RELOAD,                      \
	    "Largest body of a request.")                                                \
	X(SIZE, pending_bytes_max, "", "1MiB", 65536, 67108864, RELOAD,                  \
	    "Unsent bytes after which a slow client is closed.")                         \
	X(SIZE, send_buffer_bytes, "", "64KiB", 4096, 16777216, RESTART,                 \
	    "SO_SNDBUF of a client's socket.")                                           \
	X(SIZE, window_bytes, "", "16MiB", 1048576, 17179869184.0, RELOAD,               \
	    "Newest log entries that a gateway keeps for replay.")                       \
	X(STRING, user, "", "sightline-gw", 0, 64, RESTART,                              \
	    "User that a process started as root becomes.")

/* collector "name" { … }: one per source. */
#define SL_OPTIONS_COLLECTOR(X)                                                          \
	X(CHOICE, type,                                                                  \
	    "system|synthetic|postgres|webhook|statsd|scrape|log|exec|custom", "custom", \
	    0, 0, RESTART, "Which collector it is; custom for programs of your own.")    \
	X(BOOL, enabled, "", "true", 0, 0, RELOAD, "Accept this source.")                \
	X(BOOL, start, "", "true", 0, 0, RESTART,                                        \
	    "Let the supervisor start it; off, somebody else does.")                     \
	X(STRING, tenant, "", "default", 1, 128, RESTART,                                \
	    "Tenant that everything from this source belongs to.")                       \
	X(LIST, modules, "", "", 0, 128, RELOAD,                                         \
	    "Modules that it may write; empty allows all.")                              \
	X(STRING, user, "", "", 0, 64, RESTART,                                          \
	    "User that it runs as and that may attach under this name; empty allows "    \
	    "the aggregator's own user and the bus group.")                              \
	X(DURATION, stale_after, "", "15s", 100, 86400000, RELOAD,                       \
	    "Silence after which the source counts as stale.")                           \
	X(SIZE, ring_bytes, "", "4MiB", 65536, 1073741824, RESTART,                      \
	    "Size of its ring; a power of two.")

/*
 * X(section, struct, title, rows): every kind of section.  title tells whether
 * it can occur several times, each with a name.  Those of the two tables below
 * stand in the collector's section, key in auth, alertThresholds in aggregator.
 */
#define SL_SECTION_TABLE(X)                                                              \
	X(LOG, log, "log", SL_OPTIONS_LOG)                                               \
	X(AUTH, auth, "auth", SL_OPTIONS_AUTH)                                           \
	X(KEY, key, "key", SL_OPTIONS_KEY)                                               \
	X(AGGREGATOR, aggregator, "aggregator", SL_OPTIONS_AGGREGATOR)                   \
	X(THRESHOLD, threshold, "alertThresholds", SL_OPTIONS_THRESHOLD)                 \
	X(GATEWAY, gateway, "gateway", SL_OPTIONS_GATEWAY)                               \
	X(COLLECTOR, collector, "collector", SL_OPTIONS_COLLECTOR)                       \
	X(SYSTEM, system, "collector", SL_OPTIONS_SYSTEM)                                \
	X(PROBE, probe, "probe", SL_OPTIONS_PROBE)                                       \
	X(SERVICE, service, "service", SL_OPTIONS_SERVICE)                               \
	X(SYNTHETIC, synthetic, "collector", SL_OPTIONS_SYNTHETIC)                       \
	X(POSTGRES, postgres, "collector", SL_OPTIONS_POSTGRES)                          \
	X(TABLE, table, "table", SL_OPTIONS_TABLE)                                       \
	X(QUERY, query, "query", SL_OPTIONS_QUERY)                                       \
	X(WEBHOOK, webhook, "collector", SL_OPTIONS_WEBHOOK)                             \
	X(STATSD, statsd, "collector", SL_OPTIONS_STATSD)                                \
	X(TARGET, target, "target", SL_OPTIONS_TARGET)                                   \
	X(MAP, map, "map", SL_OPTIONS_MAP)                                               \
	X(LOGS, logs, "collector", SL_OPTIONS_LOGS)                                      \
	X(LOG_FILE, log_file, "file", SL_OPTIONS_LOG_FILE)                               \
	X(LOG_JOURNAL, log_journal, "journal", SL_OPTIONS_LOG_JOURNAL)                   \
	X(LOG_PATTERN, log_pattern, "pattern", SL_OPTIONS_LOG_PATTERN)                   \
	X(EXEC, exec, "collector", SL_OPTIONS_EXEC)                                      \
	X(SCRIPT, script, "script", SL_OPTIONS_SCRIPT)

/* X(section, struct): options of a type that stand in the collector's section itself. */
#define SL_COLLECTOR_OPTIONS_TABLE(X)                                                    \
	X(SYSTEM, system)                                                                \
	X(SYNTHETIC, synthetic)                                                          \
	X(POSTGRES, postgres)                                                            \
	X(WEBHOOK, webhook)                                                              \
	X(STATSD, statsd)                                                                \
	X(EXEC, exec)                                                                    \
	X(LOGS, logs)

/* X(section, struct, title): sections in the collector's, struct_count of them. */
#define SL_COLLECTOR_SECTION_TABLE(X)                                                    \
	X(PROBE, probe, "probe")                                                         \
	X(SERVICE, service, "service")                                                   \
	X(TABLE, table, "table")                                                         \
	X(QUERY, query, "query")                                                         \
	X(TARGET, target, "target")                                                      \
	X(MAP, map, "map")                                                               \
	X(SCRIPT, script, "script")                                                      \
	X(LOG_FILE, log_file, "file")                                                    \
	X(LOG_JOURNAL, log_journal, "journal")                                           \
	X(LOG_PATTERN, log_pattern, "pattern")

/*
 * X(type, section): the sections whose options, or which themselves, only a
 * collector of this type has.
 */
#define SL_COLLECTOR_TYPE_TABLE(X)                                                       \
	X("system", SYSTEM)                                                              \
	X("system", PROBE)                                                               \
	X("system", SERVICE)                                                             \
	X("synthetic", SYNTHETIC)                                                        \
	X("postgres", POSTGRES)                                                          \
	X("postgres", TABLE)                                                             \
	X("postgres", QUERY)                                                             \
	X("webhook", WEBHOOK)                                                            \
	X("statsd", STATSD)                                                              \
	X("statsd", MAP)                                                                 \
	X("scrape", TARGET)                                                              \
	X("scrape", MAP)                                                                 \
	X("exec", MAP)                                                                   \
	X("log", LOGS)                                                                   \
	X("log", LOG_FILE)                                                               \
	X("log", LOG_JOURNAL)                                                            \
	X("log", LOG_PATTERN)                                                            \
	X("exec", EXEC)                                                                  \
	X("exec", SCRIPT)

/*
 * X(section, alias, option, bare): other names that the file accepts.  bare is
 * what a number without a unit counts in a duration.
 */
#define SL_OPTION_ALIAS_TABLE(X)                                                         \
	X(AGGREGATOR, "updateIntervalMs", "update_interval", "ms")                       \
	X(AGGREGATOR, "bufferSizePerSource", "buffer_size_per_source", "")               \
	X(AGGREGATOR, "retentionPeriodMs", "retention_period", "ms")                     \
	X(AGGREGATOR, "enableRealTimeStreaming", "enable_real_time_streaming", "")       \
	X(AGGREGATOR, "enableDataBuffering", "enable_data_buffering", "")                \
	X(AGGREGATOR, "enableMLForecasting", "enable_ml_forecasting", "")

/*
 * X(variable, section, option, bare): variables of the documents, beside
 * SIGHTLINE_<SECTION>_<OPTION>.
 */
#define SL_OPTION_ENV_TABLE(X)                                                           \
	X("REAL_TIME_ENABLED", GATEWAY, "real_time", "")                                 \
	X("REAL_TIME_UPDATE_INTERVAL", GATEWAY, "update_interval", "ms")                 \
	X("REAL_TIME_HEARTBEAT_INTERVAL", GATEWAY, "heartbeat_interval", "ms")           \
	X("REAL_TIME_CLEANUP_INTERVAL", GATEWAY, "cleanup_interval", "ms")               \
	X("REAL_TIME_BUFFER_FLUSH_INTERVAL", GATEWAY, "flush_interval", "ms")            \
	X("WEBSOCKET_ENABLED", GATEWAY, "websocket", "")                                 \
	X("WEBSOCKET_PATH", GATEWAY, "websocket_path", "")                               \
	X("WEBSOCKET_PING_INTERVAL", GATEWAY, "ping_interval", "ms")                     \
	X("MAX_CONNECTIONS_PER_USER", GATEWAY, "max_connections_per_user", "")           \
	X("MAX_BUFFER_SIZE", GATEWAY, "max_buffer_size", "")                             \
	X("CONNECTION_TIMEOUT", GATEWAY, "connection_timeout", "ms")                     \
	X("WEBSOCKET_PORT", GATEWAY, "port", "")                                         \
	X("WEBSOCKET_MAX_CONNECTIONS", GATEWAY, "max_connections", "")                   \
	X("CACHE_TTL_SECONDS", AGGREGATOR, "cache_ttl", "s")                             \
	X("EVENT_PROCESSING_RATE_LIMIT", AGGREGATOR, "event_rate_limit", "")

#endif
