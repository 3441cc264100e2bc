/* SPDX-License-Identifier: Apache-2.0 */
/* Options and sections that only one type of collector has: rows of option_table.h. */
#ifndef SL_OPTION_TYPE_TABLE_H
#define SL_OPTION_TYPE_TABLE_H

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
	X(STRING, tls_certificate, "", "", 0, 4096, RELOAD,                              \
	    "PEM file with a certificate to show to the target, and its chain.")         \
	X(STRING, tls_key, "", "", 0, 4096, RELOAD,                                      \
	    "PEM file with that certificate's key.")                                     \
	X(BOOL, tls_verify, "", "true", 0, 0, RELOAD,                                    \
	    "Check the certificate and its name; off, anybody may answer.")              \
	X(BOOL, redirects, "", "false", 0, 0, RELOAD,                                    \
	    "Follow up to 5 redirects that stay on the same scheme, host and port.")

/* Further options of a collector of type exec. */
#define SL_OPTIONS_EXEC(X)                                                               \
	X(INT, series_max, "series", "1000", 0, 65536, RELOAD,                           \
	    "Series that samples may define; a sample of one more is refused and "       \
	    "counted.")

/* collector "exec" { script "name" { … } } */
#define SL_OPTIONS_SCRIPT(X)                                                             \
	X(LIST, command, "", "", 0, 4096, RESTART,                                       \
	    "Full path of the program, then its arguments; no shell reads them.")        \
	X(CHOICE, format, "json|influx|netdata", "json", 0, 0, RESTART,                  \
	    "What its lines are: JSON, InfluxDB's line protocol as of Telegraf's execd " \
	    "plug-ins, or the protocol of Netdata's external plug-ins.")                 \
	X(CHOICE, mode, "daemon|oneshot", "daemon", 0, 0, RESTART,                       \
	    "Whether it stays and is started again when it ends, or is run once each "   \
	    "interval.")                                                                 \
	X(DURATION, interval, "", "10s", 100, 86400000, RESTART,                         \
	    "Time from one run of a oneshot, or from one signal, to the next.")          \
	X(CHOICE, signal, "none|STDIN|SIGHUP|SIGUSR1|SIGUSR2", "none", 0, 0, RESTART,    \
	    "How a daemon is told each interval to write its values; STDIN: by an "      \
	    "empty line.")                                                               \
	X(DURATION, timeout, "", "0", 0, 86400000, RESTART,                              \
	    "Time that a oneshot may run, or a daemon may say nothing, before it is "    \
	    "ended; 0 waits for ever.")                                                  \
	X(DURATION, restart_delay, "", "1s", 10, 3600000, RESTART,                       \
	    "Time before a daemon that has ended is started again; doubled each time "   \
	    "that it lives less than a minute, and spread at random.")                   \
	X(DURATION, restart_delay_max, "", "5m", 10, 86400000, RESTART,                  \
	    "Longest such time.")                                                        \
	X(DURATION, stop_timeout, "", "3s", 0, 60000, RESTART,                           \
	    "Time from SIGTERM to SIGKILL; before that, with STDIN, from the end of "    \
	    "its "                                                                       \
	    "input to SIGTERM.")                                                         \
	X(LIST, environment, "", "", 0, 4096, RESTART,                                   \
	    "Variables, as NAME=value, besides the few that every script gets.")         \
	X(STRING, directory, "", "/", 1, 4096, RESTART, "Directory that it runs in.")    \
	X(SIZE, line_bytes_max, "", "128KiB", 256, 1048576, RESTART,                     \
	    "Longest line; a longer one is left out and counted.")                       \
	X(INT, lines_per_second, "lines per second", "10000", 1, 100000000, RESTART,     \
	    "Lines that are read, of at most 1 KiB each; a longer one counts as "        \
	    "several. A script that writes more has to wait.")

/* Further options of a collector of type statsd. */
#define SL_OPTIONS_STATSD(X)                                                             \
	X(STRING, bind, "", "127.0.0.1", 1, 255, RESTART, "Address of UDP and TCP.")     \
	X(INT, port, "port", "8125", 0, 65535, RESTART,                                  \
	    "Port of UDP and TCP; 0 takes a free one.")                                  \
	X(BOOL, udp, "", "true", 0, 0, RESTART, "Receive datagrams.")                    \
	X(BOOL, tcp, "", "false", 0, 0, RESTART, "Accept connections that send lines.")  \
	X(STRING, socket, "", "", 0, 1000, RESTART,                                      \
	    "Unix datagram socket to receive on; paths that begin with run/ are those "  \
	    "of the state directory. Whoever may enter its folder may send. Empty: "     \
	    "none.")                                                                     \
	X(SIZE, receive_buffer_bytes, "", "4MiB", 4096, 1073741824, RESTART,             \
	    "What the kernel keeps until it is read; past it, it drops and counts. "     \
	    "Above net.core.rmem_max only if started as root.")                          \
	X(DURATION, flush_interval, "", "1s", 100, 3600000, RELOAD,                      \
	    "Time between the samples of a series; at most half of stale_after.")        \
	X(DURATION, idle_timeout, "", "5m", 100, 604800000, RELOAD,                      \
	    "Time without values after which a series has no more samples, and so "      \
	    "becomes stale.")                                                            \
	X(STRING, prefix, "", "", 0, 64, RELOAD,                                         \
	    "What a name that no map fits is looked for with in front of it.")           \
	X(CHOICE, timer, "mean|min|max|sum|count|p50|p75|p90|p95|p99|p999", "mean", 0,   \
	    0, RESTART,                                                                  \
	    "What a timer's metric is; the others are written where the catalog has a "  \
	    "metric with _p99 and so on behind its name.")                               \
	X(INT, series_max, "series", "10000", 1, 65536, RELOAD,                          \
	    "Series that there may be; what would be one more is refused and counted.")  \
	X(INT, connections_max, "connections", "256", 1, 1000000, RELOAD,                \
	    "Connections at a time; one more is closed at once and counted.")            \
	X(STRING, event_type, "", "statsd.event", 1, 128, RELOAD,                        \
	    "Type of the events that DogStatsD's events become.")                        \
	X(STRING, check_type, "", "statsd.check", 1, 128, RELOAD,                        \
	    "Type of the events that service checks become.")

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
	    "data/log-NAME/state.")                                                      \
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

/* collector "log" { journal "name" { … } } */
#define SL_OPTIONS_LOG_JOURNAL(X)                                                        \
	X(STRING, directory, "", "", 0, 4096, RESTART,                                   \
	    "Folder of the journal's files; empty: the machine's journal.")              \
	X(LIST, matches, "", "", 0, 1024, RESTART,                                       \
	    "Entries that are read, as for journalctl: _SYSTEMD_UNIT=ssh.service; of "   \
	    "one "                                                                       \
	    "field any, of several all; empty: every entry.")                            \
	X(LIST, patterns, "", "", 0, 128, RESTART,                                       \
	    "Patterns that each entry is matched with, as for files.")                   \
	X(CHOICE, begin, "end|beginning", "end", 0, 0, RESTART,                          \
	    "Where the journal is begun at the very first start.")

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

#endif
