// SPDX-License-Identifier: Apache-2.0
// Bundles the dashboard into dist/: hashed names, so that browsers may keep the
// files for ever, an index.html that names them, and a .gz beside each.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const root = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const out = join(root, "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { app: "dashboard/main.tsx" },
  outdir: "dist",
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  metafile: true,
  legalComments: "linked",
  logLevel: "warning",
});

const files = Object.keys(result.metafile.outputs).map((path) => basename(path));
const one = (ending) => files.find((name) => name.startsWith("app-") && name.endsWith(ending));
const page = await readFile(join(root, "dashboard/index.html"), "utf8");
await writeFile(
  join(out, "index.html"),
  page.replace("%script%", one(".js")).replace("%style%", one(".css")),
);
for (const name of await readdir(out)) {
  const bytes = await readFile(join(out, name));
  await writeFile(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
}
