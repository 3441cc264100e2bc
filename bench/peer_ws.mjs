// SPDX-License-Identifier: Apache-2.0
// Node's ws as a server that does what bench/bare.c does: it answers the first
// message of a client and then sends everyone the same text.  Obeys lines
// "R BYTES" on stdin: R messages a second of BYTES on the wire.
import { createInterface } from "node:readline";
import { WebSocketServer } from "../tests/node_modules/ws/wrapper.mjs";

const members = new Set();
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  perMessageDeflate: false,
  backlog: 4096,
});
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("close", () => members.delete(socket));
  socket.once("message", () => {
    members.add(socket);
    socket.send('{"type":"subscribed"}');
  });
});

let n = 0;
function broadcast(bytes) {
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
  const head = `{"type":"event","data":{"payload":{"ts_ns":${now},"n":${n++},"pad":"`;
  const text = Buffer.from(head + "x".repeat(Math.max(0, bytes - 4 - head.length - 4)) + '"}}}');
  for (const socket of members) socket.send(text, { binary: false });
}

let timer;
createInterface({ input: process.stdin }).on("line", (line) => {
  const [rate, bytes] = line.split(" ").map(Number);
  clearInterval(timer);
  if (rate > 0) {
    // Node's timers tick in milliseconds: what is due goes out at each tick, and
    // not all of it where it is more than the server can do.
    const began = performance.now();
    let sent = 0;
    timer = setInterval(() => {
      const due = ((performance.now() - began) * rate) / 1000;
      for (let i = 0; sent < due && i < 20; i++, sent++) broadcast(bytes);
    }, Math.max(1, Math.min(1000 / rate, 10)));
  }
  console.log("ok");
}).on("close", () => process.exit(0));
