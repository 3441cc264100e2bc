/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to HTTP requests. */
#ifndef SL_HTTP_RESPONSE_H
#define SL_HTTP_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include "http_request.h"

struct sl_conn;
struct sl_conn_handler;
struct sl_frame;

/*
 * An answer is begun, given its fields, and ended without returning to the loop
 * in between: its head is built in a buffer that all answers of the server
 * share.  Date, Content-Length, Connection and X-Request-Id are added here.
 */

/* sl_http_response_begin starts the answer with a status from 200 to 599, or 101. */
void sl_http_response_begin(struct sl_http_request *request, int status);

/*
 * sl_http_response_header adds a field.  Control characters in the value are
 * replaced by spaces, so that nothing from outside can add a field.
 */
void sl_http_response_header(
    struct sl_http_request *request, const char *name, const char *value);
void sl_http_response_headerf(struct sl_http_request *request, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * sl_http_response_extra adds a field to whatever the request will be answered with;
 * before the answer is begun.
 */
void sl_http_response_extra(
    struct sl_http_request *request, const char *name, const char *value);

/*
 * sl_http_response_end sends head and body; the request is gone.  HEAD sends
 * no body but its length; 204 and 304 have none.  With type not NULL a
 * Content-Type is added.
 */
void sl_http_response_end(
    struct sl_http_request *request, const char *type, const void *body, size_t len);

/* sl_http_response_end_frame is the same for a shared body, which is not copied. */
void sl_http_response_end_frame(
    struct sl_http_request *request, const char *type, struct sl_frame *body);

/* sl_http_response_send is begin and end in one: a status, a type and a body. */
void sl_http_response_send(struct sl_http_request *request, int status, const char *type,
    const void *body, size_t len);

/*
 * sl_http_response_upgrade sends the head begun with status 101 (WebSocket) or
 * 200 (an endless body such as SSE; "Connection: close" is added, no length)
 * and hands the connection to a new owner.  All HTTP state is freed, the
 * request is gone.  What the client sent ahead arrives through on_read.
 * Returns the connection, which may already be closing if the send failed; its
 * on_close then goes to the new owner.
 */
struct sl_conn *sl_http_response_upgrade(
    struct sl_http_request *request, const struct sl_conn_handler *handler, void *owner);

/* sl_http_response_reason returns the phrase of a status: "Not Found", "" if unknown. */
const char *sl_http_response_reason(int status);

#endif
