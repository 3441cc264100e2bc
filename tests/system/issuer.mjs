// SPDX-License-Identifier: Apache-2.0
// Signs tokens and writes key sets with Node's own crypto, which shares no code
// with what verifies them.  One JSON request per line, one answer per line:
// {"make":{"name","alg"}} -> {"pem","jwk"}   {"sign":{"name","header","payload","der"?}} -> {"token"}
import crypto from "node:crypto";
import readline from "node:readline";

const kinds = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};
const keys = {};
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function make({ name, alg }) {
  const pair = crypto.generateKeyPairSync(...kinds[alg]);
  keys[name] = pair.privateKey;
  return {
    pem: pair.publicKey.export({ type: "spki", format: "pem" }),
    jwk: { ...pair.publicKey.export({ format: "jwk" }), kid: name, alg, use: "sig" },
  };
}

function sign({ name, header, payload, der }) {
  const key = keys[name];
  const text = `${part(header)}.${part(payload)}`;
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const signature = crypto.sign(hash, Buffer.from(text), { key, dsaEncoding: der ? "der" : "ieee-p1363" });
  return { token: `${text}.${signature.toString("base64url")}` };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(request.make ? make(request.make) : sign(request.sign)));
}
