/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

const char *sl_strerror(int error)
{
	switch (error) {
	case SL_OK:
		return "ok";
#define X(name, value, text)                                                             \
	case name:                                                                       \
		return text;
		SL_ERROR_TABLE(X)
#undef X
	default:
		return "unknown error";
	}
}
