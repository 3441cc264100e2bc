/* SPDX-License-Identifier: Apache-2.0 */
/* The API documents, made of the tables of routes, parameters, schemas and messages. */
#ifndef GW_OPENAPI_H
#define GW_OPENAPI_H

#include "buf.h"
#include "json_out.h"

/* gw_openapi_write appends the OpenAPI 3.1 document of all routes. */
void gw_openapi_write(struct sl_buf *out, const char *websocket_path);

/* gw_openapi_info writes the member "info", which every document has. */
void gw_openapi_info(struct sl_json_out *w, const char *title, const char *prose);

#endif
