#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Open files of this machine each second, and an event when they become many."""
import json
import os
import time

LIMIT = int(os.environ.get("OPEN_FILES_LIMIT", "100000"))


def say(**line):
    print(json.dumps(line), flush=True)


were_many = False
while True:
    with open("/proc/sys/fs/file-nr", encoding="ascii") as file:
        count = int(file.read().split()[0])
    say(metric="open_files", value=count)
    are_many = count > LIMIT
    if are_many != were_many:
        say(type="files.limit", payload={"open": count, "over": are_many})
        were_many = are_many
    time.sleep(1)
