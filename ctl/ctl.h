/* SPDX-License-Identifier: Apache-2.0 */
/* sightlinectl: the operator's command line. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

/* ctl_ctl_main runs the program and returns its exit code. */
int ctl_ctl_main(int argc, char **argv);

#endif
