// SPDX-License-Identifier: Apache-2.0
// Node's eventsource: prints each message on a line, reconnects by itself.
// usage: node eventsource.mjs URL TOKEN
import { EventSource } from "../../node_modules/eventsource/dist/index.js";

const [url, token] = process.argv.slice(2);
const stream = new EventSource(url, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } }),
});
stream.onmessage = (event) => console.log(event.data);
stream.onerror = (event) => console.error(event.message ?? "error");
