/* SPDX-License-Identifier: Apache-2.0 */
/* The aggregator process. */
#ifndef AGG_AGGREGATOR_H
#define AGG_AGGREGATOR_H

/* agg_aggregator_main runs the process and returns its exit code. */
int agg_aggregator_main(int argc, char **argv);

#endif
