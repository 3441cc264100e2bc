// SPDX-License-Identifier: Apache-2.0
// Node's ws against /echo: prints how many messages came back as they were sent.
import { WebSocket } from "ws";
import { randomBytes } from "node:crypto";

const [url] = process.argv.slice(2);
const line = '{"metric":"system_health.cpu_usage","value":12.5,"unit":"percent"},';
let returned = 0;

function open(options) {
  const socket = new WebSocket(url, { maxPayload: 64 << 20, ...options });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

function next(socket, event = "message") {
  return new Promise((resolve, reject) => {
    const fail = (what) => reject(new Error(`instead of ${event}: ${what}`));
    socket.once("error", fail);
    if (event !== "close") socket.once("close", fail);
    socket.once(event, (...what) => {
      socket.off("error", fail);
      socket.off("close", fail);
      resolve(what);
    });
  });
}

async function echo(socket, data) {
  const answer = next(socket);
  socket.send(data);
  const [got, binary] = await answer;
  if (binary !== (typeof data !== "string")) throw new Error("text and binary were mixed up");
  if (!got.equals(Buffer.from(data))) throw new Error(`${data.length} came back as something else`);
  returned++;
}

const offers = [
  false,
  { threshold: 0 },
  true,
  { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  { threshold: 0, serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
  { threshold: 0, serverMaxWindowBits: 15, clientMaxWindowBits: true },
  { threshold: 0, serverMaxWindowBits: 8 },
];
for (const [i, perMessageDeflate] of offers.entries()) {
  const socket = await open({ perMessageDeflate });
  if (Boolean(perMessageDeflate) !== socket.extensions.includes("permessage-deflate"))
    throw new Error(`agreed on "${socket.extensions}"`);
  for (const size of [0, 1, 125, 126, 300, 65535, 65536, 1 << 20, ...(i < 2 ? [16 << 20] : [])]) {
    await echo(socket, line.repeat(Math.ceil(size / line.length)).slice(0, size));
    await echo(socket, randomBytes(size));
  }
  await echo(socket, "κόσμε ☃ 😀".repeat(1000));

  const whole = next(socket);
  for (let i = 0; i < 65536; i++)
    socket.send(String.fromCharCode(97 + (i % 26)), { fin: i === 65535, compress: true });
  const [joined] = await whole;
  if (joined.length !== 65536) throw new Error(`65536 fragments came back as ${joined.length} bytes`);
  returned++;

  const pong = next(socket, "pong");
  socket.ping("are you there");
  if ((await pong)[0].toString() !== "are you there") throw new Error("wrong pong");

  const closed = next(socket, "close");
  socket.close(4321, "enough");
  if ((await closed)[0] !== 4321) throw new Error("wrong close code");
}
console.log(JSON.stringify({ offers: offers.length, returned }));
