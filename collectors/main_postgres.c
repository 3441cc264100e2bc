/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-postgres. */
#include "postgres.h"

int main(int argc, char **argv)
{
	return col_postgres_main(argc, argv);
}
