/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-postgres: changes of tables as events, queries as metrics. */
#ifndef COL_POSTGRES_H
#define COL_POSTGRES_H

/* col_postgres_main is the program; it returns its exit code. */
int col_postgres_main(int argc, char **argv);

#endif
