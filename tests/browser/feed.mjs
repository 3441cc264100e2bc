// SPDX-License-Identifier: Apache-2.0
// What happens while the page is open is in its activity feed, the newest first.
import { args, step, until, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const page = await browser.newPage();
  await page.goto(args.link);
  await until(() => page.getByTestId("connection").innerText(), (t) => t.startsWith("Live"), "the connection");
  step("live");
  const feed = page.getByTestId("events").locator("li");
  await until(() => feed.count(), (n) => n >= args.count, "every event");
  step("feed", await feed.allInnerTexts());
});
