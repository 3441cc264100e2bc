/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

void ctl_view_clear(struct ctl_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->metric[i].text);
	free(view->metric);
	*view = (struct ctl_view){0};
}

static void grow(struct ctl_view *view, size_t count)
{
	if (count <= view->count)
		return;
	view->metric = realloc(view->metric, count * sizeof(*view->metric));
	if (!view->metric)
		abort();
	memset(
	    view->metric + view->count, 0, (count - view->count) * sizeof(*view->metric));
	view->count = count;
}

static struct sl_slice keep(char **at, struct sl_slice text)
{
	struct sl_slice kept = {*at, text.len};

	memcpy(*at, text.data, text.len);
	*at += text.len;
	return kept;
}

int ctl_view_define(struct ctl_view *view, const struct sl_msg_metric_def *def)
{
	static const char prefix[] = "metrics.";

	if (def->id >= SL_MSG_METRICS_MAX)
		return SL_ETOOBIG;
	grow(view, (size_t)def->id + 1);
	struct ctl_metric *m = &view->metric[def->id];
	size_t topic_len = sizeof(prefix) - 1 + def->module.len + 1 + def->name.len;
	char *at =
	    malloc(def->tenant.len + topic_len + def->field.len + def->unit.len + 1);

	if (!at)
		abort();
	if (!m->known)
		m->newest = (struct sl_msg_metric){.id = def->id, .value = NAN};
	free(m->text);
	m->known = true;
	m->text = at;
	m->tenant = keep(&at, def->tenant);
	m->topic.data = at;
	m->topic.len = topic_len;
	memcpy(at, prefix, sizeof(prefix) - 1);
	at += sizeof(prefix) - 1;
	m->module = keep(&at, def->module);
	*at++ = '.';
	m->name = keep(&at, def->name);
	m->field = keep(&at, def->field);
	m->unit = keep(&at, def->unit);
	m->in_snapshot = def->in_snapshot;
	m->is_status = def->is_status;
	return 0;
}

const struct ctl_metric *ctl_view_update(
    struct ctl_view *view, const struct sl_msg_metric *metric)
{
	struct ctl_metric *m =
	    metric->id < view->count ? &view->metric[metric->id] : NULL;

	if (!m || !m->known || metric->ts_us < m->newest.ts_us)
		return NULL;
	m->newest = *metric;
	return m;
}

const char *ctl_view_status(uint8_t status)
{
	static const char *const words[] = {"healthy", "warning", "critical"};

	return status < 3 ? words[status] : "?";
}
