/* SPDX-License-Identifier: Apache-2.0 */
/* What places have to tell all gateways. */
#ifndef AGG_HANDLER_PLACES_H
#define AGG_HANDLER_PLACES_H

#include "places.h"

/* The agg_places_cut of an agg_core (arg): an entry of the control log. */
agg_places_cut agg_handler_places_cut;

#endif
