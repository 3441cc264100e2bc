// SPDX-License-Identifier: Apache-2.0
// The pure parts of the Node hooks: ids, payloads, verdicts, settings, the queue.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const HOME = fileURLToPath(new URL("../../hooks/node/", import.meta.url));
const { EMITTERS } = require(join(HOME, "lib/emitter.js"));
const { uuid7 } = require(join(HOME, "lib/ident.js"));
const { event, payload } = require(join(HOME, "lib/plain.js"));
const { Queue } = require(join(HOME, "lib/queue.js"));
const { DEFAULTS, problem, read } = require(join(HOME, "lib/settings.js"));
const { backoff, judge, retryAfter } = require(join(HOME, "lib/verdict.js"));

const range = (count) => Array.from({ length: count }, (_, n) => n);

test("ids are UUIDs of version 7 and sort by their making", () => {
	const ids = Array.from({ length: 10000 }, () => uuid7());
	assert.deepEqual([...new Set(ids)].sort(), ids);
	for (const id of ids.slice(0, 100))
		assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("what is far too large is refused before it is copied", () => {
	const large = 2 ** 20;
	let read = 0;
	const map = new Map();
	map[Symbol.iterator] = function* () {
		for (; read < large; read++)
			yield [read, read];
	};
	const buffer = Buffer.alloc(large);
	buffer.toJSON = () => {
		read = large;
		return [];
	};
	const object = Object.defineProperty({ ...range(5000) }, "4999", { enumerable: true, get() { read = large; } });
	for (const a of [new Uint8Array(large), buffer, map, new Array(large), object])
		assert.throws(() => payload({ a }), /more than 4096 values/);
	assert.ok(read < 5000, `${read} were read`);
});

test("a payload is the nearest thing that passes", () => {
	const found = JSON.parse(payload({
		date: new Date(0), big: 2n ** 70n, small: 5n, nan: NaN, map: new Map([["a", 1]]), set: new Set([1]), nul: "a\0b",
		half: "\ud800x", none: null, missing: undefined, call() {}, deep: { none: null }, list: [undefined, Infinity],
		text: "Grüße 😀", ["__proto__"]: 1, error: Object.assign(new Error("boom"), { stack: "s" }),
	}));
	assert.deepEqual(found, JSON.parse(`{"date":"1970-01-01T00:00:00.000Z","big":"1180591620717411303424","small":5,
		"map":{"a":1},"set":[1],"nul":"ab","half":"\ufffdx","deep":{"none":null},"list":[null,null],
		"text":"Grüße 😀","__proto__":1,"error":{"name":"Error","message":"boom","stack":"s"}}`));
	const endless = {};
	endless.self = endless;
	for (const wrong of [endless, { a: "x".repeat(70000) }, { a: range(5000) }, [], null, "text"])
		assert.throws(() => payload(wrong));
	assert.deepEqual(JSON.parse(payload({ a: new Uint8Array([1, 2]) })), { a: { 0: 1, 1: 2 } });
	assert.throws(() => event("a.b", "i", {}, new Date(NaN)));
	assert.throws(() => event("a.b", "i", {}, undefined, "everyone"));
});

test("a verdict is final only on a clear word", () => {
	const short = (...given) => {
		const { action, count = 0 } = judge(...given);
		return `${action} ${count}`;
	};
	assert.deepEqual([short(202, "", 5), short(409, "", 5), short(422, "events[3]: no", 5), short(422, "events[0]: no", 5),
		short(422, "events[0]: its time is more than 5 s ahead", 5), short(422, "events[9]: no", 5), short(422, "?", 1),
		short(413, "", 2), short(413, "", 1)],
	["taken 0", "taken 0", "fewer 3", "drop 0", "undate 0", "fewer 2", "drop 0", "fewer 1", "drop 0"]);
	for (const status of [200, 204, 301, 401, 403, 404, 408, 429, 500, 502, 503])
		assert.equal(judge(status, "", 5).action, "later");
});

test("Retry-After is read in both forms and bounded, back-off doubles with jitter", () => {
	const now = 90000;
	assert.deepEqual(["7", "99999999999999", "Thu, 01 Jan 1970 00:01:40 GMT", "Thu, 01 Jan 1970 00:00:10 GMT", "-3", "soon",
		"Jan 2027", undefined].map((text) => retryAfter(text, now)), [7, 300, 10, 0, 0, 0, 0, 0]);
	assert.deepEqual([1, 2, 3, 4, 5, 500].map((n) => backoff(n, 0.1, 1, () => 1)), [0.1, 0.2, 0.4, 0.8, 1, 1]);
	assert.equal(backoff(3, 0.1, 1, () => 0), 0.2);
});

test("settings come from options, then the environment", () => {
	const found = read({ eventsMax: 7 }, { SIGHTLINE_HOOKS_EVENTS_MAX: "5", SIGHTLINE_HOOKS_EXIT_S: "1.5", SIGHTLINE_HOOKS_SECRET: "s" });
	assert.deepEqual([found.eventsMax, found.exitS, found.secret], [7, 1.5, "s"]);
	assert.throws(() => read({}, { SIGHTLINE_HOOKS_EVENTS_MAX: "many" }), /SIGHTLINE_HOOKS_EVENTS_MAX/);
	assert.throws(() => read({ nonsense: 1 }, {}), /nonsense/);
	for (const wrong of [{}, { secret: "a\nb" }, { secret: "s", url: "ftp://x" }, { secret: "s", url: "no" }, { secret: "s", eventsMax: 0 }])
		assert.ok(problem({ ...DEFAULTS, ...wrong }));
});

test("the queue is bounded in items and bytes and refuses the newest", () => {
	const few = new Queue(3, 1000);
	assert.deepEqual(range(5).map(() => few.put("x")), [true, true, true, false, false]);
	const small = new Queue(10, 10);
	assert.deepEqual([small.put("ääää"), small.put("yy"), small.put("z")], [true, true, false]);
	assert.deepEqual([small.first(10, 8), small.first(1, 100), small.first(9, 1)], [["ääää"], ["ääää"], ["ääää"]]);
	small.settle(1);
	small.replaceFirst("zzz");
	assert.deepEqual([small.bytes, small.length, small.first(9, 99)], [3, 1, ["zzz"]]);
	const long = new Queue(1e6, 1e9);
	for (const n of range(5000))
		long.put(String(n));
	for (const n of range(5000)) {
		assert.deepEqual(long.first(1, 99), [String(n)]);
		long.settle(1);
	}
	assert.ok(long.items.length < 3000 && long.bytes === 0);
});

test("each type of document 002 in the catalog has its emitter and its declaration", () => {
	const catalog = readFileSync(join(HOME, "../../etc/catalog.conf"), "utf8");
	const types = [...catalog.matchAll(/^event "((?:analytics|content|user|settings|project)\.\w+|system\.(?:health_check|error|maintenance))"/gm)];
	assert.deepEqual(Object.values(EMITTERS).sort(), types.map((found) => found[1]).sort());
	const declared = readFileSync(join(HOME, "index.d.ts"), "utf8");
	for (const method of Object.keys(EMITTERS))
		assert.match(declared, new RegExp(`\\b${method}\\(`));
});
