// SPDX-License-Identifier: Apache-2.0
// Signs in by link, sees the CPU change, raises load until a warning fires,
// acknowledges it in one tab and sees that in a second one.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { args, step, until, withBrowser } from "./browser.mjs";

const load = [];
function burn() {
  for (let i = 0; i < availableParallelism() * 2; i++)
    load.push(spawn(process.execPath, ["-e", "for (;;) {}"], { stdio: "ignore" }));
}
function rest() {
  for (const child of load.splice(0)) child.kill("SIGKILL");
}

/** A page whose console errors are collected. */
async function open(context, url, errors) {
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
  return page;
}

const text = (page, id) => page.getByTestId(id).innerText();

await withBrowser(async (browser) => {
  const errors = [];
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const first = await open(context, args.link, errors);
  try {
    await until(() => text(first, "connection"), (t) => t.startsWith("Live"), "the connection");
    step("live");
    step("fragment_gone", !first.url().includes("token"));
    const seen = new Set();
    const value = first.getByTestId("value-cpu_usage");
    await until(async () => seen.add(await value.getAttribute("data-value")).size, (n) => n >= 3, "cpu_usage changing");
    step("cpu_values", [...seen]);
    if (args.shot) await first.screenshot({ path: `${args.shot}-quiet.png` });

    const second = await open(context, args.url, errors);
    await until(() => text(second, "connection"), (t) => t.startsWith("Live"), "the second tab");
    step("second_tab_live");

    burn();
    const alert = first.getByTestId("alert-cpu_usage");
    await until(() => alert.count(), (n) => n === 1, "the alert", 60);
    step("severity", await alert.getAttribute("data-severity"));
    if (args.shot) await first.screenshot({ path: `${args.shot}-alert.png` });
    await alert.getByLabel("Note").fill("on it");
    await alert.getByRole("button", { name: "Acknowledge" }).click();
    const other = second.getByTestId("alert-cpu_usage");
    await until(() => other.getAttribute("data-acknowledged"), (v) => v === "true", "the acknowledgement in the second tab");
    step("acknowledged_text", await other.innerText());
    if (args.shot) await second.screenshot({ path: `${args.shot}-acknowledged.png` });
    rest();
    await until(() => alert.count(), (n) => n === 0, "the end of the alert", 60);
    step("resolved");
    step("errors", errors);
  } catch (error) {
    if (args.shot) await first.screenshot({ path: `${args.shot}-failed.png` });
    throw new Error(`${error.stack}\nconsole: ${errors.join("\n")}`);
  } finally {
    rest();
  }
});
