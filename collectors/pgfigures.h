/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector says about itself. */
#ifndef COL_PGFIGURES_H
#define COL_PGFIGURES_H

#include "pgchange.h"
#include "pgslot.h"

/* col_pgfigures_push writes all figures as samples of now. */
void col_pgfigures_push(
    const struct col_pgchange *change, const struct col_pgslot *slot, bool streaming);

#endif
