/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-statsd: metrics of applications over UDP, TCP and unix datagrams. */
#ifndef COL_STATSD_H
#define COL_STATSD_H

/* col_statsd_main is the program. */
int col_statsd_main(int argc, char **argv);

#endif
