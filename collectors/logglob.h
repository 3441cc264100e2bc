/* SPDX-License-Identifier: Apache-2.0 */
/* The files whose paths match a pattern of the shell's. */
#ifndef COL_LOGGLOB_H
#define COL_LOGGLOB_H

#include "paths.h"

/*
 * col_logglob_find calls fn for each path that exists and matches an absolute
 * pattern: "*", "?" and "[…]" within a name, as in the shell; names that begin
 * with a dot only where the pattern does.  Folders are read as they come, so
 * that memory stays bounded; fn must not change them.  Blocks on the folders.
 */
void col_logglob_find(
    const char *pattern, void (*fn)(void *arg, const char *path), void *arg);

/*
 * col_logglob_folder writes the folder that everything a pattern can match is
 * below: as far as there is no wildcard.
 */
void col_logglob_folder(const char *pattern, char out[SL_PATHS_MAX]);

#endif
