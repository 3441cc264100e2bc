/* SPDX-License-Identifier: Apache-2.0 */
#include "wish.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static bool refuse_names(struct gw_call *call, const struct gw_names *names, int error)
{
	gw_call_problem(
	    call, error == SL_EDENIED ? 403 : 400, names->problem, "%s", names->error);
	return false;
}

static bool read_categories(struct gw_call *call, struct gw_wish *w)
{
	if (!gw_call_query(call, "categories", &w->category))
		return true;
	gw_names_init(&w->categories, w->names.catalog, call->who->modules);
	int error = gw_names_split(&w->categories, w->category.data, w->category.len);
	if (error)
		return refuse_names(call, &w->categories, error);
	error = gw_names_within(&w->names, &w->categories);
	return !error || refuse_names(call, &w->names, error);
}

static bool read_names(struct gw_call *call, struct gw_wish *w)
{
	int error = SL_OK;

	if (!gw_call_query(call, "topics", &w->topics))
		gw_call_query(call, "metrics", &w->topics);
	gw_call_query(call, "sources", &w->sources);
	w->preset = w->topics.len == 0 && w->sources.len == 0;
	if (w->topics.len > 0)
		error = gw_names_split(&w->names, w->topics.data, w->topics.len);
	if (!error && w->sources.len > 0)
		error = gw_names_split(&w->names, w->sources.data, w->sources.len);
	if (!error && w->preset)
		error = gw_names_split(&w->names, "metrics.>,alerts", 16);
	if (error)
		return refuse_names(call, &w->names, error);
	return read_categories(call, w);
}

static bool read_filter(struct gw_call *call, struct gw_wish *w)
{
	struct sl_json_in_error why;

	if (!gw_call_query(call, "filter", &w->scratch))
		return true;
	json_t *filter = sl_json_in_parse(w->scratch.data, w->scratch.len, &why);
	if (!filter) {
		gw_call_problem(call, 400, "bad-filter", "filter: line %d, column %d: %s",
		    why.line, why.column, why.text);
		return false;
	}
	int error = gw_names_filter(&w->names, &call->gw->hub.filters, filter);
	json_decref(filter);
	return !error || refuse_names(call, &w->names, error);
}

static bool read_terms(struct gw_call *call, struct gw_wish *w)
{
	if (!read_filter(call, w))
		return false;
	if (!gw_call_query(call, "max_hz", &w->scratch))
		return true;
	char *rest;
	double max_hz = strtod(sl_buf_text(&w->scratch), &rest);
	int error = gw_names_rate(&w->names, *rest == '\0' ? max_hz : 0);
	return !error || refuse_names(call, &w->names, error);
}

static bool read_cursor(struct gw_call *call, struct gw_wish *w)
{
	static const char *const names[] = {
	    "cursor", "since", "last_event_id", "lastEventId"};
	struct sl_slice text = sl_http_request_header(call->request, "Last-Event-ID");

	/* A reconnecting EventSource says where it is now, its URL where it began. */
	for (size_t i = 0; !text.len && i < sizeof names / sizeof *names; i++) {
		if (gw_call_query(call, names[i], &w->scratch))
			text = (struct sl_slice){w->scratch.data, w->scratch.len};
	}
	if (text.len == 0)
		return true;
	if (sl_cursor_parse(text.data, text.len, &w->since)) {
		gw_call_problem(call, 400, "bad-cursor", "the cursor is none of ours");
		return false;
	}
	w->has_since = true;
	return true;
}

bool gw_wish_read(struct gw_call *call, struct gw_wish *w)
{
	struct sl_buf *text = &w->scratch;

	*w = (struct gw_wish){0};
	gw_names_init(
	    &w->names, gw_mirror_catalog(call->gw->hub.mirror), call->who->modules);
	if (!gw_call_points(call, &w->points))
		return false;
	w->named =
	    gw_call_query(call, "named", text) && strcmp(sl_buf_text(text), "1") == 0;
	w->heartbeats = gw_call_query(call, "heartbeat", text) &&
			strcmp(sl_buf_text(text), "message") == 0;
	return read_names(call, w) && read_terms(call, w) && read_cursor(call, w);
}

void gw_wish_clear(struct gw_wish *w)
{
	gw_names_clear(&w->names);
	sl_buf_clear(&w->topics);
	sl_buf_clear(&w->sources);
	sl_buf_clear(&w->category);
	sl_buf_clear(&w->scratch);
}
