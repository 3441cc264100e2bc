// SPDX-License-Identifier: Apache-2.0
// What --demo feeds is on the dashboard, and each section says what in it is made up.
import { args, step, until, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1400 } });
  await page.goto(args.link);
  await until(() => page.getByTestId("connection").innerText(), (t) => t.startsWith("Live"), "the connection");
  for (const field of args.fields) await page.getByTestId(`value-${field}`).first().waitFor();
  step("waiting", await page.getByTestId("waiting").count());
  const notices = {};
  for (const name of args.sections) notices[name] = await page.getByTestId(`notice-${name}`).allInnerTexts();
  step("notices", notices);
  const feed = page.getByTestId("events");
  await until(() => feed.locator("li", { hasText: "made up" }).count(), (n) => n > 0, "an event that says it is made up");
  step("feed", await feed.locator("li").first().innerText());
  if (args.shot) await page.screenshot({ path: `${args.shot}-demo.png`, fullPage: true });
});
