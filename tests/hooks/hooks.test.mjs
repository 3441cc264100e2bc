// SPDX-License-Identifier: Apache-2.0
// The Node hooks: every event that they take arrives once, in order, whatever the
// collector answers and however a program ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const HOME = fileURLToPath(new URL("../../hooks/node/", import.meta.url));
const { Sender } = require(join(HOME, "lib/sender.js"));
const { DEFAULTS, secretOf } = require(join(HOME, "lib/settings.js"));
const SECRET = "a secret of the tests of hooks";

process.on("warning", () => {});

/** Answers as a test wants: answers, then always; undefined is 202, "cut" closes. */
class Collector {
	static async open() {
		const made = new Collector();
		Object.assign(made, { answers: [], always: undefined, requests: [], taken: [], secret: SECRET, known: new Set() });
		made.server = http.createServer((request, response) => made.handle(request, response));
		await new Promise((resolve) => { made.server.listen(0, "127.0.0.1", resolve); });
		made.url = `http://127.0.0.1:${made.server.address().port}/v1/events`;
		return made;
	}

	async handle(request, response) {
		const chunks = [];
		for await (const chunk of request)
			chunks.push(chunk);
		const { events } = JSON.parse(Buffer.concat(chunks).toString());
		this.requests.push(events);
		let answer = this.answers.length > 0 ? this.answers.shift() : this.always;
		if (typeof answer === "function")
			answer = answer(events);
		if (answer === undefined && request.headers.authorization !== `Bearer ${this.secret}`)
			answer = [401, {}, "wrong secret"];
		if (answer === "cut")
			request.socket.destroy();
		if (answer === "cut" || answer === "silence")
			return;
		const [status, fields, detail] = answer ?? [202, {}, ""];
		if (answer === undefined)
			for (const one of events)
				if (!this.known.has(one.id)) {
					this.known.add(one.id);
					this.taken.push(one);
				}
		response.writeHead(status, fields);
		response.end(JSON.stringify({ detail }));
	}

	numbers() {
		return this.taken.filter((one) => "n" in one.payload).map((one) => one.payload.n);
	}

	close() {
		this.server.closeAllConnections();
		this.server.close();
	}
}

/** A test with a collector and a factory of senders to it. */
function within(name, body) {
	test(name, { timeout: 60000 }, async () => {
		const collector = await Collector.open();
		const made = [];
		try {
			await body(collector, (settings = {}) => {
				made.push(new Sender({ ...DEFAULTS, url: collector.url, secret: SECRET, lingerS: 0.001, retryMinS: 0.01,
					retryMaxS: 0.02, ...settings }));
				return made.at(-1);
			});
		} finally {
			for (const sender of made)
				await sender.close(100);
			collector.close();
		}
	});
}

function emit(sender, numbers) {
	for (const n of numbers)
		assert.ok(sender.emit("bench.hooks", { n }));
}

const range = (count) => Array.from({ length: count }, (_, n) => n);

// -- sending ------------------------------------------------------------------------------

within("events go in batches and in order", async (collector, make) => {
	const sender = make({ lingerS: 5 });
	emit(sender, range(2000));
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), range(2000));
	assert.ok(collector.requests.length < 20 && sender.figures().sent === 2000);
});

for (const failure of ["cut", [503, {}, ""], [500, {}, ""], [404, {}, ""], [200, {}, ""], [401, {}, ""]])
	within(`what was not taken is sent again with the same id: ${failure}`, async (collector, make) => {
		collector.answers = [failure, failure, failure];
		const sender = make();
		emit(sender, [1]);
		assert.ok(await sender.flush(20000));
		emit(sender, [2]);
		assert.ok(await sender.flush(20000));
		assert.deepEqual(collector.numbers(), [1, 2]);
		assert.equal(new Set(collector.requests.slice(0, 4).map(([one]) => one.id)).size, 1);
	});

within("Retry-After is honoured and firm", async (collector, make) => {
	const sender = make();
	const pauses = [];
	const pause = sender.pause;
	sender.pause = (ms, firm) => {
		pauses.push([ms, firm]);
		return pause.call(sender, 0, firm);
	};
	collector.answers = [[429, { "Retry-After": "7" }, ""], [503, {}, ""]];
	emit(sender, [1]);
	assert.ok(await sender.flush(20000));
	const [[asked, firm], [own, soft]] = pauses.slice(-2);
	assert.ok(asked >= 7000 && asked <= 8750 && firm && own <= 20 && !soft);
});

within("an event at fault is dropped and counted and the others arrive", async (collector, make) => {
	const bad = [0, 7, 8, 19];
	collector.always = (events) => {
		const place = events.findIndex((one) => bad.includes(one.payload.n));
		return place < 0 ? undefined : [422, {}, `events[${place}]: the catalog does not declare it`];
	};
	const sender = make({ lingerS: 5 });
	emit(sender, range(20));
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), range(20).filter((n) => !bad.includes(n)));
	assert.equal(sender.figures().dropped.refused, 4);
});

within("a type that the catalog lacks is asked for once in a while", async (collector, make) => {
	collector.always = (events) => {
		const place = events.findIndex((one) => one.type === "not.declared");
		return place < 0 ? undefined : [422, {}, `events[${place}]: the catalog does not declare the type not.declared`];
	};
	const sender = make({ lingerS: 5 });
	for (const n of range(1000))
		sender.emit(n % 3 === 0 ? "not.declared" : "bench.hooks", { n });
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), range(1000).filter((n) => n % 3 !== 0));
	assert.deepEqual([sender.figures().dropped.refused, sender.figures().sent], [334, 666]);
	assert.ok(collector.requests.length < 10);
	collector.always = undefined;
	for (const [type] of sender.muted)
		sender.muted.set(type, 0); // the time is over
	sender.emit("not.declared", { n: -2 });
	assert.ok(await sender.flush(20000));
	assert.equal(collector.numbers().at(-1), -2);
});

within("a batch that is too large is made smaller, what nobody can place is found", async (collector, make) => {
	collector.always = (events) => events.length > 3 ? [413, {}, ""]
		: events.some((one) => one.payload.n === 5) ? [400, {}, "line 1"] : undefined;
	const sender = make({ lingerS: 5 });
	emit(sender, range(20));
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), range(20).filter((n) => n !== 5));
});

within("with a clock ahead the collector stamps the event", async (collector, make) => {
	collector.always = ([one]) => one.time ? [422, {}, "events[0]: its time is more than 5 s ahead"] : undefined;
	const sender = make();
	emit(sender, [1]);
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), [1]);
});

within("a new secret is read from its file", async (collector, make) => {
	const folder = mkdtempSync(join(tmpdir(), "hooks-"));
	const secretFile = join(folder, "secret");
	writeFileSync(secretFile, "# of the test\nthe old secret\n");
	assert.equal(secretOf({ secret: "", secretFile }), "the old secret");
	const sender = make({ secret: "", secretFile });
	collector.always = () => {
		writeFileSync(secretFile, `${SECRET}\n`);
		collector.always = undefined;
		return [401, {}, "wrong secret"];
	};
	emit(sender, [1]);
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), [1]);
	rmSync(folder, { recursive: true });
});

within("a full queue refuses the newest, counts it and tells", async (collector, make) => {
	collector.always = [503, {}, ""];
	const sender = make({ eventsMax: 10, app: "shop" });
	assert.deepEqual(range(15).map((n) => sender.emit("bench.hooks", { n }) !== null), range(15).map((n) => n < 10));
	assert.equal(sender.figures().dropped.full, 5);
	collector.always = undefined;
	assert.ok(await sender.flush(20000));
	assert.ok(await sender.flush(20000));
	const [notice] = collector.taken.filter((one) => one.type === "system.source_gap");
	assert.equal(notice.payload.source, "shop");
	assert.match(notice.payload.reason, /^5 events dropped/);
	assert.deepEqual(collector.numbers(), range(10));
});

within("an object that cannot be read is dropped and nothing throws", async (collector, make) => {
	const sender = make();
	const evil = { get a() { throw new Error("no"); } };
	for (const values of [evil, { toJSON() { throw new Error("no"); } }, [], 5, { a: "x".repeat(70000) }])
		assert.equal(sender.emit("bench.hooks", values), null);
	assert.equal(sender.emit("bench.hooks", { n: 1 }, { audience: "alice" }), null, "never to everyone");
	const silent = { toString() { throw Object.create(null); } };
	for (const values of [{ get a() { throw silent; } }, { get a() { throw Object.create(null); } }])
		assert.equal(sender.emit("bench.hooks", values), null, "what it throws cannot be read either");
	assert.equal(sender.emit(silent, { n: 1 }), null);
	assert.equal(sender.emit(Symbol("type"), evil), null);
	assert.equal(sender.emit("bench.hooks", { n: 1 }, { get time() { throw silent; } }), null);
	assert.equal(sender.figures().dropped.invalid, 11);
	assert.ok(sender.emit("bench.hooks", { n: 0 }, null), "no options");
	const changed = { n: 1 };
	sender.emit("bench.hooks", changed);
	changed.n = 2;
	assert.ok(await sender.flush(20000));
	assert.deepEqual(collector.numbers(), [0, 1]);
});

const HEAD = "HTTP/1.1 202 Accepted\r\n";

for (const [what, answer] of [["nothing", ""], ["garbage", "\0\xff garbage\r\n\r\n"],
	["endless headers", `${HEAD}X: ${"x".repeat(1e6)}`], ["half a body", `${HEAD}Content-Length: 99\r\n\r\n{`],
	["a redirection", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]])
	within(`a peer that is no collector is left and tried again: ${what}`, async (collector, make) => {
		let connections = 0;
		const peer = net.createServer((socket) => {
			socket.on("error", () => {});
			socket.once("data", () => socket.write(++connections > 2 ? `${HEAD}Content-Length: 2\r\n\r\n{}` : answer));
		});
		await new Promise((resolve) => { peer.listen(0, "127.0.0.1", resolve); });
		const sender = make({ url: `http://127.0.0.1:${peer.address().port}/v1/events`, timeoutS: 0.2 });
		emit(sender, [1]);
		assert.ok(await sender.flush(20000));
		assert.ok(sender.figures().retries >= 2 && sender.figures().sent === 1);
		await sender.close(100);
		peer.close();
	});

within("an endless answer is read no further than needed", async (collector, make) => {
	const peer = net.createServer((socket) => {
		socket.on("error", () => {});
		socket.once("data", () => socket.write(`${HEAD}Content-Length: 99999999999\r\n\r\n${"x".repeat(1e6)}`));
	});
	await new Promise((resolve) => { peer.listen(0, "127.0.0.1", resolve); });
	const sender = make({ url: `http://127.0.0.1:${peer.address().port}/v1/events` });
	emit(sender, [1]);
	assert.ok(await sender.flush(20000));
	assert.equal(sender.figures().sent, 1);
	peer.close();
});

// -- the end of a program --------------------------------------------------------------------

function program(collector, text, settings = {}, kind = "commonjs") {
	const child = spawn(process.execPath, [`--input-type=${kind}`, "-e", text], {
		cwd: HOME,
		env: { ...process.env, NODE_OPTIONS: "", SIGHTLINE_HOOKS_URL: collector.url, SIGHTLINE_HOOKS_SECRET: SECRET,
			...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`SIGHTLINE_HOOKS_${name}`, String(value)])) },
	});
	let errors = "";
	child.stderr.on("data", (chunk) => { errors += chunk; });
	return new Promise((resolve) => { child.on("close", (code) => resolve({ code, errors })); });
}

const START = 'const hooks = require("./index.js"); const five = () => [0, 1, 2, 3, 4].map((n) => hooks.emit("bench.hooks", { n }));\n';

for (const [how, text, code] of [
	["nothing is left to do", "five();", 0],
	["nothing is left to do, without another process", `require("node:child_process").spawnSync = () => process.abort();\n${START}five();`, 0],
	["process.exit", "five(); process.exit(3);", 3],
	["an exception", 'five(); throw new Error("the application");', 1],
	["an exit handler after ours", 'five(); process.on("exit", () => { if (five().some((id) => id !== null)) process.exit(9); });', 0],
	["close", "five(); hooks.close();", 0],
])
	within(`the end of a program sends what waits: ${how}`, async (collector) => {
		const done = await program(collector, text.includes(START) ? text : START + text, { LINGER_S: 60 });
		assert.equal(done.code, code, done.errors);
		assert.deepEqual(collector.numbers(), range(5));
		if (how.startsWith("an exit handler"))
			assert.match(done.errors, /1 event\(s\) dropped \(unfinished\)/);
		else
			assert.doesNotMatch(done.errors, /Sightline/);
	});

within("without a collector a program ends in time and says what is lost", async (collector) => {
	collector.always = [503, {}, ""];
	const done = await program(collector, `${START}five();`, { EXIT_S: 0.3 });
	assert.equal(done.code, 0);
	assert.match(done.errors, /5 event\(s\) dropped \(unfinished\)/);
});

within("a collector that never answers holds the end of a program no longer than it may", async (collector) => {
	collector.always = "silence";
	const done = await program(collector, `${START}five();`, { EXIT_S: 0.2, TIMEOUT_S: 1000, LINGER_S: 0 });
	assert.equal(done.code, 0, done.errors);
	assert.match(done.errors, /5 event\(s\) dropped \(unfinished\)/);
});

within("hooks keep no program alive", async (collector) => {
	collector.always = [503, { "Retry-After": "200" }, ""];
	const done = await program(collector, `${START}five(); setTimeout(() => process.exitCode = 5, 300);`, { EXIT_S: 0.2 });
	assert.equal(done.code, 5, done.errors);
});

within("worker threads send each their own", async (collector) => {
	const done = await program(collector, `
		const { Worker, isMainThread } = require("node:worker_threads");
		const text = (n, end) => \`require("./index.js").emit("bench.hooks", { n: \${n} }); \${end}\`;
		new Worker(text(1, ""), { eval: true });
		new Worker(text(2, "process.exit()"), { eval: true });
		require("./index.js").emit("bench.hooks", { n: 0 });`, { LINGER_S: 60 });
	assert.equal(done.code, 0, done.errors);
	assert.deepEqual(collector.numbers().sort(), [0, 1, 2]);
});

within("the module is one, imported or required", async (collector) => {
	const done = await program(collector, `
		import { createRequire } from "node:module";
		import { configure, emit, flush, getEventEmitter } from "./index.mjs";
		const required = createRequire(import.meta.url)("./index.js");
		if (required.getEventEmitter() !== getEventEmitter()) process.exit(9);
		emit("bench.hooks", { n: 1 });
		configure({ lingerS: 0.001 });
		emit("bench.hooks", { n: 2 });
		if (!await flush()) process.exit(8);
		try { configure({ url: "ftp://x" }); process.exit(7); } catch { required.emit("bench.hooks", { n: 3 }); }`,
	{ LINGER_S: 60 }, "module");
	assert.equal(done.code, 0, done.errors);
	assert.deepEqual(collector.numbers().sort(), [1, 2, 3]);
});
