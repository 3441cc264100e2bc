/* SPDX-License-Identifier: Apache-2.0 */
/* The open alerts of one tenant in the mirror. */
#ifndef GW_MIRROR_ALERT_H
#define GW_MIRROR_ALERT_H

#include <stdint.h>

#include "mirror.h"

/*
 * gw_mirror_alert_take takes an alert's newest state: an active one is kept
 * (its body copied), a resolved one goes.  mark is what
 * gw_mirror_alert_sweep looks for.  A body that is no alert is ignored.
 */
void gw_mirror_alert_take(struct gw_tenant *tenant, const struct sl_entry *entry,
    uint64_t module, uint64_t mark);

/* gw_mirror_alert_sweep drops the alerts that do not bear the mark. */
void gw_mirror_alert_sweep(struct gw_tenant *tenant, uint64_t mark);

/* gw_mirror_alert_clear drops all. */
void gw_mirror_alert_clear(struct gw_tenant *tenant);

/* gw_mirror_alert_find returns an open alert by its id; NULL if there is none. */
const struct gw_alert *gw_mirror_alert_find(
    const struct gw_tenant *tenant, const char *id, size_t len);

/* gw_mirror_alert_body returns its JSON object. */
static inline struct sl_slice gw_mirror_alert_body(const struct gw_alert *alert)
{
	return (struct sl_slice){alert->text + alert->id_len, alert->body_len};
}

#endif
