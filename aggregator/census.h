/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that every gateway answers for its own clients, and their answers. */
#ifndef AGG_CENSUS_H
#define AGG_CENSUS_H

#include "handler.h"

/*
 * A request {"do":"list"|"count"|"test","data"?:{…}} goes to all gateways as an
 * entry "census" of the control log, with its id and the caller's tenant and sub.
 * Each answers by SL_REQ_CENSUS_DONE; the reply, once all that are alive have
 * or half a second is over, is
 *
 *   {"gateways":[what each has answered],"missing":["gateway-2",…]}
 *
 * "test" concerns the caller's own clients and everybody may ask it; the others
 * need the right "connections" and tenant default.
 */
AGG_HANDLER(agg_census_ask);
AGG_HANDLER(agg_census_done);

struct agg_census;

/* agg_census_new makes an empty one; agg_census_free forgets who waits. */
struct agg_census *agg_census_new(struct agg_core *core);
void agg_census_free(struct agg_census *census);

#endif
