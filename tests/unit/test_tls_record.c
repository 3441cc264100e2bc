/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "error.h"
#include "tls_record.h"

static struct sl_tls_record *record;

static void setup(void)
{
	record = sl_tls_record_new();
}

static void teardown(void)
{
	sl_tls_record_free(record);
}

static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; text[0] && text[1]; text += 2)
		sscanf(text, "%2hhx", &out[n++]);
	return n;
}

/* RFC 8448, section 3: the traffic secrets of a handshake, and what they protected. */
#define CLIENT_SECRET "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER_SECRET "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
#define CLIENT_RECORD                                                                    \
	"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b" \
	"395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
#define SERVER_RECORD                                                                    \
	"17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6" \
	"dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"

static struct sl_tls_keys keys_of(const char *secret, uint64_t seq)
{
	struct sl_tls_keys keys;
	uint8_t bytes[32];

	ck_assert_uint_eq(unhex(secret, bytes), 32);
	ck_assert_int_eq(sl_tls_keys_init(&keys, SL_TLS_AES_128_GCM, bytes, 32, seq), 0);
	return keys;
}

START_TEST(derives_the_keys_of_rfc_8448)
{
	struct sl_tls_keys client = keys_of(CLIENT_SECRET, 0);
	uint8_t key[16], iv[12];

	unhex("17422dda596ed5d9acd890e3c63f5051", key);
	unhex("5b78923dee08579033e523d9", iv);
	ck_assert_mem_eq(client.key, key, sizeof key);
	ck_assert_mem_eq(client.iv, iv, sizeof iv);
}
END_TEST

START_TEST(opens_and_seals_the_records_of_rfc_8448)
{
	struct sl_tls_keys client = keys_of(CLIENT_SECRET, 0);
	struct sl_tls_keys server = keys_of(SERVER_SECRET, 1); /* behind a ticket */
	uint8_t data[128], out[128], text[50], type;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)i;
	size_t len = unhex(CLIENT_RECORD, data);
	ck_assert_int_eq(sl_tls_record_size(data, len), (int)len);
	ck_assert_int_eq(sl_tls_record_open(record, &client, data, len, out, &type), 50);
	ck_assert_uint_eq(type, SL_TLS_APPLICATION);
	ck_assert_mem_eq(out, text, sizeof text);

	struct iovec pieces[3] = {{text, 7}, {text, 0}, {text + 7, 43}};
	len = unhex(SERVER_RECORD, data);
	ck_assert_uint_eq(sl_tls_record_seal(record, &server, SL_TLS_APPLICATION, pieces,
			      0, sizeof text, out),
	    len);
	ck_assert_mem_eq(out, data, len);
}
END_TEST

static const uint16_t suites[] = {
    SL_TLS_AES_128_GCM, SL_TLS_AES_256_GCM, SL_TLS_CHACHA20_POLY1305};

static void both_ends(uint16_t suite, struct sl_tls_keys *out, struct sl_tls_keys *in)
{
	uint8_t secret[48];
	size_t len = suite == SL_TLS_AES_256_GCM ? 48 : 32;

	memset(secret, suite & 0xff, sizeof secret);
	ck_assert_int_eq(sl_tls_keys_init(out, suite, secret, len, 3), 0);
	ck_assert_int_eq(sl_tls_keys_init(in, suite, secret, len, 3), 0);
	ck_assert_int_eq(sl_tls_keys_init(in, suite, secret, len - 1, 3), SL_EINVAL);
	ck_assert_int_eq(sl_tls_keys_init(in, suite, secret, len, 3), 0);
}

START_TEST(what_is_sealed_in_pieces_is_opened_whole)
{
	struct sl_tls_keys out, in;
	static uint8_t text[SL_TLS_RECORD_TEXT_MAX], sealed[SL_TLS_RECORD_OUT_MAX],
	    opened[SL_TLS_RECORD_OUT_MAX];
	uint8_t type;

	both_ends(suites[_i], &out, &in);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7);
	struct iovec pieces[4] = {
	    {text, 100}, {text + 100, 1}, {text + 101, 5000}, {text + 5101, 11283}};
	for (size_t offset = 0; offset < 5200; offset += 1299) {
		size_t len = sizeof text - offset;
		size_t n = sl_tls_record_seal(
		    record, &out, SL_TLS_APPLICATION, pieces, offset, len, sealed);
		ck_assert_uint_eq(n, SL_TLS_RECORD_HEAD + len + 17);
		ck_assert_int_eq(
		    sl_tls_record_open(record, &in, sealed, n, opened, &type), (int)len);
		ck_assert_mem_eq(opened, text + offset, len);
		sl_tls_keys_update(&out);
		sl_tls_keys_update(&in);
	}
}
END_TEST

START_TEST(one_changed_bit_or_another_place_in_the_order_is_refused)
{
	struct sl_tls_keys out, in, former;
	uint8_t sealed[64], opened[64], type;
	struct iovec piece = {"hello", 5};

	both_ends(suites[_i], &out, &in);
	size_t n =
	    sl_tls_record_seal(record, &out, SL_TLS_APPLICATION, &piece, 0, 5, sealed);
	for (size_t bit = 5 * 8; bit < n * 8; bit++) {
		former = in;
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(
		    sl_tls_record_open(record, &former, sealed, n, opened, &type),
		    SL_EMALFORMED);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(sl_tls_record_open(record, &in, sealed, n, opened, &type), 5);
	ck_assert_int_eq(
	    sl_tls_record_open(record, &in, sealed, n, opened, &type), SL_EMALFORMED);
}
END_TEST

START_TEST(only_padding_is_refused_and_padding_is_taken_off)
{
	struct sl_tls_keys out, in;
	uint8_t sealed[64], opened[64], type;
	struct iovec piece = {"hi\x17\0\0\0", 6};

	both_ends(SL_TLS_AES_128_GCM, &out, &in);
	/* The type 0 is padding, so the text's own last byte is read as the type. */
	size_t n = sl_tls_record_seal(record, &out, 0, &piece, 0, 6, sealed);
	ck_assert_int_eq(sl_tls_record_open(record, &in, sealed, n, opened, &type), 2);
	ck_assert_uint_eq(type, SL_TLS_APPLICATION);
	n = sl_tls_record_seal(record, &out, 0, &piece, 3, 3, sealed);
	ck_assert_int_eq(
	    sl_tls_record_open(record, &in, sealed, n, opened, &type), SL_EMALFORMED);
}
END_TEST

START_TEST(heads_are_judged_as_soon_as_they_can_be)
{
	uint8_t head[5] = {SL_TLS_APPLICATION, 3, 3, 0, 17};

	ck_assert_int_eq(sl_tls_record_size(head, 0), 0);
	ck_assert_int_eq(sl_tls_record_size(head, 4), 0);
	ck_assert_int_eq(sl_tls_record_size(head, 5), 22);
	head[4] = 16; /* not even a type */
	ck_assert_int_eq(sl_tls_record_size(head, 5), SL_EMALFORMED);
	head[3] = 0x41; /* 2^14 + 256 and one more */
	head[4] = 0;
	ck_assert_int_eq(sl_tls_record_size(head, 5), SL_TLS_RECORD_IN_MAX);
	head[4] = 1;
	ck_assert_int_eq(sl_tls_record_size(head, 5), SL_ETOOBIG);
	head[0] = 'G';
	ck_assert_int_eq(sl_tls_record_size(head, 1), SL_EMALFORMED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tls_record");
	TCase *tc = tcase_create("records");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, derives_the_keys_of_rfc_8448);
	tcase_add_test(tc, opens_and_seals_the_records_of_rfc_8448);
	tcase_add_loop_test(tc, what_is_sealed_in_pieces_is_opened_whole, 0, 3);
	tcase_add_loop_test(
	    tc, one_changed_bit_or_another_place_in_the_order_is_refused, 0, 3);
	tcase_add_test(tc, only_padding_is_refused_and_padding_is_taken_off);
	tcase_add_test(tc, heads_are_judged_as_soon_as_they_can_be);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
