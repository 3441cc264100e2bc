/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of options: text to member and back.  config.c's helper. */
#ifndef SL_CONFIG_VALUE_H
#define SL_CONFIG_VALUE_H

#include "config.h"

/*
 * sl_config_value_store reads text as the option's row says and writes it to
 * the member at base + option->offset; what was there before is not freed.
 * bare as in sl_config_parse_duration; the members of a list are separated by
 * commas, a backslash keeps the next character as it is.  Returns 0 or SL_EINVAL: then
 * the member is untouched.
 */
int sl_config_value_store(
    const struct sl_option *option, const char *text, const char *bare, void *base);

/* sl_config_value_clear frees what the member at base + option->offset owns. */
void sl_config_value_clear(const struct sl_option *option, void *base);

/* sl_config_value_text appends the member as it would stand in the file. */
void sl_config_value_text(
    const struct sl_option *option, const void *base, struct sl_buf *out);

/* sl_config_value_name appends a member of a list, with backslashes where needed. */
void sl_config_value_name(struct sl_buf *out, const char *name);

/* sl_config_value_allowed appends what is allowed: "a whole number from 1 to 9". */
void sl_config_value_allowed(const struct sl_option *option, struct sl_buf *out);

#endif
