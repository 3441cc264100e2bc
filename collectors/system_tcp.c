/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections by state, new connections, retransmissions. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "log.h"
#include "parse_net.h"
#include "procfile.h"
#include "rate.h"
#include "system.h"

/*
 * Established and TIME_WAIT sockets may be a hundred thousand; the kernel
 * keeps their number, so only the sockets in other states are listed.
 */
#define LISTED (0xffeu & ~(1u << COL_TCP_ESTABLISHED) & ~(1u << COL_TCP_TIME_WAIT))

struct tcp {
	struct col_system *system;
	struct col_procfile snmp, sockstat, list4, list6;
	int diag_fd; /* -1: the lists of /proc are read instead */
	struct col_parse_snmp before;
	int64_t before_ns; /* monotonic; 0: nothing before */
	uint32_t state[COL_TCP_STATES];
	uint32_t established, opened, accepted, retransmits, retransmit_ratio;
};

static const char *const state_name[COL_TCP_STATES] = {
#define X(id, value, text) [value] = (text),
    COL_PARSE_TCP_TABLE(X)
#undef X
};

static void *tcp_open(struct col_system *system)
{
	struct tcp *tcp = col_system_alloc(sizeof(*tcp));

	tcp->system = system;
	tcp->snmp = (struct col_procfile)COL_PROCFILE("/proc/net/snmp");
	tcp->sockstat = (struct col_procfile)COL_PROCFILE("/proc/net/sockstat");
	tcp->list4 = (struct col_procfile)COL_PROCFILE("/proc/net/tcp");
	tcp->list6 = (struct col_procfile)COL_PROCFILE("/proc/net/tcp6");
	tcp->diag_fd = col_diag_open();
	tcp->established = tcp->opened = tcp->accepted = COL_SYSTEM_UNDEFINED;
	tcp->retransmits = tcp->retransmit_ratio = COL_SYSTEM_UNDEFINED;
	for (int i = 1; i < COL_TCP_STATES; i++) {
		struct col_label label = {"state", state_name[i]};
		if (col_core_gauge(system->core, "tcp_sockets", "sockets", &label, 1,
			&tcp->state[i]) != 0)
			tcp->state[i] = COL_SYSTEM_UNDEFINED;
	}
	return tcp;
}

static void tcp_close(void *arg)
{
	struct tcp *tcp = arg;

	col_procfile_close(&tcp->snmp);
	col_procfile_close(&tcp->sockstat);
	col_procfile_close(&tcp->list4);
	col_procfile_close(&tcp->list6);
	if (tcp->diag_fd >= 0)
		close(tcp->diag_fd);
	free(tcp);
}

static void push_snmp(
    struct tcp *tcp, const struct col_parse_snmp *now, const struct col_tick *tick)
{
	struct col_system *system = tcp->system;
	double elapsed_s = (double)(tick->mono_ns - tcp->before_ns) / (double)SL_NS_PER_S;

	col_system_push(system, &tcp->established, "tcp_connections", "connections",
	    (double)now->tcp_established, tick);
	if (tcp->before_ns == 0 || elapsed_s <= 0)
		return;
	double resent =
	    (double)col_rate_step(tcp->before.tcp_retransmits, now->tcp_retransmits);
	double sent =
	    (double)col_rate_step(tcp->before.tcp_segments_out, now->tcp_segments_out);
	col_system_push(system, &tcp->opened, "tcp_connects_per_second", "per_second",
	    (double)col_rate_step(tcp->before.tcp_active_opens, now->tcp_active_opens) /
		elapsed_s,
	    tick);
	col_system_push(system, &tcp->accepted, "tcp_accepts_per_second", "per_second",
	    (double)col_rate_step(tcp->before.tcp_passive_opens, now->tcp_passive_opens) /
		elapsed_s,
	    tick);
	col_system_push(system, &tcp->retransmits, "tcp_retransmits_per_second",
	    "per_second", resent / elapsed_s, tick);
	col_system_push(system, &tcp->retransmit_ratio, "tcp_retransmit_ratio", "percent",
	    sent > 0 ? 100.0 * resent / (sent + resent) : 0.0, tick);
}

static bool read_snmp(struct tcp *tcp, const struct col_tick *tick)
{
	struct col_parse_snmp now;
	struct sl_slice text;

	if (col_procfile_read(&tcp->snmp, &tcp->system->text, &text) != 0)
		return false;
	if (col_parse_snmp(text, &now) != 0) {
		col_procfile_reject(&tcp->snmp);
		return false;
	}
	push_snmp(tcp, &now, tick);
	tcp->before = now;
	tcp->before_ns = tick->mono_ns;
	return true;
}

static bool read_list(
    struct tcp *tcp, struct col_procfile *file, struct col_parse_tcp *out)
{
	struct sl_slice text;

	if (col_procfile_read(file, &tcp->system->text, &text) != 0)
		return false;
	if (col_parse_tcp(text, out) != 0) {
		col_procfile_reject(file);
		return false;
	}
	return true;
}

/* Counts the sockets by state in the cheapest way that is permitted. */
static bool count_states(struct tcp *tcp, struct col_parse_tcp *out)
{
	struct col_parse_sockstat sockstat;
	struct sl_slice text;

	if (tcp->diag_fd >= 0 &&
	    col_procfile_read(&tcp->sockstat, &tcp->system->text, &text) == 0 &&
	    col_parse_sockstat(text, &sockstat) == 0) {
		memset(out, 0, sizeof(*out));
		if (col_diag_count(tcp->diag_fd, LISTED, out) == 0) {
			out->count[COL_TCP_ESTABLISHED] = tcp->before.tcp_established;
			out->count[COL_TCP_TIME_WAIT] = sockstat.tcp_time_wait;
			return true;
		}
		sl_log_info("tcp", "inet_diag is not available, reading /proc/net/tcp");
		close(tcp->diag_fd);
		tcp->diag_fd = -1;
	}
	memset(out, 0, sizeof(*out));
	bool has4 = read_list(tcp, &tcp->list4, out);
	bool has6 = read_list(tcp, &tcp->list6, out);
	return has4 || has6;
}

static void tcp_run(void *arg, const struct col_tick *tick)
{
	struct tcp *tcp = arg;
	struct col_parse_tcp states;

	if (!read_snmp(tcp, tick) || !count_states(tcp, &states))
		return;
	for (int i = 1; i < COL_TCP_STATES; i++)
		if (tcp->state[i] != COL_SYSTEM_UNDEFINED)
			col_core_push(tcp->system->core, tcp->state[i],
			    (double)states.count[i], tick);
}

const struct col_system_group col_system_tcp = {
    .name = "tcp",
    .interval_offset = offsetof(struct sl_config_system, tcp_interval_ms),
    .open = tcp_open,
    .run = tcp_run,
    .close = tcp_close,
};
