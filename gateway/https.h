/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's TLS: its listener, its certificate and when that is read again. */
#ifndef GW_HTTPS_H
#define GW_HTTPS_H

#include "confine.h"
#include "tls.h"

struct gateway;
struct gw_https;

/* gw_https_new makes it, without effect where no certificate is configured. */
struct gw_https *gw_https_new(struct gateway *gw);

/* gw_https_free closes it, after the connections.  Accepts NULL. */
void gw_https_free(struct gw_https *https);

/*
 * gw_https_open loads the certificate and listens.  Returns 0 or one of
 * sysexits(3)'s codes after a log line.  Blocks on files.
 */
int gw_https_open(struct gw_https *https);

/* gw_https_confine names the folders that a later certificate is read from. */
void gw_https_confine(struct gw_https *https, struct sl_confine *rules);

/* gw_https_start begins to look after the files. */
int gw_https_start(struct gw_https *https);

/*
 * gw_https_reload reads certificate and key again, as the configuration in force
 * names them.  Wrong ones are logged, and those in use stay.
 */
void gw_https_reload(struct gw_https *https);

/* gw_https_drain stops listening. */
void gw_https_drain(struct gw_https *https);

/* gw_https_fields returns the header fields of answers over TLS; they follow reloads. */
const char *gw_https_fields(const struct gw_https *https);

/* gw_https_stats returns the counters, all zeroes without TLS. */
const struct sl_tls_stats *gw_https_stats(const struct gw_https *https);

/* gw_https_expires returns when the certificate ends, in seconds; 0 without TLS. */
int64_t gw_https_expires(const struct gw_https *https);

#endif
