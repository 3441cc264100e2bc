/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the configuration, handed to the parts of the gateway. */
#ifndef GW_SETTINGS_H
#define GW_SETTINGS_H

#include "gateway.h"

/*
 * gw_settings_apply puts a configuration into force, at the start and at each
 * reload: gw->config is it afterwards, so it has to live until the next one.
 * Keys and listeners are not concerned.
 */
void gw_settings_apply(struct gateway *gw, const struct sl_config *config);

/* gw_settings_requests gives the HTTP server its limits, once there is one. */
void gw_settings_requests(struct gateway *gw);

#endif
