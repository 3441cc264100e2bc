/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "batch_form.h"
#include "error.h"
#include "utf8.h"

/* The longest end of the type that the catalog declares; the type without one. */
static struct sl_slice find_type(const struct sl_catalog *catalog, struct sl_slice type)
{
	struct sl_slice rest = type;

	for (;;) {
		if (sl_catalog_event(catalog, rest.data, rest.len) != NULL)
			return rest;
		const char *dot = memchr(rest.data, '.', rest.len);
		if (dot == NULL)
			return type;
		rest.len -= (size_t)(dot + 1 - rest.data);
		rest.data = dot + 1;
	}
}

/* CloudEvents 1.0, "Required attributes": each a text that is not empty. */
static int check(
    struct col_batch *batch, const struct col_batch_cloudevent *given, const char *where)
{
	const struct {
		const char *name;
		struct sl_slice value;
	} needed[] = {{"specversion", given->specversion}, {"id", given->id},
	    {"source", given->source}, {"type", given->type}};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].value.len == 0 ||
		    !sl_utf8_valid(needed[i].value.data, needed[i].value.len))
			return col_batch_refuse(batch, SL_EINVAL,
			    "%s: a CloudEvent needs the attribute \"%s\"", where,
			    needed[i].name);
	if (given->specversion.len != 3 || memcmp(given->specversion.data, "1.0", 3) != 0)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: CloudEvents of specversion 1.0 are taken, no others", where);
	return 0;
}

int col_batch_form_cloudevent(struct col_batch *batch,
    const struct col_batch_rules *rules, const struct col_batch_cloudevent *cloud,
    const char *where)
{
	int rc = check(batch, cloud, where);
	if (rc != 0)
		return rc;
	struct col_batch_given given = {
	    .where = where,
	    .type = find_type(rules->catalog, cloud->type),
	    .source = cloud->source,
	    .id = cloud->id,
	    .time = cloud->time,
	};
	json_t *payload = NULL;
	if (cloud->has_json && json_is_object(cloud->data)) {
		payload = json_incref(cloud->data);
	} else if (cloud->has_json && cloud->data != NULL) {
		payload = json_pack("{s:O}", "data", cloud->data);
	} else if (!cloud->has_json && cloud->text.len > 0) {
		payload = json_pack("{s:s%}", "data", cloud->text.data, cloud->text.len);
		if (payload == NULL)
			return col_batch_refuse(batch, SL_EMALFORMED,
			    "%s: its data is neither JSON nor UTF-8 text", where);
	}
	given.payload = payload;
	rc = col_batch_add_event(batch, rules, &given);
	json_decref(payload);
	return rc;
}

int col_batch_form_structured(struct col_batch *batch,
    const struct col_batch_rules *rules, const json_t *object, const char *where)
{
	struct col_batch_cloudevent cloud = {.has_json = true};

	sl_json_in_string(object, "specversion", &cloud.specversion);
	sl_json_in_string(object, "type", &cloud.type);
	sl_json_in_string(object, "source", &cloud.source);
	sl_json_in_string(object, "id", &cloud.id);
	sl_json_in_string(object, "time", &cloud.time);
	cloud.data = json_object_get(object, "data");
	/* Bytes stay base64: an event's payload is JSON. */
	if (cloud.data == NULL)
		cloud.data = json_object_get(object, "data_base64");
	return col_batch_form_cloudevent(batch, rules, &cloud, where);
}
