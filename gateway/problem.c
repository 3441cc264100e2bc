/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <string.h>

static const struct gw_problem problems[] = {
#define X(name, status, text) {name, status, text},
    GW_PROBLEM_TABLE(X)
#undef X
};

const struct gw_problem *gw_problem_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
		const struct gw_problem *p = &problems[i];
		if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return p;
	}
	return NULL;
}
