/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of an event against the fields that the catalog declares. */
#ifndef SL_EVENT_FIELDS_H
#define SL_EVENT_FIELDS_H

#include <stddef.h>

#include "catalog.h"

/* Fields of one type of event; more are refused by the catalog. */
#define SL_EVENT_FIELDS_MAX 64

/*
 * sl_event_fields_check looks at a payload that sl_json_check_object has
 * accepted: a field that is not optional is there, and each that is there has
 * its type.  An optional one may be null; others than the declared are allowed;
 * of one that is there twice both count.  Pure.  Returns NULL if all is well,
 * else the first field that is not.
 */
const struct sl_catalog_field *sl_event_fields_check(
    const struct sl_catalog_event *type, const char *payload, size_t len);

/* Size of a buffer for sl_event_fields_say. */
#define SL_EVENT_FIELDS_TEXT 192

/* sl_event_fields_say writes "its field "total" is missing or not of type number". */
void sl_event_fields_say(
    const struct sl_catalog_field *field, char out[SL_EVENT_FIELDS_TEXT]);

#endif
