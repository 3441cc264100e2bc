/* SPDX-License-Identifier: Apache-2.0 */
/* The exec collector: reads what scripts write. */
#ifndef COL_EXEC_H
#define COL_EXEC_H

int col_exec_main(int argc, char **argv);

#endif
