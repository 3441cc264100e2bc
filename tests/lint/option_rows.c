/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the option table for the lint tests: a row a line, tabs between. */
#include <stdio.h>

#include "config.h"

int main(void)
{
	static const char *const id[] = {
#define X(id, member, name, rows) #id,
	    SL_SECTION_TABLE(X)
#undef X
	};

	for (size_t i = 0; sl_option_at(i); i++) {
		const struct sl_option *option = sl_option_at(i);

		printf("%s\t%s\t%d\t%s\t%s\t%s\t%s\n", id[option->section], option->name,
		    option->type, option->text, option->unit, option->prose,
		    option->reload ? "reload" : "restart");
	}
	return 0;
}
