/* SPDX-License-Identifier: Apache-2.0 */
#include "load_options.h"

#include <errno.h>
#include <sightline/collector.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"
#include "source.h"

/* Reads a flag that is a number of things or seconds; *out stays where it is not given.
 */
static int number_flag(
    const struct sl_args *args, const char *name, double max, double *out)
{
	const char *text = sl_args_get(args, name);
	char *end;

	if (text == NULL)
		return EX_OK;
	errno = 0;
	double value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !(value >= 0 && value <= max)) {
		sl_log_error(
		    "args", "--%s is \"%s\", allowed are 0 to %.0f", name, text, max);
		return EX_USAGE;
	}
	*out = value;
	return EX_OK;
}

static void take_section(const struct sl_process *process, struct col_load_options *out)
{
	const struct sl_config_collector *section = col_source_section(process);

	out->event_type = "bench.tick";
	out->payload_bytes = 100;
	if (section == NULL)
		return;
	out->metrics = (uint32_t)section->synthetic.metrics;
	out->rate = section->synthetic.rate;
	out->events = section->synthetic.events;
	out->seconds = section->synthetic.seconds;
	out->event_type = section->synthetic.event_type;
	out->payload_bytes = (size_t)section->synthetic.payload_bytes;
}

static int take_flags(const struct sl_args *args, struct col_load_options *out)
{
	double metrics = out->metrics, payload = (double)out->payload_bytes;
	int code = number_flag(args, "metrics", SIGHTLINE_METRICS_MAX, &metrics);

	if (code == EX_OK)
		code = number_flag(args, "rate", 1e9, &out->rate);
	if (code == EX_OK)
		code = number_flag(args, "events", 1e9, &out->events);
	if (code == EX_OK)
		code =
		    number_flag(args, "payload-bytes", SIGHTLINE_PAYLOAD_MAX, &payload);
	if (code == EX_OK)
		code = number_flag(args, "seconds", 1e9, &out->seconds);
	if (sl_args_get(args, "event-type") != NULL)
		out->event_type = sl_args_get(args, "event-type");
	out->metrics = (uint32_t)metrics;
	out->payload_bytes = (size_t)payload;
	return code;
}

int col_load_options_read(const struct sl_process *process, struct col_load_options *out)
{
	*out = (struct col_load_options){.name = col_source_name(process)};
	take_section(process, out);
	return take_flags(&process->args, out);
}
