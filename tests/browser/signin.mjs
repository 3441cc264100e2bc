// SPDX-License-Identifier: Apache-2.0
// A wrong token is refused with its reason, a right one typed in is accepted,
// a reload stays signed in, signing out ends it; the phone's width has no
// sideways scrolling, and what nothing feeds is named in one card.
import { args, step, until, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await page.goto(args.url);
  await page.getByLabel("Token").fill(args.wrong);
  await page.getByRole("button", { name: "Sign in" }).click();
  step("refused", await page.getByRole("alert").innerText());
  await page.getByLabel("Token").fill(args.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  const connection = page.getByTestId("connection");
  await until(() => connection.innerText(), (t) => t.startsWith("Live"), "the connection");
  await page.reload();
  await until(() => connection.innerText(), (t) => t.startsWith("Live"), "the connection after a reload");
  step("reload_stays");
  await page.getByTestId("tile-cpu_usage").waitFor();
  step("unfed_sections", await page.getByTestId("waiting").locator("dt").allInnerTexts());
  step("unfed_tiles", await page.getByTestId("tile-revenue_today").count());
  step("overflow", await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
  step("cookies", (await context.cookies()).map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })));
  if (args.shot) await page.screenshot({ path: `${args.shot}-phone.png`, fullPage: true });
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  step("signed_out");
  await page.reload();
  await page.getByLabel("Token").waitFor();
  step("stays_signed_out");
});
