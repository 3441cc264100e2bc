// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * Values of an application as JSON that the collector takes: at once, as they may change
 * later; bounded; what JSON or the collector would refuse becomes the nearest thing that
 * passes.
 */

const DEPTH_MAX = 16;
const VALUES_MAX = 4096;
const BYTES_MAX = 65536; // of a payload

/** A value that no event can carry; its message says why. */
class Unfit extends Error {}

/** What a value says of itself, whatever it is: for a message. */
function words(value) {
	try {
		return String(value);
	} catch { // its own methods fail, or it has none
		return "something without words";
	}
}

/** Text without NUL and without halves of surrogate pairs, which are no text. */
function text(value) {
	if (!/[\0\ud800-\udfff]/.test(value)) // nearly always
		return value;
	return value
		.replaceAll("\0", "")
		.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

function scalar(value) {
	switch (typeof value) {
	case "string":
		return text(value);
	case "number":
		return Number.isFinite(value) ? value : null;
	case "bigint":
		return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
	case "boolean":
		return value;
	default:
		return undefined; // functions, symbols, undefined: left out, as by JSON.stringify
	}
}

function tooMany() {
	return new Unfit(`more than ${VALUES_MAX} values`);
}

/* One by one: who has too many of them is refused before all were copied. */
function* members(value) {
	if (value instanceof Map) {
		for (const [name, member] of value)
			yield [String(name), member];
		return;
	}
	if (value instanceof Error)
		yield* [["name", value.name], ["message", value.message], ["stack", value.stack]];
	for (const name of Object.keys(value))
		yield [name, value[name]];
}

function walk(value, depth, budget) {
	if (--budget.left < 0)
		throw tooMany();
	/* A list of its bytes would be made first, by toJSON or Object.keys. */
	if (ArrayBuffer.isView(value) && value.byteLength > budget.left)
		throw tooMany();
	if (value !== null && typeof value === "object" && typeof value.toJSON === "function")
		value = value.toJSON();
	if (value === null)
		return null;
	if (typeof value !== "object")
		return scalar(value);
	if (depth >= DEPTH_MAX)
		throw new Unfit(`more than ${DEPTH_MAX} levels`);
	if (Array.isArray(value) || value instanceof Set)
		return Array.from(value, (item) => walk(item, depth + 1, budget) ?? null);
	const found = {};
	for (const [name, member] of members(value)) {
		const plain = walk(member, depth + 1, budget);
		// Object.defineProperty's meaning, or "__proto__" would vanish.
		if (plain !== undefined)
			Object.defineProperty(found, text(name), { value: plain, enumerable: true, configurable: true, writable: true });
	}
	return found;
}

/** RFC 3339 of a Date, of milliseconds, or of text that is one already. */
function moment(value) {
	return typeof value === "string" ? value : new Date(value).toISOString();
}

/**
 * An object as JSON text; members that are null or undefined are left out.  Throws
 * Unfit, or whatever the object's own methods throw.
 */
function payload(values) {
	const found = walk(values, 0, { left: VALUES_MAX });
	if (found === null || typeof found !== "object" || Array.isArray(found))
		throw new Unfit("the payload is no object");
	for (const name of Object.keys(found))
		if (found[name] === null)
			delete found[name];
	const json = JSON.stringify(found);
	const bytes = Buffer.byteLength(json);
	if (bytes > BYTES_MAX)
		throw new Unfit(`a payload of ${bytes} bytes, at most ${BYTES_MAX} are taken`);
	return json;
}

/** An event as the collector takes it, as JSON text. */
function event(type, id, values, time, audience) {
	const head = { type: text(String(type)), id: text(String(id)), time: moment(time ?? Date.now()) };
	if (audience !== undefined && audience !== null) {
		if (typeof audience !== "object")
			throw new Unfit("an audience is {sub} or {role}");
		head.audience = Object.fromEntries(Object.entries(audience).map(([k, v]) => [k, text(String(v))]));
	}
	return `${JSON.stringify(head).slice(0, -1)},"payload":${payload(values)}}`;
}

module.exports = { BYTES_MAX, DEPTH_MAX, VALUES_MAX, Unfit, event, moment, payload, words };
