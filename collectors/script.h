/* SPDX-License-Identifier: Apache-2.0 */
/* One script: when it is started, what it is told, when it is ended. */
#ifndef COL_SCRIPT_H
#define COL_SCRIPT_H

#include "script_world.h"

struct col_script;

/*
 * col_script_new makes the script at this place of the section; it does not run
 * yet.  on_idle is called when it has come to an end that it was told to.  Freed
 * with col_script_free, which ignores NULL.
 */
struct col_script *col_script_new(struct col_script_world *world, size_t place,
    const struct sl_config_script *section, void (*on_idle)(void *arg), void *arg);
void col_script_free(struct col_script *script);

/* col_script_begin starts it, and again whenever its section says so. */
void col_script_begin(struct col_script *script);

/* col_script_end ends what runs of it, and starts it no more. */
void col_script_end(struct col_script *script);

/* col_script_is_idle: nothing of it runs, and nothing will. */
bool col_script_is_idle(const struct col_script *script);

/* What the keeper tells (keeper_link.h). */
void col_script_on_started(struct col_script *script, int out, int err, int in);
void col_script_on_failed(struct col_script *script, int error);
void col_script_on_ended(struct col_script *script, int status);

/* col_script_retry: there may be room in the ring now. */
void col_script_retry(struct col_script *script);

/* col_script_say_up pushes whether it is well, once that is known. */
void col_script_say_up(const struct col_script *script);

#endif
