/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the children that a process did not start itself. */
#ifndef COL_KIN_H
#define COL_KIN_H

#include <stddef.h>
#include <sys/types.h>

/*
 * col_kin_kill sends SIGKILL to every child of the calling process but those in
 * spare; of a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER) orphaned descendants
 * are children.  Children alone: nobody else waits for them, so that a number
 * read in /proc is still theirs when the signal is sent, and those that their
 * death orphans are children the next time.  Returns how many, 0 without /proc.
 */
size_t col_kin_kill(const pid_t *spare, size_t spare_count);

#endif
