/* SPDX-License-Identifier: Apache-2.0 */
/* The host of a request: Host field and absolute targets. */
#ifndef SL_HTTP_HOST_H
#define SL_HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "entry.h"

/*
 * sl_http_host_valid says whether text is a host name, an IPv4 address or an
 * IPv6 address in brackets, with or without a port.
 */
bool sl_http_host_valid(const char *text, size_t len);

/*
 * sl_http_host_cut reads "http://host" at the beginning of an absolute target,
 * moves *at behind it and sets host.  False, with nothing changed, if the target
 * does not begin so.
 */
bool sl_http_host_cut(const char **at, const char *end, struct sl_slice *host);

#endif
