/* SPDX-License-Identifier: Apache-2.0 */
/* What each request does: one function a row of command.c's table. */
#ifndef AGG_HANDLER_H
#define AGG_HANDLER_H

#include "command.h"
#include "common/json_in.h"

/*
 * All have the same shape.  The caller is verified and may do it; it is all
 * zeroes but for its peer where the request needs no token.  Each fills answer and
 * returns.
 */
#define AGG_HANDLER(name)                                                                \
	void name(struct agg_core *core, const struct agg_caller *caller,                \
	    const struct sl_msg_request *request, struct agg_answer *answer)

AGG_HANDLER(agg_handler_state);
AGG_HANDLER(agg_handler_replay);
AGG_HANDLER(agg_handler_acknowledge);
AGG_HANDLER(agg_handler_force_aggregation);
AGG_HANDLER(agg_handler_start);
AGG_HANDLER(agg_handler_stop);
AGG_HANDLER(agg_handler_status);
AGG_HANDLER(agg_handler_alerts);
AGG_HANDLER(agg_handler_metrics);
AGG_HANDLER(agg_handler_places);

/*
 * agg_handler_body parses the request's body as an object, for json_decref; NULL
 * with a 400 answered if it is none.
 */
json_t *agg_handler_body(const struct sl_msg_request *request, struct agg_answer *answer);

#endif
