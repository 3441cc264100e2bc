/* SPDX-License-Identifier: Apache-2.0 */
#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void set_v6(struct sl_addr *addr, const uint8_t ip[16])
{
	if (memcmp(ip, mapped_prefix, sizeof mapped_prefix) == 0) {
		addr->family = SL_ADDR_V4;
		memcpy(addr->ip, ip + 12, 4);
		return;
	}
	addr->family = SL_ADDR_V6;
	memcpy(addr->ip, ip, 16);
}

void sl_addr_from_sockaddr(struct sl_addr *addr, const struct sockaddr *sa, size_t len)
{
	*addr = (struct sl_addr){.family = SL_ADDR_UNIX};
	if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		addr->family = SL_ADDR_V4;
		addr->port = ntohs(in.sin_port);
		memcpy(addr->ip, &in.sin_addr, 4);
	} else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof in6);
		addr->port = ntohs(in6.sin6_port);
		set_v6(addr, in6.sin6_addr.s6_addr);
	}
}

int sl_addr_parse(struct sl_addr *addr, const char *text, size_t len)
{
	char buf[INET6_ADDRSTRLEN];
	uint8_t ip[16];

	*addr = (struct sl_addr){0};
	if (len == 0 || len >= sizeof buf || memchr(text, '\0', len))
		return SL_EMALFORMED;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, ip) == 1) {
		addr->family = SL_ADDR_V4;
		memcpy(addr->ip, ip, 4);
		return 0;
	}
	if (inet_pton(AF_INET6, buf, ip) == 1) {
		set_v6(addr, ip);
		return 0;
	}
	return SL_EMALFORMED;
}

const char *sl_addr_format_ip(const struct sl_addr *addr, char out[SL_ADDR_TEXT])
{
	if (addr->family == SL_ADDR_V4)
		inet_ntop(AF_INET, addr->ip, out, SL_ADDR_TEXT);
	else if (addr->family == SL_ADDR_V6)
		inet_ntop(AF_INET6, addr->ip, out, SL_ADDR_TEXT);
	else
		memcpy(out, "unix", sizeof "unix");
	return out;
}

int sl_addr_parse_network(struct sl_addr *base, int *bits, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	int given = 0;

	if (sl_addr_parse(base, text, len))
		return SL_EMALFORMED;
	*bits = base->family == SL_ADDR_V4 ? 32 : 128;
	if (!slash)
		return 0;
	size_t digits = strspn(slash + 1, "0123456789");
	if (digits == 0 || digits > 3 || slash[1 + digits])
		return SL_EMALFORMED;
	for (size_t i = 1; i <= digits; i++)
		given = given * 10 + (slash[i] - '0');
	if (given > *bits)
		return SL_EMALFORMED;
	*bits = given;
	return 0;
}

bool sl_addr_in_network(const struct sl_addr *addr, const char *network)
{
	struct sl_addr base;
	int bits;

	if (sl_addr_parse_network(&base, &bits, network) || base.family != addr->family)
		return false;
	for (int i = 0; i < bits; i++)
		if (((base.ip[i / 8] ^ addr->ip[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

const char *sl_addr_format(const struct sl_addr *addr, char out[SL_ADDR_TEXT])
{
	char ip[SL_ADDR_TEXT];

	sl_addr_format_ip(addr, ip);
	if (addr->family == SL_ADDR_V4)
		snprintf(out, SL_ADDR_TEXT, "%.46s:%u", ip, (unsigned)addr->port);
	else if (addr->family == SL_ADDR_V6)
		snprintf(out, SL_ADDR_TEXT, "[%.46s]:%u", ip, (unsigned)addr->port);
	else
		memcpy(out, "unix", sizeof "unix");
	return out;
}

bool sl_addr_same_ip(const struct sl_addr *a, const struct sl_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool sl_addr_is_loopback(const struct sl_addr *addr)
{
	static const uint8_t v6_loopback[16] = {[15] = 1};

	if (addr->family == SL_ADDR_V4)
		return addr->ip[0] == 127;
	if (addr->family == SL_ADDR_V6)
		return memcmp(addr->ip, v6_loopback, sizeof v6_loopback) == 0;
	return addr->family == SL_ADDR_UNIX;
}
