// SPDX-License-Identifier: Apache-2.0
// Node's ws: prints each message on a line, ends with the server.
// usage: node ws.mjs URL TOKEN TOPIC
import WebSocket from "../../node_modules/ws/wrapper.mjs";

const [url, token, topic] = process.argv.slice(2);
const socket = new WebSocket(url, "sightline.v1.json", { headers: { Authorization: `Bearer ${token}` } });
socket.on("open", () => socket.send(JSON.stringify({ type: "subscribe", data: { topics: [topic] } })));
socket.on("message", (data) => console.log(data.toString()));
socket.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
