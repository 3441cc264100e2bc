// SPDX-License-Identifier: Apache-2.0
"use strict";

/**
 * Events that wait to be sent: bounded in number and bytes, the newest refused when full.
 * An item stays at its place until it is settled, sent or dropped, always the first ones:
 * who waits for everything up to now only compares two counters.
 */
class Queue {
	constructor(itemsMax, bytesMax) {
		this.itemsMax = itemsMax;
		this.bytesMax = bytesMax;
		this.items = [];
		this.head = 0; // items before it are settled
		this.bytes = 0;
		this.putCount = 0; // ever taken in
		this.settledCount = 0; // of these, sent or dropped
		this.closed = false;
	}

	get length() {
		return this.items.length - this.head;
	}

	/** Takes text in; false if there is no room, or never again. */
	put(item) {
		const bytes = Buffer.byteLength(item);
		if (this.closed || this.length >= this.itemsMax || this.bytes + bytes > this.bytesMax)
			return false;
		this.items.push({ item, bytes });
		this.bytes += bytes;
		this.putCount++;
		return true;
	}

	/** The first items within these bounds, at least one if there is any. */
	first(itemsMax, bytesMax) {
		const found = [];
		let size = 0;
		for (let at = this.head; at < this.items.length; at++) {
			size += this.items[at].bytes;
			if (found.length > 0 && (found.length >= itemsMax || size > bytesMax))
				break;
			found.push(this.items[at].item);
		}
		return found;
	}

	/** The first count items are done with. */
	settle(count) {
		for (let i = 0; i < count; i++) {
			this.bytes -= this.items[this.head].bytes;
			this.items[this.head++] = undefined;
		}
		this.settledCount += count;
		if (this.head > 1024 && this.head * 2 > this.items.length) {
			this.items = this.items.slice(this.head);
			this.head = 0;
		}
	}

	/** Another in the place of the first. */
	replaceFirst(item) {
		const bytes = Buffer.byteLength(item);
		this.bytes += bytes - this.items[this.head].bytes;
		this.items[this.head] = { item, bytes };
	}
}

module.exports = { Queue };
