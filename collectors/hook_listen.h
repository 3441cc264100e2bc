/* SPDX-License-Identifier: Apache-2.0 */
/* The port of the webhook collector: HTTP, or HTTPS where there is a certificate. */
#ifndef COL_HOOK_LISTEN_H
#define COL_HOOK_LISTEN_H

#include "confine.h"
#include "http.h"

struct col_hook;
struct col_hook_listen;

/*
 * col_hook_listen_open binds the port of the section and gives requests to fn.
 * Blocks on the certificate's files.  Returns 0 or one of sysexits(3)'s codes
 * after one log line.
 */
int col_hook_listen_open(
    struct col_hook *hook, sl_http_handler_fn *fn, struct col_hook_listen **out);

/* col_hook_listen_close closes port and connections.  NULL is allowed. */
void col_hook_listen_close(struct col_hook_listen *listen);

/* col_hook_listen_confine grants what a new certificate is read from. */
void col_hook_listen_confine(struct col_hook_listen *listen, struct sl_confine *out);

/* col_hook_listen_reload puts the limits of the section into force. */
void col_hook_listen_reload(struct col_hook_listen *listen);

/* col_hook_listen_drain takes nothing new; what is being answered goes on. */
void col_hook_listen_drain(struct col_hook_listen *listen);

/* col_hook_listen_is_idle says whether nobody is connected any more. */
bool col_hook_listen_is_idle(const struct col_hook_listen *listen);

/* col_hook_listen_look reads the certificate again if it has changed. */
void col_hook_listen_look(struct col_hook_listen *listen);

#endif
