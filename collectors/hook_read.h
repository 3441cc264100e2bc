/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a batch: what its path and fields say about its body. */
#ifndef COL_HOOK_READ_H
#define COL_HOOK_READ_H

#include "hook.h"
#include "hook_route.h"

/*
 * col_hook_read_body fills hook->batch from the body.  Returns 0 or an error of
 * hook_form.h with a line in hook->batch.error.
 */
int col_hook_read_body(struct col_hook *hook, const struct sl_http_request *request,
    enum col_hook_form form, const struct col_batch_rules *rules);

#endif
