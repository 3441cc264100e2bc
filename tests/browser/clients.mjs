// SPDX-License-Identifier: Apache-2.0
// A browser's own EventSource and WebSocket, signed in by the session cookie.
import { args, step, until, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${args.base}/healthz`);
  await page.evaluate(async ({ token, topic }) => {
    const session = await fetch("/api/v1/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    if (!session.ok) throw new Error(`session: ${session.status}`);
    window.seen = { EventSource: [], WebSocket: [] };
    const take = (kind) => (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "event") window.seen[kind].push(Number(message.data.payload.contentId));
    };
    new EventSource(`/api/v1/stream?topics=${topic}`).onmessage = take("EventSource");
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/ws`, "sightline.v1.json");
    socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", data: { topics: [topic] } }));
    socket.onmessage = take("WebSocket");
  }, args);
  for (const kind of ["EventSource", "WebSocket"]) {
    const seen = await until(() => page.evaluate((kind) => window.seen[kind], kind), (n) => n.length >= 20, kind);
    step(kind, seen.slice(0, 20));
  }
  step("cookies", (await context.cookies()).map(({ name, secure }) => ({ name, secure })));
});
