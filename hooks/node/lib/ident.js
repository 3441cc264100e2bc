// SPDX-License-Identifier: Apache-2.0
"use strict";
const { randomFillSync } = require("node:crypto");

const chance = Buffer.alloc(8192); // asked for at once: each call costs more than its bytes
let used = chance.length;
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
	if (used === chance.length) {
		randomFillSync(chance);
		used = 0;
	}
	chance[used] = (chance[used] & 0x3f) | 0x80;
	const head = last.toString(16).padStart(12, "0");
	const tail = chance.toString("hex", used, used + 8);
	used += 8;
	return `${head.slice(0, 8)}-${head.slice(8)}-${(0x7000 | within).toString(16)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

module.exports = { uuid7 };
