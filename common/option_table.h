/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of sightline.conf, declared once. */
#ifndef SL_OPTION_TABLE_H
#define SL_OPTION_TABLE_H

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
	X(CHOICE, type, "system|synthetic|postgres|webhook|scrape|log|custom", "custom", \
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

/* Further options of a collector of type system: times between two readings. */
#define SL_OPTIONS_SYSTEM(X)                                                             \
	X(DURATION, cpu_interval, "", "1s", 0, 86400000, RELOAD,                         \
	    "CPU time per mode and core, load; 0 turns a group off.")                    \
	X(DURATION, memory_interval, "", "1s", 0, 86400000, RELOAD, "Memory and swap.")  \
	X(DURATION, pressure_interval, "", "1s", 0, 86400000, RELOAD,                    \
	    "Pressure stall information.")                                               \
	X(DURATION, disk_interval, "", "1s", 0, 86400000, RELOAD, "Block devices.")      \
	X(DURATION, filesystem_interval, "", "5s", 0, 86400000, RELOAD,                  \
	    "Fill of file systems.")                                                     \
	X(DURATION, network_interval, "", "1s", 0, 86400000, RELOAD,                     \
	    "Network interfaces.")                                                       \
	X(DURATION, tcp_interval, "", "5s", 0, 86400000, RELOAD, "TCP states.")          \
	X(DURATION, process_interval, "", "5s", 0, 86400000, RELOAD,                     \
	    "Processes and threads by state.")                                           \
	X(DURATION, cgroup_interval, "", "5s", 0, 86400000, RELOAD, "Control groups.")   \
	X(DURATION, temperature_interval, "", "10s", 0, 86400000, RELOAD,                \
	    "Temperature sensors.")                                                      \
	X(DURATION, probe_interval, "", "5s", 0, 86400000, RELOAD,                       \
	    "Response time of the probes.")                                              \
	X(DURATION, service_interval, "", "5s", 0, 86400000, RELOAD,                     \
	    "Whether the services run.")

/* collector "system" { probe "name" { … } } */
#define SL_OPTIONS_PROBE(X)                                                              \
	X(STRING, url, "", "", 0, 4096, RELOAD, "http://host[:port]/path to get.")       \
	X(STRING, socket, "", "", 0, 4096, RELOAD,                                       \
	    "host:port or path to connect to; with url, the unix socket that the "       \
	    "request goes through. Paths that begin with run/ are those of the state "   \
	    "directory.")                                                                \
	X(DURATION, timeout, "", "2s", 1, 600000, RELOAD,                                \
	    "Time after which a probe has failed.")

/* collector "system" { service "name" { … } } */
#define SL_OPTIONS_SERVICE(X)                                                            \
	X(STRING, process, "", "", 0, 255, RELOAD, "Name of a process that has to run.") \
	X(STRING, unit, "", "", 0, 255, RELOAD, "systemd unit that has to run.")         \
	X(STRING, pidfile, "", "", 0, 4096, RELOAD,                                      \
	    "File with the number of the process that has to run.")

/* Further options of a collector of type synthetic; its flags override them. */
#define SL_OPTIONS_SYNTHETIC(X)                                                          \
	X(INT, metrics, "series", "0", 0, 65536, RESTART, "Series to write.")            \
	X(NUMBER, rate, "samples per second", "0", 0, 1e9, RESTART,                      \
	    "Samples of all series together; 0 writes as fast as it can.")               \
	X(NUMBER, events, "events per second", "0", 0, 1e9, RESTART,                     \
	    "Events to write; 0 writes none.")                                           \
	X(STRING, event_type, "", "bench.tick", 1, 128, RESTART, "Type of the events.")  \
	X(INT, payload_bytes, "bytes", "100", 0, 65536, RESTART,                         \
	    "Length that each event's payload is filled up to.")                         \
	X(NUMBER, seconds, "seconds", "0", 0, 1e9, RESTART,                              \
	    "Time after which it ends; 0 goes on until it is stopped.")

/* Further options of a collector of type postgres. */
#define SL_OPTIONS_POSTGRES(X)                                                           \
	X(STRING, conninfo, "", "host=/run/postgresql", 1, 4096, RESTART,                \
	    "Where the database is, as libpq's connection string. A password stands "    \
	    "in a passfile, not here.")                                                  \
	X(STRING, slot, "", "sightline", 1, 63, RESTART,                                 \
	    "Replication slot; made where it does not exist.")                           \
	X(STRING, publication, "", "sightline", 1, 63, RESTART,                          \
	    "Publication that says which tables are followed.")                          \
	X(BOOL, require_wal_cap, "", "true", 0, 0, RESTART,                              \
	    "Use no slot on a server whose max_slot_wal_keep_size is unlimited: while "  \
	    "nobody reads it, such a slot fills the server's disk.")                     \
	X(DURATION, watch_interval, "", "5s", 100, 3600000, RESTART,                     \
	    "Time between two looks at how far the slot lags.")                          \
	X(DURATION, query_timeout, "", "5s", 10, 3600000, RESTART,                       \
	    "Time that the database may work on one query.")                             \
	X(SIZE, value_bytes_max, "", "4KiB", 16, 32768, RESTART,                         \
	    "Longest value of a column in an event; what is longer is cut and named in " \
	    "truncated.")

/* collector "postgres" { table "schema.table" { … } } */
#define SL_OPTIONS_TABLE(X)                                                              \
	X(STRING, insert, "", "", 0, 128, RESTART, "Type of the event for a new row.")   \
	X(STRING, update, "", "", 0, 128, RESTART,                                       \
	    "Type of the event for a changed row.")                                      \
	X(STRING, delete, "", "", 0, 128, RESTART,                                       \
	    "Type of the event for a row that is gone; it has the columns of the "       \
	    "replica identity.")                                                         \
	X(STRING, truncate, "", "", 0, 128, RESTART,                                     \
	    "Type of the event for a table that was emptied.")                           \
	X(LIST, fields, "", "", 0, 128, RESTART,                                         \
	    "Columns that events have, as column or column:field; empty gives all.")     \
	X(LIST, mask, "", "", 0, 128, RESTART,                                           \
	    "Columns of which events say no more than that they have a value.")          \
	X(STRING, watch, "", "", 0, 128, RESTART,                                        \
	    "Column whose change has an event of its own; needs REPLICA IDENTITY FULL.") \
	X(STRING, watch_event, "", "", 0, 128, RESTART,                                  \
	    "Type of that event, in place of the one for a changed row; it also has "    \
	    "old_ and new_ with the field's name.")

/* collector "postgres" { query "metric" { … } } */
#define SL_OPTIONS_QUERY(X)                                                              \
	X(STRING, sql, "", "", 0, 8192, RESTART,                                         \
	    "Query with one row of one number, in a read-only transaction.")             \
	X(LIST, tables, "", "", 0, 128, RESTART,                                         \
	    "Tables, as schema.table, whose changes make it run again; empty: all.")     \
	X(DURATION, debounce, "", "20ms", 0, 60000, RESTART,                             \
	    "Time without changes that it waits for, but not past floor.")               \
	X(DURATION, floor, "", "250ms", 1, 3600000, RESTART,                             \
	    "Shortest time between two runs.")                                           \
	X(DURATION, ceiling, "", "10s", 100, 86400000, RESTART,                          \
	    "Longest time between two runs, also when nothing changed.")

/* Further options of a collector of type webhook. */
#define SL_OPTIONS_WEBHOOK(X)                                                            \
	X(STRING, bind, "", "127.0.0.1", 1, 255, RESTART, "Address to listen on.")       \
	X(INT, port, "TCP port", "8081", 0, 65535, RESTART,                              \
	    "Port to listen on; 0 takes a free one.")                                    \
	X(STRING, tls_certificate, "", "", 0, 4096, RESTART,                             \
	    "PEM file with the certificate and its chain; with it, the port speaks "     \
	    "https only. Read again when it changes.")                                   \
	X(STRING, tls_key, "", "", 0, 4096, RESTART,                                     \
	    "PEM file with the certificate's key, readable for its owner and group "     \
	    "only.")                                                                     \
	X(STRING, secret_file, "", "keys/webhook.secret", 1, 4096, RESTART,              \
	    "File with the secrets that senders may use, one a line, at least 16 "       \
	    "characters each; all are good, so that one can follow another. Needed.")    \
	X(DURATION, signature_tolerance, "", "5m", 1000, 86400000, RELOAD,               \
	    "How far the time of a signed delivery may be from now, either way.")        \
	X(INT, ids_max, "ids", "65536", 256, 16777216, RESTART,                          \
	    "Ids of events, and as many of signed deliveries, that are remembered; 48 "  \
	    "bytes each.")                                                               \
	X(INT, series_max, "series", "1000", 0, 65536, RELOAD,                           \
	    "Series that samples may define; a sample of one more is refused and "       \
	    "counted.")                                                                  \
	X(SIZE, body_bytes_max, "", "1MiB", 1024, 16777216, RELOAD,                      \
	    "Largest body of a request.")                                                \
	X(INT, connections_max, "connections", "1000", 1, 1000000, RELOAD,               \
	    "Connections at a time; one more is closed at once and counted.")            \
	X(DURATION, durable_timeout, "", "5s", 100, 60000, RELOAD,                       \
	    "Longest time that a request with durable=1 waits for the disk.")            \
	X(LIST, beacon_origins, "", "", 0, 1024, RELOAD,                                 \
	    "Origins whose pages may send beacons without a secret; empty: none.")       \
	X(LIST, beacon_types, "", "behaviour.>", 1, 255, RELOAD,                         \
	    "Types or patterns of events that beacons may bring.")                       \
	X(INT, beacon_rate, "events per second", "20", 1, 1000000, RELOAD,               \
	    "Events that beacons of one address may bring; four times as many at once.")

/* collector "scrape" { target "name" { … } } */
#define SL_OPTIONS_TARGET(X)                                                             \
	X(LIST, urls, "", "", 0, 4096, RELOAD,                                           \
	    "What to scrape, http or https. Each has the labels target, the name of "    \
	    "this section, and instance, its host and port.")                            \
	X(DURATION, interval, "", "5s", 100, 86400000, RELOAD,                           \
	    "Time between two scrapes of a URL; at most half of stale_after.")           \
	X(DURATION, timeout, "", "5s", 10, 3600000, RELOAD,                              \
	    "Time that a scrape may take, if that is less than interval.")               \
	X(SIZE, body_bytes_max, "", "16MiB", 1024, 1073741824, RELOAD,                   \
	    "Largest answer, unpacked; a larger one fails.")                             \
	X(INT, samples_max, "samples", "50000", 1, 10000000, RELOAD,                     \
	    "Samples that an answer may have; one with more fails.")                     \
	X(INT, series_max, "series", "5000", 1, 65536, RELOAD,                           \
	    "Series that a URL may define; samples of one more are refused and "         \
	    "counted.")                                                                  \
	X(LIST, labels, "", "", 0, 320, RELOAD,                                          \
	    "Labels that all its samples get, as key=value.")                            \
	X(BOOL, honor_labels, "", "false", 0, 0, RELOAD,                                 \
	    "Let labels of the answer win over labels, target and instance.")            \
	X(BOOL, honor_timestamps, "", "true", 0, 0, RELOAD,                              \
	    "Use the times that samples have; off, all are of the scrape's moment.")     \
	X(STRING, bearer_file, "", "", 0, 4096, RELOAD,                                  \
	    "File with a token to send, read again for each scrape.")                    \
	X(STRING, basic_file, "", "", 0, 4096, RELOAD,                                   \
	    "File with user:password to send, read again for each scrape.")              \
	X(STRING, ca_file, "", "", 0, 4096, RELOAD,                                      \
	    "PEM file with the authorities to trust, in place of the system's.")         \
	X(BOOL, tls_verify, "", "true", 0, 0, RELOAD,                                    \
	    "Check the certificate and its name; off, anybody may answer.")              \
	X(BOOL, redirects, "", "false", 0, 0, RELOAD,                                    \
	    "Follow up to 5 redirects that stay on the same scheme, host and port.")

/*
 * collector "name" { map "name" { … } }, for the types whose names others choose:
 * what a name becomes.  The first that fits decides.
 */
#define SL_OPTIONS_MAP(X)                                                                \
	X(STRING, match, "", "", 0, 255, RELOAD,                                         \
	    "Names that it is for: * stands for anything without a dot, a last part > "  \
	    "for all that is left; empty: the title is the pattern.")                    \
	X(LIST, where, "", "", 0, 320, RELOAD,                                           \
	    "Labels that have to fit, too, as key=pattern or key!=pattern; a label "     \
	    "that is not there is empty.")                                               \
	X(STRING, metric, "", "", 0, 128, RELOAD,                                        \
	    "Metric of the catalog; $1 to $9 are what the stars of match stood for. "    \
	    "Empty: what fits is left out.")                                             \
	X(LIST, keep, "", "", 0, 64, RELOAD, "Labels that stay; empty: all.")            \
	X(LIST, drop, "", "", 0, 64, RELOAD, "Labels that go; * drops all.")             \
	X(LIST, rename, "", "", 0, 128, RELOAD,                                          \
	    "Labels that get another name, as old:new.")                                 \
	X(LIST, labels, "", "", 0, 320, RELOAD,                                          \
	    "Labels that are added, as key=value, with $1 to $9.")                       \
	X(NUMBER, factor, "", "1", -1e308, 1e308, RELOAD,                                \
	    "What values are multiplied by, 1000 for seconds to ms.")                    \
	X(CHOICE, counter, "auto|total|rate|count", "auto", 0, 0, RELOAD,                \
	    "What a counter becomes: its total, its rate per second, or what came "      \
	    "since the sample before; auto: the total where the catalog says kind = "    \
	    "counter, else the rate.")

/* Further options of a collector of type log. */
#define SL_OPTIONS_LOGS(X)                                                               \
	X(STRING, state_file, "", "", 0, 4096, RESTART,                                  \
	    "File that keeps how far each log was read and counted; empty: "             \
	    "data/log-NAME.state.")                                                      \
	X(DURATION, poll_interval, "", "1s", 20, 3600000, RESTART,                       \
	    "Time between two looks for files that came, grew or went.")                 \
	X(BOOL, notify, "", "true", 0, 0, RESTART,                                       \
	    "Let the kernel tell of changes at once (inotify), besides.")                \
	X(DURATION, linger, "", "10s", 0, 3600000, RESTART,                              \
	    "Time without a line after which a file that was rotated away is left.")     \
	X(SIZE, line_bytes_max, "", "16KiB", 64, 1048576, RESTART,                       \
	    "Longest line; of a longer one, the beginning counts.")                      \
	X(INT, files_max, "files", "256", 1, 65536, RESTART,                             \
	    "Files that are followed at a time; one more is left out and counted.")      \
	X(INT, count_series_max, "series", "1000", 1, 65536, RESTART,                    \
	    "Series that counts may have; a line of one more is refused and counted.")   \
	X(INT, match_limit, "steps", "100000", 100, 100000000, RESTART,                  \
	    "Steps that one expression may take on one line.")

/* collector "log" { file "name" { … } } */
#define SL_OPTIONS_LOG_FILE(X)                                                           \
	X(LIST, paths, "", "", 0, 4096, RESTART,                                         \
	    "Files, or patterns of file names such as /var/log/nginx/*.log.")            \
	X(LIST, patterns, "", "", 0, 128, RESTART,                                       \
	    "Patterns that each line is matched with: sections of the collector, and "   \
	    "shipped sets: sshd, sudo, nginx_access, nginx_error, postgresql.")          \
	X(CHOICE, begin, "end|beginning", "end", 0, 0, RESTART,                          \
	    "Where a file is begun that is there at the very first start; one that "     \
	    "comes later is read whole.")

/* collector "log" { pattern "name" { … } } */
#define SL_OPTIONS_LOG_PATTERN(X)                                                        \
	X(STRING, expression, "", "", 0, 8192, RESTART, "Regular expression, PCRE2.")    \
	X(STRING, event, "", "", 0, 128, RESTART,                                        \
	    "Type of the event for a line that matches; empty: none.")                   \
	X(LIST, fields, "", "", 0, 128, RESTART,                                         \
	    "Named groups that events have, as group or group:field; empty gives all.")  \
	X(LIST, set, "", "", 0, 1024, RESTART,                                           \
	    "Fields of one value that events have, as field:value.")                     \
	X(LIST, mask, "", "", 0, 128, RESTART,                                           \
	    "Groups of which events say no more than that they have a value.")           \
	X(STRING, count, "", "", 0, 128, RESTART,                                        \
	    "Metric that counts the lines that match.")                                  \
	X(LIST, labels, "", "", 0, 64, RESTART,                                          \
	    "Groups, or fields of set, that are the labels of count.")                   \
	X(STRING, per_minute, "", "", 0, 128, RESTART,                                   \
	    "Metric that counts the lines of the last minute.")                          \
	X(STRING, share, "", "", 0, 128, RESTART,                                        \
	    "Metric: of the lines of the last minute, the percentage in which share_of " \
	    "took part.")                                                                \
	X(STRING, share_of, "", "error", 1, 128, RESTART,                                \
	    "Named group that share looks at.")

/*
 * X(section, struct, title, rows): every kind of section.  title tells whether
 * it can occur several times, each with a name.  probe, service, table, query,
 * target, map and the options of each type stand in the collector's section, key
 * in auth, alertThresholds in aggregator.
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
	X(TARGET, target, "target", SL_OPTIONS_TARGET)                                   \
	X(MAP, map, "map", SL_OPTIONS_MAP)                                               \
	X(LOGS, logs, "collector", SL_OPTIONS_LOGS)                                      \
	X(LOG_FILE, log_file, "file", SL_OPTIONS_LOG_FILE)                               \
	X(LOG_PATTERN, log_pattern, "pattern", SL_OPTIONS_LOG_PATTERN)

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
	X("statsd", MAP)                                                                 \
	X("scrape", TARGET)                                                              \
	X("scrape", MAP)                                                                 \
	X("exec", MAP)                                                                   \
	X("log", LOGS)                                                                   \
	X("log", LOG_FILE)                                                               \
	X("log", LOG_PATTERN)

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
