/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-log: events and counts from logs. */
#ifndef COL_LOGS_H
#define COL_LOGS_H

/* col_logs_main is the program. */
int col_logs_main(int argc, char **argv);

#endif
