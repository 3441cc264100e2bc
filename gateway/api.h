/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of the route table that answer at once or pass on. */
#ifndef GW_API_H
#define GW_API_H

#include "call.h"

/*
 * Each answers the call's request exactly once, now or when the aggregator has
 * answered; call->who is set and permitted unless the route is public.
 */
void gw_api_snapshot(struct gw_call *call);    /* api_state.c */
void gw_api_alerts(struct gw_call *call);      /* api_state.c */
void gw_api_status(struct gw_call *call);      /* api_action.c */
void gw_api_acknowledge(struct gw_call *call); /* api_action.c */
void gw_api_control(struct gw_call *call);     /* api_action.c */

/* Requirement document 000: ?action= and {"action":…}. */
void gw_api_realtime_get(struct gw_call *call);  /* api_action.c */
void gw_api_realtime_post(struct gw_call *call); /* api_action.c */

/* Requirement document 004. */
void gw_api_websocket_info(struct gw_call *call);        /* api_analytics.c */
void gw_api_analytics_subscribe(struct gw_call *call);   /* api_analytics.c */
void gw_api_analytics_unsubscribe(struct gw_call *call); /* api_analytics.c */

void gw_api_session(struct gw_call *call);      /* api_session.c */
void gw_api_healthz(struct gw_call *call);      /* api_health.c */
void gw_api_readyz(struct gw_call *call);       /* api_health.c */
void gw_api_metrics(struct gw_call *call);      /* api_health.c */
void gw_api_problem_page(struct gw_call *call); /* api_health.c */
void gw_api_openapi(struct gw_call *call);      /* api_document.c */
void gw_api_asyncapi(struct gw_call *call);     /* api_document.c */

/* api_connections.c and api_selftest.c; answered once all gateways have been asked. */
void gw_api_connections(struct gw_call *call);
void gw_api_connection_stats(struct gw_call *call);
void gw_api_websocket_stats(struct gw_call *call);
void gw_api_test_connection(struct gw_call *call);
void gw_api_analytics_health(struct gw_call *call);

/* gw_api_alerts_list answers with the bare array of open alerts. */
void gw_api_alerts_list(struct gw_call *call);

#endif
