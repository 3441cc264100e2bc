// SPDX-License-Identifier: Apache-2.0
"use strict";
/* Where events go and how much is kept for it: options, then the environment. */
const { readFileSync } = require("node:fs");

const PREFIX = "SIGHTLINE_HOOKS_";

/** Each can be given as SIGHTLINE_HOOKS_<NAME>; index.d.ts says what they mean. */
const DEFAULTS = {
	url: "http://127.0.0.1:8081/v1/events",
	secret: "",
	secretFile: "",
	caFile: "",
	app: "application",
	eventsMax: 10000,
	bytesMax: 8 << 20,
	batchEvents: 500,
	batchBytes: 256 << 10,
	lingerS: 0.02,
	timeoutS: 5,
	exitS: 3,
	retryMinS: 0.1,
	retryMaxS: 30,
	gateway: "http://127.0.0.1:8080",
	token: "",
};

const PRINTABLE = /^[\x20-\x7e]*$/;

function variable(name) {
	return PREFIX + name.replace(/[A-Z]/g, "_$&").toUpperCase();
}

/** Settings of options over the environment over the defaults.  Throws for wrong ones. */
function read(options = {}, environment = process.env) {
	const settings = { ...DEFAULTS };
	for (const [name, value] of Object.entries(DEFAULTS)) {
		const text = environment[variable(name)];
		if (!text)
			continue;
		settings[name] = typeof value === "number" ? Number(text) : text;
		if (Number.isNaN(settings[name]))
			throw new Error(`${variable(name)}="${text}" is not a number`);
	}
	for (const [name, value] of Object.entries(options)) {
		if (!(name in DEFAULTS))
			throw new TypeError(`there is no setting ${name}`);
		if (value !== undefined)
			settings[name] = value;
	}
	return settings;
}

/** Why nothing can be sent with these; null if it can. */
function problem(settings) {
	if (!settings.secret && !settings.secretFile)
		return `no secret: set ${PREFIX}SECRET or ${PREFIX}SECRET_FILE`;
	for (const name of ["url", "gateway"]) {
		let parts;
		try {
			parts = new URL(settings[name]);
		} catch {
			return `${name} "${settings[name]}" is no URL`;
		}
		if (parts.protocol !== "http:" && parts.protocol !== "https:")
			return `${name} "${settings[name]}" is not an http or https URL`;
	}
	for (const name of ["secret", "token"])
		if (!PRINTABLE.test(settings[name]))
			return `the ${name} has characters that no HTTP field can carry`;
	for (const [name, value] of Object.entries(DEFAULTS))
		if (typeof value === "number" && !(settings[name] >= 0 && (settings[name] > 0 || /^(linger|exit)/.test(name))))
			return `${name} must be a number greater than 0`;
	return null;
}

/** The secret to send.  Throws where its file has none. */
function secretOf(settings) {
	if (settings.secret)
		return settings.secret;
	for (const line of readFileSync(settings.secretFile, "utf8").split("\n")) {
		const secret = line.trim();
		if (secret && !secret.startsWith("#")) {
			if (!PRINTABLE.test(secret))
				throw new Error(`the secret in ${settings.secretFile} has characters that no HTTP field can carry`);
			return secret;
		}
	}
	throw new Error(`${settings.secretFile} has no secret`);
}

module.exports = { DEFAULTS, PREFIX, problem, read, secretOf, variable };
