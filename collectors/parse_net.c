/* SPDX-License-Identifier: Apache-2.0 */
#include "parse_net.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

#include "error.h"
#include "scan.h"

/* "eth0:" may be followed by its first number without a blank. */
static bool scan_interface(struct sl_slice line, struct col_parse_interface *out)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct sl_slice before, name;

	if (colon == NULL)
		return false;
	before = (struct sl_slice){line.data, (size_t)(colon - line.data)};
	line = (struct sl_slice){colon + 1, line.len - before.len - 1};
	return col_scan_word(&before, &name) &&
	       col_scan_copy(name, out->name, sizeof(out->name)) &&
	       col_scan_u64(&line, &out->receive_bytes) &&
	       col_scan_u64(&line, &out->receive_packets) &&
	       col_scan_u64(&line, &out->receive_errors) &&
	       col_scan_u64(&line, &out->receive_drops) && col_scan_skip(&line, 4) &&
	       col_scan_u64(&line, &out->transmit_bytes) &&
	       col_scan_u64(&line, &out->transmit_packets) &&
	       col_scan_u64(&line, &out->transmit_errors) &&
	       col_scan_u64(&line, &out->transmit_drops);
}

int col_parse_interfaces(
    struct sl_slice text, struct col_parse_interface *out, size_t max)
{
	struct col_parse_interface interface;
	struct sl_slice line;
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		if (!col_scan_line(&text, &line) ||
		    memchr(line.data, '|', line.len) == NULL)
			return SL_EMALFORMED;
	while (n < max && col_scan_line(&text, &line)) {
		if (!scan_interface(line, &interface))
			return SL_EMALFORMED;
		if (strcmp(interface.name, "lo") != 0)
			out[n++] = interface;
	}
	return (int)n;
}

struct snmp_field {
	const char *protocol;
	const char *name;
	size_t offset;
};

static const struct snmp_field snmp_fields[] = {
    {"Tcp:", "CurrEstab", offsetof(struct col_parse_snmp, tcp_established)},
    {"Tcp:", "ActiveOpens", offsetof(struct col_parse_snmp, tcp_active_opens)},
    {"Tcp:", "PassiveOpens", offsetof(struct col_parse_snmp, tcp_passive_opens)},
    {"Tcp:", "OutSegs", offsetof(struct col_parse_snmp, tcp_segments_out)},
    {"Tcp:", "RetransSegs", offsetof(struct col_parse_snmp, tcp_retransmits)},
    {"Udp:", "InErrors", offsetof(struct col_parse_snmp, udp_receive_errors)},
};

#define SNMP_FIELDS (sizeof(snmp_fields) / sizeof(snmp_fields[0]))

/* Goes through a header line and the line of values below it in step. */
static bool scan_snmp(struct sl_slice protocol, struct sl_slice names,
    struct sl_slice values, struct col_parse_snmp *out, unsigned *found)
{
	struct sl_slice name, value;

	while (col_scan_word(&names, &name)) {
		if (!col_scan_word(&values, &value))
			return false;
		for (size_t i = 0; i < SNMP_FIELDS; i++) {
			const struct snmp_field *field = &snmp_fields[i];
			struct sl_slice number = value;
			uint64_t n;
			if (!col_scan_is(protocol, field->protocol) ||
			    !col_scan_is(name, field->name))
				continue;
			if (!col_scan_u64(&number, &n))
				return false;
			memcpy((char *)out + field->offset, &n, sizeof(n));
			*found |= 1u << i;
		}
	}
	return true;
}

int col_parse_snmp(struct sl_slice text, struct col_parse_snmp *out)
{
	struct sl_slice names, values, protocol, again;
	unsigned found = 0;

	*out = (struct col_parse_snmp){0};
	while (col_scan_line(&text, &names)) {
		if (!col_scan_line(&text, &values) || !col_scan_word(&names, &protocol) ||
		    !col_scan_word(&values, &again) || protocol.len != again.len ||
		    memcmp(protocol.data, again.data, protocol.len) != 0)
			return SL_EMALFORMED;
		if (!scan_snmp(protocol, names, values, out, &found))
			return SL_EMALFORMED;
	}
	return found == (1u << SNMP_FIELDS) - 1 ? 0 : SL_EMALFORMED;
}

int col_parse_sockstat(struct sl_slice text, struct col_parse_sockstat *out)
{
	struct sl_slice line, kind, name;
	bool has_used = false, has_tcp = false;

	*out = (struct col_parse_sockstat){0};
	while (col_scan_line(&text, &line)) {
		if (!col_scan_word(&line, &kind))
			return SL_EMALFORMED;
		bool is_tcp = col_scan_is(kind, "TCP:");
		if (!is_tcp && !col_scan_is(kind, "sockets:"))
			continue;
		while (col_scan_word(&line, &name)) {
			uint64_t value;
			if (!col_scan_u64(&line, &value))
				return SL_EMALFORMED;
			if (!is_tcp && col_scan_is(name, "used")) {
				out->used = value;
				has_used = true;
			} else if (is_tcp && col_scan_is(name, "orphan")) {
				out->tcp_orphan = value;
			} else if (is_tcp && col_scan_is(name, "tw")) {
				out->tcp_time_wait = value;
				has_tcp = true;
			} else if (is_tcp && col_scan_is(name, "mem")) {
				out->tcp_memory_pages = value;
			}
		}
	}
	return has_used && has_tcp ? 0 : SL_EMALFORMED;
}

int col_parse_diag(struct sl_slice datagram, struct col_parse_tcp *out)
{
	while (datagram.len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr header;
		memcpy(&header, datagram.data, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.len)
			return SL_EMALFORMED;
		if (header.nlmsg_type == NLMSG_DONE)
			return 1;
		if (header.nlmsg_type == NLMSG_ERROR)
			return SL_ESYS;
		if (header.nlmsg_len < NLMSG_HDRLEN + sizeof(struct inet_diag_msg))
			return SL_EMALFORMED;
		struct inet_diag_msg message;
		memcpy(&message, datagram.data + NLMSG_HDRLEN, sizeof(message));
		if (message.idiag_state > 0 && message.idiag_state < COL_TCP_STATES)
			out->count[message.idiag_state]++;
		/* Messages are padded to 4 bytes, the last one maybe not. */
		size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);
		if (step > datagram.len)
			step = datagram.len;
		datagram.data += step;
		datagram.len -= step;
	}
	return datagram.len == 0 ? 0 : SL_EMALFORMED;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int col_parse_tcp(struct sl_slice text, struct col_parse_tcp *out)
{
	struct sl_slice line, state;

	if (!col_scan_line(&text, &line))
		return SL_EMALFORMED;
	while (col_scan_line(&text, &line)) {
		if (!col_scan_skip(&line, 3) || !col_scan_word(&line, &state) ||
		    state.len != 2)
			return SL_EMALFORMED;
		int high = hex_value(state.data[0]), low = hex_value(state.data[1]);
		if (high < 0 || low < 0)
			return SL_EMALFORMED;
		if (high == 0 && low > 0 && low < COL_TCP_STATES)
			out->count[low]++;
	}
	return 0;
}
