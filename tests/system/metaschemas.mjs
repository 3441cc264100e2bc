// SPDX-License-Identifier: Apache-2.0
// Validates {"openapi":…,"asyncapi":…} from stdin against the official meta-schemas;
// prints what is wrong as JSON: {"openapi":[…],"asyncapi":[…]}.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { Validator } from "@seriousme/openapi-schema-validator";

const require = createRequire(import.meta.url);
const Ajv = require("ajv");
const formats = require("ajv-formats");

const { openapi, asyncapi } = JSON.parse(await text(process.stdin));
const validator = new Validator();
const result = await validator.validate(structuredClone(openapi));
const found = { openapi: result.valid ? [] : [result.errors], asyncapi: [], version: validator.version };

const ajv = new Ajv({ strict: false, allErrors: false });
formats.default ? formats.default(ajv) : formats(ajv);
const check = ajv.compile(require("@asyncapi/specs/schemas/3.0.0-without-$id.json"));
if (!check(asyncapi))
	found.asyncapi = check.errors;
console.log(JSON.stringify(found));
