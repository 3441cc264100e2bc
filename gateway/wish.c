/* SPDX-License-Identifier: Apache-2.0 */
#include "wish.h"

#include <string.h>

#include "error.h"

static bool refuse_names(struct gw_call *call, const struct gw_names *names, int error)
{
	gw_call_problem(call, error == SL_EDENIED ? 403 : 400, gw_names_problem(error),
	    "%s", names->error);
	return false;
}

static bool read_names(struct gw_call *call, struct gw_wish *w)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(call->gw->hub.mirror);
	int error = SL_OK;

	gw_names_init(&w->names, catalog, call->who->modules);
	if (!gw_call_query(call, "topics", &w->topics))
		gw_call_query(call, "metrics", &w->topics);
	gw_call_query(call, "sources", &w->sources);
	if (w->topics.len > 0)
		error = gw_names_split(&w->names, w->topics.data, w->topics.len);
	if (!error && w->sources.len > 0)
		error = gw_names_split(&w->names, w->sources.data, w->sources.len);
	if (!error && w->topics.len == 0 && w->sources.len == 0)
		error = gw_names_split(&w->names, "metrics.>,alerts", 16);
	if (error)
		return refuse_names(call, &w->names, error);
	if (!gw_call_query(call, "categories", &w->category))
		return true;
	gw_names_init(&w->categories, catalog, call->who->modules);
	error = gw_names_split(&w->categories, w->category.data, w->category.len);
	if (error)
		return refuse_names(call, &w->categories, error);
	gw_names_within(&w->names, &w->categories);
	return true;
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
	if (!gw_call_supports(call))
		return false;
	w->named =
	    gw_call_query(call, "named", text) && strcmp(sl_buf_text(text), "1") == 0;
	w->heartbeats = gw_call_query(call, "heartbeat", text) &&
			strcmp(sl_buf_text(text), "message") == 0;
	return read_names(call, w) && read_cursor(call, w);
}

void gw_wish_clear(struct gw_wish *w)
{
	sl_buf_clear(&w->topics);
	sl_buf_clear(&w->sources);
	sl_buf_clear(&w->category);
	sl_buf_clear(&w->scratch);
}
