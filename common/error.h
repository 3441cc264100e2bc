/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes shared by every process: one table, one text each. */
#ifndef SL_ERROR_H
#define SL_ERROR_H

/*
 * Functions that can fail return 0 or one of these negative codes; results
 * go through out-parameters.  Codes are stable only within one build: they
 * never travel on the wire.
 */
#define SL_ERROR_TABLE(X)                                                                \
	X(SL_EFULL, -1, "no space left in a bounded buffer")                             \
	X(SL_EAGAIN, -2, "not now, try again")                                           \
	X(SL_EINVAL, -3, "invalid value")                                                \
	X(SL_EMALFORMED, -4, "malformed input")                                          \
	X(SL_ETOOBIG, -5, "larger than the limit")                                       \
	X(SL_ENOTFOUND, -6, "not found")                                                 \
	X(SL_EEXIST, -7, "exists already")                                               \
	X(SL_EDENIED, -8, "not permitted")                                               \
	X(SL_EVERSION, -9, "version not supported")                                      \
	X(SL_ECORRUPT, -10, "stored data is corrupt")                                    \
	X(SL_ETIMEOUT, -11, "timed out")                                                 \
	X(SL_ECLOSED, -12, "closed by the peer")                                         \
	X(SL_ENOMEM, -13, "out of memory")                                               \
	X(SL_ESYS, -14, "system call failed")                                            \
	X(SL_EGAP, -15, "what was asked for is no longer kept")

enum sl_error {
	SL_OK = 0,
#define X(name, value, text) name = (value),
	SL_ERROR_TABLE(X)
#undef X
};

/*
 * sl_strerror returns the text of an error code: a static string, never
 * NULL, "unknown error" for values outside the table.
 */
const char *sl_strerror(int error);

#endif
