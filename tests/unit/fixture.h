/* SPDX-License-Identifier: Apache-2.0 */
/* Captured files that tests read: tests/unit/fixtures/. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "entry.h"

/* Longest fixture. */
#define FIXTURE_MAX 16384

/*
 * fixture_read returns the contents of a file below fixtures/, in memory that
 * the next call overwrites.  Fails the test if there is no such file.
 */
static inline struct sl_slice fixture_read(const char *name)
{
	static char data[FIXTURE_MAX];
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	size_t len = fread(data, 1, sizeof(data), file);
	ck_assert_uint_lt(len, sizeof(data));
	fclose(file);
	return (struct sl_slice){data, len};
}

/* fixture_text makes a slice of a C string. */
static inline struct sl_slice fixture_text(const char *text)
{
	return (struct sl_slice){text, strlen(text)};
}

#endif
