#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Open files of this machine each second, and an event when they become many.
import { readFileSync } from "node:fs";

const limit = Number(process.env.OPEN_FILES_LIMIT ?? 100000);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
let wereMany = false;

function look() {
  const open = Number(readFileSync("/proc/sys/fs/file-nr", "ascii").split("\t")[0]);
  say({ metric: "open_files", value: open });
  const areMany = open > limit;
  if (areMany !== wereMany) say({ type: "files.limit", payload: { open, over: areMany } });
  wereMany = areMany;
}

look();
setInterval(look, 1000);
