/* SPDX-License-Identifier: Apache-2.0 */
#include "http_host.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 255

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* ":" and up to five digits, or nothing. */
static bool is_port(const char *text, size_t len)
{
	unsigned port = 0;

	if (len == 0)
		return true;
	if (text[0] != ':' || len < 2 || len > 6)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_digit(text[i]))
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port <= 65535;
}

bool sl_http_host_valid(const char *text, size_t len)
{
	size_t i = 0;

	if (len > 0 && text[0] == '[') {
		for (i = 1;
		     i < len && (is_hex(text[i]) || text[i] == ':' || text[i] == '.');)
			i++;
		if (i < 3 || i > 46 || i >= len || text[i] != ']')
			return false;
		return is_port(text + i + 1, len - i - 1);
	}
	while (i < len && is_name_char(text[i]))
		i++;
	return i > 0 && i <= NAME_MAX_BYTES && is_port(text + i, len - i);
}

bool sl_http_host_cut(const char **at, const char *end, struct sl_slice *host)
{
	const char *text = *at;
	size_t len = (size_t)(end - text);
	size_t scheme;

	if (len > 7 && strncasecmp(text, "http://", 7) == 0)
		scheme = 7;
	else if (len > 8 && strncasecmp(text, "https://", 8) == 0)
		scheme = 8;
	else
		return false;
	size_t stop = scheme;
	while (stop < len && text[stop] != '/' && text[stop] != '?' && text[stop] != '#')
		stop++;
	if (!sl_http_host_valid(text + scheme, stop - scheme))
		return false;
	*host = (struct sl_slice){text + scheme, stop - scheme};
	*at = text + stop;
	return true;
}
