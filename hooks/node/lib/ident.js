// SPDX-License-Identifier: Apache-2.0
"use strict";
const { randomBytes } = require("node:crypto");

let last = 0;
let within = 0;

/**
 * A UUID of version 7 (RFC 9562, 5.7, method 1): ids of one thread sort by their making,
 * by a counter within a millisecond.  Threads and processes differ by 62 random bits.
 */
function uuid7(nowMs = Date.now()) {
	if (nowMs > last) {
		last = nowMs;
		within = 0;
	} else if (++within > 0xfff) {
		last += 1; // more than 4096 in a millisecond borrow from the next
		within = 0;
	}
	const bytes = randomBytes(16);
	bytes.writeUIntBE(last, 0, 6);
	bytes.writeUInt16BE(0x7000 | within, 6);
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	const hex = bytes.toString("hex");
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

module.exports = { uuid7 };
