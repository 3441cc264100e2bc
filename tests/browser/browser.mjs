// SPDX-License-Identifier: Apache-2.0
// What every browser script needs: arguments on standard input, a Chromium, and
// steps on standard output, one JSON pair a line.
import { chromium } from "../../web/node_modules/playwright-core/index.mjs";

let text = "";
for await (const chunk of process.stdin) text += chunk;
export const args = JSON.parse(text || "{}");

export function step(name, value = true) {
  console.log(JSON.stringify([name, value]));
}

/** Runs body(browser) and always closes the browser; an error ends the script with 1. */
export async function withBrowser(body) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
  try {
    await body(browser);
  } catch (error) {
    console.error(error.stack ?? error);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

/** Waits until read() gives something for which accept is true, and returns it. */
export async function until(read, accept, what, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)} after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
