/* SPDX-License-Identifier: Apache-2.0 */
/* What senders give the webhook collector: the first byte chooses the parser. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "collectors/hook_form.h"
#include "collectors/hook_sign.h"
#include "json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct col_batch_rules rules;
static struct col_hook_secrets secrets;

static void prepare(void)
{
	static const char catalog[] = "module \"m\" { title = \"M\" }\n"
				      "event \"orders.created\" { module = m fields = "
				      "{\"id:any\", \"at:time?\"} }\n"
				      "event \"github.>\" { module = m }\n"
				      "event \"workflow.>\" { module = m }\n"
				      "event \"system.>\" { module = m }\n"
				      "metric \"queue_size\" { module = m }\n"
				      "role \"all\" { modules = {all} }\n";
	static const char secret[] = "a secret of the fuzzer\n";
	struct sl_catalog *parsed;
	struct sl_buf error = {0};
	char why[COL_HOOK_SECRET_ERROR];

	if (rules.catalog != NULL)
		return;
	if (sl_catalog_parse("fuzz", catalog, &parsed, &error) != 0 ||
	    col_hook_secret_parse(
		&secrets, (struct sl_slice){secret, sizeof(secret) - 1}, why) != 0)
		abort();
	rules = (struct col_batch_rules){.catalog = parsed,
	    .modules = sl_catalog_all_modules(parsed),
	    .now_ns = 1700000000 * SL_NS_PER_S};
}

/* What was accepted is what the aggregator accepts. */
static void check(const struct col_batch *batch, int rc)
{
	if (rc != 0) {
		if (batch->error[0] == '\0')
			abort();
		return;
	}
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct col_batch_event *event = &batch->event[i];
		if (event->payload_bytes > SIGHTLINE_PAYLOAD_MAX ||
		    sl_json_check_object(col_batch_text(batch, event->payload_at),
			event->payload_bytes) != 0)
			abort();
	}
	for (size_t i = 0; i < batch->sample_count; i++) {
		const char *at = col_batch_text(batch, batch->sample[i].labels_at);
		for (size_t n = 0; n < 2 * batch->sample[i].label_count; n++)
			at += strlen(at) + 1;
		if (at > batch->text.data + batch->text.len)
			abort();
	}
}

/* The text is split at line ends into the fields of a claim. */
static void fuzz_sign(struct sl_slice text)
{
	struct col_hook_claim claim = {.body = text,
	    .now_ns = 1700000000 * SL_NS_PER_S,
	    .tolerance_ns = SL_NS_PER_S};
	struct sl_slice *const slots[] = {&claim.authorization, &claim.hub_signature,
	    &claim.id, &claim.timestamp, &claim.signature};
	struct col_hook_proof proof;

	for (size_t i = 0; i < 5 && text.len > 0; i++) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
		if (len > 0)
			*slots[i] = (struct sl_slice){text.data, len};
		text.data += end != NULL ? len + 1 : len;
		text.len -= end != NULL ? len + 1 : len;
	}
	/* Nobody guesses a MAC; the secret itself may be in the corpus. */
	if (col_hook_sign_check(&secrets, &claim, &proof) == COL_HOOK_SIGN_OK &&
	    proof.is_signed)
		abort();
}

static void fuzz_binary(struct col_batch *batch, struct sl_slice text)
{
	static const char version[] = "1.0", type[] = "orders.created";
	struct col_batch_cloudevent cloud = {.specversion = {version, 3},
	    .type = {type, sizeof(type) - 1},
	    .source = text,
	    .id = text,
	    .text = text};

	check(batch, col_batch_form_cloudevent(batch, &rules, &cloud, "the event"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct col_batch batch;
	struct col_hook_secrets set;
	char error[COL_HOOK_SECRET_ERROR];

	if (size == 0)
		return 0;
	prepare();
	/* A copy of exactly this size, so that a read past its end is seen. */
	char *copy = malloc(size - 1 > 0 ? size - 1 : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	struct sl_slice text = {copy, size - 1};
	col_batch_reset(&batch);
	switch (data[0] % 7) {
	case 0:
		check(&batch, col_batch_form_json(&batch, &rules, text));
		break;
	case 1:
		check(&batch, col_hook_form_n8n(&batch, &rules, text));
		break;
	case 2:
		check(&batch, col_hook_form_alertmanager(&batch, &rules, text));
		break;
	case 3:
		check(&batch, col_hook_form_github(&batch, &rules, text,
				  (struct sl_slice){text.data, text.len % 8}));
		break;
	case 4:
		fuzz_binary(&batch, text);
		break;
	case 5:
		fuzz_sign(text);
		break;
	default:
		if (col_hook_secret_parse(&set, text, error) == 0)
			col_hook_secret_clear(&set);
	}
	free(copy);
	return 0;
}
