/* SPDX-License-Identifier: Apache-2.0 */
/* What the aggregator's control log and changed keys make a gateway do. */
#ifndef GW_CONTROL_H
#define GW_CONTROL_H

#include "gateway.h"
#include "msg.h"

/* gw_control_start begins, gw_control_stop ends what entries put off; arg is the gateway.
 */
void gw_control_start(struct gateway *gw);
void gw_control_stop(struct gateway *gw);

/*
 * gw_control_take does what an entry says: a request for a live connection, a
 * connection that gives way to another one, a revocation.  Kinds that are not
 * known are others' business.
 */
void gw_control_take(void *arg, const struct sl_msg_control *control);

/*
 * gw_control_cut_soon closes every client whose token is no longer accepted,
 * within 10 ms.
 */
void gw_control_cut_soon(struct gateway *gw);

/* gw_control_keys loads key files that have changed, and cuts whose key is gone. */
void gw_control_keys(struct gateway *gw);

#endif
