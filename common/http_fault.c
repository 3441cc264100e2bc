/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fault.h"

#include "http_parse.h"

#define X(id, status, name, detail)                                                      \
	const struct sl_http_parse_error sl_http_fault_##id = {status, name, detail};
SL_HTTP_FAULT_TABLE(X)
#undef X
