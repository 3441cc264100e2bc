/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-webhook: events and samples by HTTP. */
#ifndef COL_WEBHOOK_H
#define COL_WEBHOOK_H

/* col_webhook_main is the program. */
int col_webhook_main(int argc, char **argv);

#endif
