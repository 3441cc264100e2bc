/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request comes from, when proxies stand in between. */
#ifndef GW_PROXY_H
#define GW_PROXY_H

#include <stdbool.h>

#include "addr.h"
#include "config.h"
#include "http_request.h"

struct gw_proxy_origin {
	struct sl_addr client; /* who sent it first, as far as that is believed */
	bool forwarded;        /* a proxy says that it passed it on, listed or not */
	bool trusted;          /* the peer is a listed proxy */
	bool secure;           /* the client's own connection is TLS, as far as known */
};

/*
 * gw_proxy_read finds out who a request comes from.  Only what listed proxies
 * say is believed: X-Forwarded-For is read from its end, as far as the ones
 * that passed it on are listed themselves; what cannot be read ends it.  Where
 * X-Forwarded-Proto says nothing, our own end of the connection decides.
 */
void gw_proxy_read(const struct sl_http_request *request, const struct sl_names *trusted,
    struct gw_proxy_origin *out);

/* gw_proxy_trusts says whether an address is a listed proxy's. */
bool gw_proxy_trusts(const struct sl_names *trusted, const struct sl_addr *addr);

/*
 * gw_proxy_is_local says whether a request comes from this host itself: neither
 * from elsewhere nor through a proxy that nobody has listed.
 */
bool gw_proxy_is_local(const struct gw_proxy_origin *origin);

#endif
