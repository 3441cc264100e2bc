/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd.h"

#include <event2/event.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "core.h"
#include "crypto.h"
#include "dgram.h"
#include "listen.h"
#include "log.h"
#include "source.h"
#include "statsd_figures.h"
#include "statsd_stream.h"
#include "statsd_take.h"

/*
 * Design notes.  What was sent is what was counted and what is reported as
 * dropped, exactly: the kernel counts the datagrams for which a socket had no
 * room, every line that is read ends in one of the figures, and senders on TCP
 * and unix sockets are slowed down instead.
 */

/* How long the end waits until the aggregator has taken what is in the ring. */
#define FLUSH_MS 1000

struct statsd {
	struct sl_process *process;
	struct col_core *core;
	struct col_dgram *udp, *local;
	struct sl_listen *tcp;
	struct col_statsd_streams *streams;
	struct col_statsd_take *take;
	struct col_statsd_figures figures;
	struct event *flush;
	char folder[SL_PATHS_MAX]; /* of the unix socket */
};

static const struct sl_config_statsd *options(const struct statsd *statsd)
{
	return &col_source_section(statsd->process)->statsd;
}

/* ---- sockets ----------------------------------------------------------------- */

static void on_datagram(void *arg, const char *data, size_t len, bool cut)
{
	struct statsd *statsd = arg;

	statsd->figures.datagrams++;
	col_statsd_take_lines(statsd->take, (struct sl_slice){data, len}, cut);
}

static int open_udp(struct statsd *statsd)
{
	const struct sl_config_statsd *c = options(statsd);
	char error[COL_DGRAM_ERROR];

	if (col_dgram_open_udp(statsd->process->loop, c->bind, (uint16_t)c->port,
		(size_t)c->receive_buffer_bytes, on_datagram, statsd, &statsd->udp,
		error) != 0) {
		sl_log_error("statsd", "%s", error);
		return EX_UNAVAILABLE;
	}
	sl_log_info("statsd", "receiving udp=%s port=%u buffer=%zu", c->bind,
	    col_dgram_port(statsd->udp), col_dgram_buffer(statsd->udp));
	return EX_OK;
}

static int open_tcp(struct statsd *statsd)
{
	const struct sl_config_statsd *c = options(statsd);
	char error[SL_LISTEN_ERROR];
	uint16_t port =
	    statsd->udp != NULL ? col_dgram_port(statsd->udp) : (uint16_t)c->port;

	if (sl_listen_open_tcp(statsd->process->loop, c->bind, port,
		&(struct sl_listen_options){0}, col_statsd_streams_accept,
		statsd->streams, &statsd->tcp, error) != 0) {
		sl_log_error("statsd", "%s", error);
		return EX_UNAVAILABLE;
	}
	sl_log_info(
	    "statsd", "listening tcp=%s port=%u", c->bind, sl_listen_port(statsd->tcp));
	return EX_OK;
}

static int open_local(struct statsd *statsd)
{
	const struct sl_config_statsd *c = options(statsd);
	char path[SL_PATHS_MAX], error[COL_DGRAM_ERROR];

	if (sl_paths_resolve(&statsd->process->paths, c->socket, path) != 0) {
		sl_log_error("statsd", "socket is too long path=\"%s\"", c->socket);
		return EX_CONFIG;
	}
	if (col_dgram_open_unix(statsd->process->loop, path,
		(size_t)c->receive_buffer_bytes, on_datagram, statsd, &statsd->local,
		error) != 0) {
		sl_log_error("statsd", "%s", error);
		return EX_UNAVAILABLE;
	}
	memcpy(statsd->folder, path, sizeof(path));
	*strrchr(statsd->folder, '/') = '\0';
	sl_log_info("statsd", "receiving unix=\"%s\"", path);
	return EX_OK;
}

static int acquire(struct sl_process *process)
{
	struct statsd *statsd = process->state;
	int code;

	statsd->process = process;
	code = col_core_check(process, col_source_name(process), "statsd", true);
	if (code != EX_OK)
		return code;
	if (sl_crypto_init() != 0) {
		sl_log_error("statsd", "the system has no randomness to give");
		return EX_OSERR;
	}
	const struct sl_config_statsd *c = options(statsd);
	statsd->streams = col_statsd_streams_new(process->loop, &statsd->figures);
	col_statsd_streams_limit(statsd->streams, (size_t)c->connections_max);
	if (c->udp)
		code = open_udp(statsd);
	if (code == EX_OK && c->tcp)
		code = open_tcp(statsd);
	if (code == EX_OK && *c->socket != '\0')
		code = open_local(statsd);
	return code;
}

/* All sockets are open: nothing but accepting is left to grant. */
static void confine(const struct sl_process *process, struct sl_confine *out)
{
	const struct statsd *statsd = process->state;

	sl_confine_path(out, process->paths.run, true);
	if (statsd->folder[0] != '\0' && strcmp(statsd->folder, process->paths.run) != 0)
		sl_confine_path(out, statsd->folder, true);
}

/* ---- flush ------------------------------------------------------------------- */

static void flush(struct statsd *statsd)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

	col_statsd_take_flush(statsd->take, &tick);
	statsd->figures.dropped =
	    (statsd->udp != NULL ? col_dgram_dropped(statsd->udp) : 0) +
	    (statsd->local != NULL ? col_dgram_dropped(statsd->local) : 0);
	col_statsd_figures_push(&statsd->figures, statsd->core, &tick);
	col_core_flush(statsd->core);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static int set_timer(struct statsd *statsd)
{
	const struct sl_config_statsd *c = options(statsd);
	struct timeval every = sl_loop_ms(c->flush_interval_ms);

	return event_add(statsd->flush, &every) == 0 ? EX_OK : EX_OSERR;
}

/* ---- life cycle -------------------------------------------------------------- */

static int start(struct sl_process *process)
{
	struct statsd *statsd = process->state;
	int code = col_core_open(
	    process, col_source_name(process), "statsd", true, &statsd->core);

	if (code != EX_OK)
		return code;
	statsd->take = col_statsd_take_new(statsd->core, col_source_section(process),
	    process->catalog, &statsd->figures);
	col_statsd_streams_use(statsd->streams, statsd->take);
	statsd->flush = event_new(process->loop, -1, EV_PERSIST, on_flush, statsd);
	return statsd->flush != NULL ? set_timer(statsd) : EX_OSERR;
}

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct statsd *statsd = process->state;
	const struct sl_config_collector *section = col_source_section(process);

	(void)old_config;
	(void)old_catalog;
	if (section == NULL) {
		sl_log_error("config", "collector \"%s\" has no section any more",
		    col_source_name(process));
		sl_process_end(process, EX_CONFIG);
		return;
	}
	col_statsd_take_reload(statsd->take, section, process->catalog);
	col_statsd_streams_limit(
	    statsd->streams, (size_t)section->statsd.connections_max);
	set_timer(statsd);
}

/* What the kernel has taken from senders is counted before the end. */
static void drain(struct sl_process *process)
{
	struct statsd *statsd = process->state;

	if (statsd->udp != NULL)
		col_dgram_drain(statsd->udp);
	if (statsd->local != NULL)
		col_dgram_drain(statsd->local);
	sl_listen_finish(statsd->tcp);
	statsd->tcp = NULL;
	col_statsd_streams_drain(statsd->streams);
	col_statsd_streams_free(statsd->streams);
	statsd->streams = NULL;
	flush(statsd);
	sl_process_end(process, EX_OK);
}

static void stop(struct sl_process *process)
{
	struct statsd *statsd = process->state;

	sl_listen_close(statsd->tcp);
	col_statsd_streams_free(statsd->streams);
	col_dgram_close(statsd->udp);
	col_dgram_close(statsd->local);
	if (statsd->core != NULL &&
	    sightline_flush(col_core_collector(statsd->core), FLUSH_MS) != 0)
		sl_log_warn("ring", "not everything was taken in time source=%s ms=%d",
		    col_source_name(process), FLUSH_MS);
	if (statsd->flush != NULL)
		event_free(statsd->flush);
	col_statsd_take_free(statsd->take);
	col_core_close(statsd->core);
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("statsd"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-statsd",
	    .prose = "Takes metrics of StatsD and DogStatsD clients.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "statsd",
    .user = col_source_user,
    .acquire = acquire,
    .confine = confine,
    .start = start,
    .reload = reload,
    .drain = drain,
    .stop = stop,
};

int col_statsd_main(int argc, char **argv)
{
	struct statsd statsd = {0};

	return sl_process_run(&spec, argc, argv, &statsd);
}
