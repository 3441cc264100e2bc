/* SPDX-License-Identifier: Apache-2.0 */
#include "subscribe.h"

#include <stdio.h>
#include <string.h>

#include "behind.h"
#include "json_out.h"
#include "subscription.h"
#include "view.h"

static bool refuse(struct gw_refusal *why, const char *code, const char *text)
{
	why->code = code;
	snprintf(why->text, sizeof why->text, "%s", text);
	return false;
}

/* ---- answers ------------------------------------------------------------------- */

static void add_names(
    struct sl_json_out *w, const char *key, const struct gw_names *names)
{
	sl_json_out_key(w, key);
	sl_json_out_array_begin(w);
	for (size_t i = 0; i < names->asked_count; i++)
		sl_json_out_string(w, names->asked[i].data, names->asked[i].len);
	sl_json_out_array_end(w);
}

/* What was asked for; subscription 0: no single one is meant. */
static void write_data(
    struct sl_buf *out, uint32_t subscription, const struct gw_names *names)
{
	char number[24];
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	if (subscription > 0) {
		snprintf(number, sizeof number, "sub-%u", subscription);
		sl_json_out_key(&w, "subscriptionId");
		sl_json_out_text(&w, number);
	}
	if (names) {
		/* The documents' clients read the one or the other. */
		add_names(&w, "topics", names);
		add_names(&w, "metrics", names);
	}
	if (names && names->terms.filter) {
		struct sl_slice text = gw_filter_text(names->terms.filter);
		sl_json_out_key(&w, "filter");
		sl_json_out_raw(&w, text.data, text.len);
	}
	if (names && names->max_hz > 0) {
		sl_json_out_key(&w, "max_hz");
		sl_json_out_double(&w, names->max_hz);
	}
	sl_json_out_object_end(&w);
}

void gw_subscribe_told(const struct gw_client *client, struct sl_slice id,
    uint32_t subscription, const struct gw_names *names, const struct gw_stamp *stamp,
    struct sl_buf *out)
{
	enum gw_form form = (enum gw_form)client->form;
	size_t mark = gw_render_open(out, form, "subscribed", id, 0);

	write_data(out, subscription, names);
	gw_render_close(out, form, mark, stamp);
}

/* ---- subscribe and unsubscribe --------------------------------------------------- */

static bool resolve_names(
    const struct gw_message *m, struct gw_names *names, struct gw_refusal *why)
{
	for (size_t i = 0; i < gw_message_name_count(m); i++) {
		struct sl_slice name = gw_message_name(m, i);
		if (gw_names_add(names, name.data, name.len))
			return refuse(why, names->problem, names->error);
	}
	return true;
}

static bool resolve_terms(struct gw_client *client, const struct gw_message *m,
    struct gw_names *names, struct gw_refusal *why)
{
	if ((m->filter && gw_names_filter(names, &client->hub->filters, m->filter)) ||
	    (m->max_hz > 0 && gw_names_rate(names, m->max_hz)))
		return refuse(why, names->problem, names->error);
	return true;
}

/* Adds the subscription; returns its number and the set of all, NULL if refused. */
static struct gw_patterns *add(
    struct gw_client *client, const struct gw_names *names, uint32_t *id)
{
	struct gw_patterns *set = gw_names_patterns(names, &client->hub->patterns);
	struct gw_patterns *all = NULL;

	*id = set ? gw_sub_add(client, set) : 0;
	if (*id)
		all = gw_sub_all(client);
	if (*id && !all)
		gw_sub_remove(client, *id);
	gw_patterns_unref(set);
	return all;
}

static bool subscribe(struct gw_client *client, const struct gw_message *m,
    const struct gw_names *names, struct sl_buf *data, struct gw_refusal *why)
{
	struct sl_buf out = {0};
	struct gw_stamp stamp;
	struct sl_cursor at;
	uint32_t id;

	if (m->has_since && !gw_behind_may_resume(client))
		return refuse(why, "too-many-requests",
		    "older entries that were asked for before are still on their way");
	struct gw_patterns *all = add(client, names, &id);

	if (!all)
		return refuse(
		    why, "too-many-topics", "too many subscriptions, topics or filters");
	if (client->subs->preset) {
		gw_sub_asked(client);
		gw_patterns_unref(all);
		all = gw_sub_all(client);
	}
	gw_client_position(client, &at);
	if (m->has_since && m->since.epoch == at.epoch &&
	    m->since.aggregator == at.aggregator)
		at = m->since;
	gw_stamp_set(&stamp, &at);
	gw_subscribe_told(client, m->id, id, names, &stamp, &out);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
	if (data)
		write_data(data, id, names);
	if (!client->leaving)
		gw_client_follow(client, all, m->has_since ? &m->since : NULL);
	gw_patterns_unref(all);
	return true;
}

static bool remove_some(
    struct gw_client *client, const struct gw_message *m, const struct gw_names *names)
{
	if (m->subscription > 0)
		return gw_sub_remove(client, m->subscription);
	struct gw_patterns *set = gw_names_patterns(names, &client->hub->patterns);
	if (set)
		gw_sub_remove_patterns(client, set);
	gw_patterns_unref(set);
	return true;
}

static bool unsubscribe(struct gw_client *client, const struct gw_message *m,
    const struct gw_names *names, struct sl_buf *data, struct gw_refusal *why)
{
	const struct gw_names *named = m->subscription > 0 ? NULL : names;
	enum gw_form form = (enum gw_form)client->form;
	struct sl_buf out = {0};

	if (!remove_some(client, m, names))
		return refuse(
		    why, "unknown-subscription", "\"subscriptionId\" is none of yours");
	struct gw_patterns *all = gw_sub_all(client);
	if (client->view)
		gw_client_narrow(client, all);
	gw_patterns_unref(all);
	size_t mark = gw_render_open(&out, form, "unsubscribed", m->id, 0);
	write_data(&out, m->subscription, named);
	gw_render_close(&out, form, mark, NULL);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
	if (data)
		write_data(data, m->subscription, named);
	return true;
}

bool gw_subscribe_run(struct gw_client *client, const struct gw_message *m,
    struct sl_buf *data, struct gw_refusal *why)
{
	static struct gw_names names;

	gw_names_init(
	    &names, gw_mirror_catalog(client->hub->mirror), client->who->modules);
	bool done = resolve_names(m, &names, why) &&
		    resolve_terms(client, m, &names, why) &&
		    (m->type == GW_MESSAGE_SUBSCRIBE ? subscribe : unsubscribe)(
			client, m, &names, data, why);
	gw_names_clear(&names);
	return done;
}

/* ---- by POST ------------------------------------------------------------------------
 */

static int status_of(const char *code)
{
	return strcmp(code, "forbidden") == 0              ? 403
	       : strcmp(code, "too-many-requests") == 0    ? 429
	       : strcmp(code, "unknown-subscription") == 0 ? 404
							   : 400;
}

void gw_subscribe_op(struct gateway *gw, struct gw_client *client,
    struct gw_identity *who, const json_t *data, struct gw_outcome *out)
{
	struct gw_refusal why;
	struct gw_message m;

	(void)gw;
	(void)who;
	if (gw_message_read(data, &m))
		gw_outcome_problem(out, 400, m.code, "%s", m.error);
	else if (m.type != GW_MESSAGE_SUBSCRIBE && m.type != GW_MESSAGE_UNSUBSCRIBE)
		gw_outcome_problem(out, 400, "unknown-type",
		    "\"type\" must be subscribe or unsubscribe");
	else if (!gw_subscribe_run(client, &m, &out->body, &why))
		gw_outcome_problem(out, status_of(why.code), why.code, "%s", why.text);
	gw_message_clear(&m);
}

void gw_subscribe_post(struct gw_call *call)
{
	json_t *body = gw_call_body(call);

	if (!body)
		return;
	gw_connection_ask(call, call->who, call->credential.token, "subscriptions", body);
	json_decref(body);
}
