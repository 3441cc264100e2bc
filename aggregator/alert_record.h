/* SPDX-License-Identifier: Apache-2.0 */
/* An alert as bytes, for the state table. */
#ifndef AGG_ALERT_RECORD_H
#define AGG_ALERT_RECORD_H

#include <stddef.h>

#include "alert.h"

/* Largest record. */
#define AGG_ALERT_RECORD_MAX 2048

/* agg_alert_record_pack writes an alert and returns the record's length. */
size_t agg_alert_record_pack(
    const struct agg_alert *alert, unsigned char out[AGG_ALERT_RECORD_MAX]);

/*
 * agg_alert_record_read reads one record of exactly len bytes.  Pure; the
 * bytes may be anything.  Returns 0, SL_EVERSION or SL_ECORRUPT.
 */
int agg_alert_record_read(const void *data, size_t len, struct agg_alert *alert);

#endif
