/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/config.h"
#include "common/json_out.h"
#include "out.h"

struct listing {
	const struct ctl *ctl;
	struct ctl_table table;
	struct sl_buf json_text;
	struct sl_json_out json;
	int shown;
};

static bool wanted(const struct ctl *ctl, const char *path)
{
	for (int i = 0; i < ctl->args.operand_count; i++) {
		const char *name = ctl->args.operand[i];

		if (strncmp(path, name, strlen(name)) == 0)
			return true;
	}
	return ctl->args.operand_count == 0;
}

static void add_json(struct sl_json_out *w, const struct sl_config_value *value)
{
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "option");
	sl_json_out_text(w, value->path);
	sl_json_out_key(w, "value");
	sl_json_out_text(w, value->text);
	sl_json_out_key(w, "origin");
	sl_json_out_text(w, value->origin);
	sl_json_out_key(w, "default");
	sl_json_out_text(w, value->option->text);
	sl_json_out_key(w, "reload");
	sl_json_out_bool(w, value->option->reload);
	sl_json_out_key(w, "prose");
	sl_json_out_text(w, value->option->prose);
	sl_json_out_object_end(w);
}

static void add(void *arg, const struct sl_config_value *value)
{
	struct listing *listing = arg;
	bool is_default = strcmp(value->origin, "default") == 0;

	if (!wanted(listing->ctl, value->path))
		return;
	listing->shown++;
	if (listing->ctl->json) {
		add_json(&listing->json, value);
		return;
	}
	ctl_table_cell(&listing->table, CTL_TONE_PLAIN, "%s", value->path);
	ctl_table_cell(&listing->table, is_default ? CTL_TONE_PLAIN : CTL_TONE_HEAD, "%s",
	    value->text[0] ? value->text : "\"\"");
	ctl_table_cell(&listing->table, CTL_TONE_DIM, "%s", value->origin);
	ctl_table_row(&listing->table);
}

int ctl_options(struct ctl *ctl)
{
	static const char *const titles[] = {"OPTION", "VALUE", "FROM", NULL};
	struct listing listing = {.ctl = ctl};
	int code = ctl_load_config(ctl);

	if (code != EX_OK)
		return code;
	sl_json_out_init(&listing.json, &listing.json_text);
	sl_json_out_array_begin(&listing.json);
	ctl_table_head(&listing.table, titles);
	sl_config_visit(ctl->config, add, &listing);
	sl_json_out_array_end(&listing.json);
	if (listing.shown == 0)
		code = ctl_complain(EX_USAGE, "config: no option begins with \"%s\"",
		    ctl->args.operand[0]);
	else if (ctl->json)
		puts(sl_buf_text(&listing.json_text));
	else
		ctl_table_print(&listing.table);
	ctl_table_clear(&listing.table);
	sl_buf_clear(&listing.json_text);
	return code;
}
