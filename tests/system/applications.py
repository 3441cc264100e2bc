# SPDX-License-Identifier: Apache-2.0
"""Applications of a customer that use the hooks, in Python and in Node."""
import json
import os
import shutil
import subprocess
import sys

from poller import Poller
from sightline import ROOT, wait_until

HOOKS = ROOT / "hooks"
MODULES = ROOT / "tests/node_modules"


def environment(hook, **settings):
    """What an operator sets for an application that reports to this webhook collector."""
    instance = hook.instance
    found = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")}
    found.update(PYTHONPATH=str(HOOKS / "python"), SIGHTLINE_HOOKS_URL=hook.url(),
                 SIGHTLINE_HOOKS_SECRET_FILE=str(instance.dir / "keys/webhook.secret"),
                 SIGHTLINE_HOOKS_GATEWAY=instance.url(""), SIGHTLINE_HOOKS_TOKEN=instance.token("technical_admin"))
    # Settings of one's own may take the place of these.
    found.update({f"SIGHTLINE_HOOKS_{name.upper()}": str(value) for name, value in settings.items()})
    return found


def run(command, env, cwd=None):
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done


def python(hook, text, **settings):
    return run([sys.executable, "-c", text], environment(hook, **settings))


def node(hook, text, **settings):
    """An ES module that imports sightline-hooks, and '@/lib/websocket' as document 002 does."""
    folder = node_application(hook.instance.dir / "application")
    (folder / "main.mjs").write_text(text, encoding="utf-8")
    return run(["node", "main.mjs"], environment(hook, **settings), folder)


def node_application(folder):
    alias = folder / "node_modules/@/lib"
    if not alias.exists():
        alias.mkdir(parents=True)
        (folder / "node_modules/sightline-hooks").symlink_to(HOOKS / "node")
        (alias / "package.json").write_text('{"exports":{"./websocket":"./websocket.mjs"}}', encoding="utf-8")
        (alias / "websocket.mjs").write_text('export * from "sightline-hooks";\n', encoding="utf-8")
    return folder


def typescript(hook, text, **settings):
    """The same of TypeScript, its types left out."""
    done = subprocess.run([str(MODULES / ".bin/esbuild"), "--loader=ts", "--format=esm"], input=text,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return node(hook, done.stdout, **settings)


def type_errors(folder, text):
    """What the compiler has against a TypeScript module that uses the hooks."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "main.ts").write_text(text, encoding="utf-8")
    (folder / "tsconfig.json").write_text(json.dumps({
        "compilerOptions": {"strict": True, "noEmit": True, "target": "es2022", "module": "es2022", "types": [],
                            "moduleResolution": "bundler", "lib": ["es2022"],
                            "paths": {"@/lib/websocket": [str(HOOKS / "node/index.d.ts")]}},
        "files": ["main.ts", str(HOOKS / "node/index.d.ts")]}), encoding="utf-8")
    done = subprocess.run([str(MODULES / ".bin/tsc"), "-p", str(folder)], capture_output=True, text=True, timeout=120)
    return done.stdout


def follow(hook):
    """Reads events from now on, at its own pace: read(type, wanted) gives the payloads of a
    type once wanted(payloads) is true."""
    poller = Poller(hook.instance, "topics=events.>")
    poller.poll(wait=0)
    found = {}

    def read(kind, wanted=lambda payloads: payloads, seconds=30):
        def there():
            for message in poller.poll(wait=1):
                if message["type"] == "event":
                    found.setdefault(message["data"]["type"], []).append(message["data"]["payload"])
            return wanted(found.get(kind, []))
        wait_until(there, seconds, f"what is wanted of {kind}")
        return found.get(kind, [])
    return read


class Writers:
    """Two applications, in Python and in Node, that emit tickets as they are told."""

    PYTHON = """
import sys
import sightline_hooks as hooks
hooks.configure(linger_s=0.002, retry_max_s=0.2)
for line in sys.stdin:
    hooks.emit("tickets.created", {"id": "python-" + line.strip()})
print(hooks.flush(60))
"""
    NODE = """
import { createInterface } from "node:readline";
import { configure, emit, flush } from "sightline-hooks";
configure({ lingerS: 0.002, retryMaxS: 0.2 });
for await (const line of createInterface({ input: process.stdin }))
	emit("tickets.created", { id: `node-${line.trim()}` });
console.log(await flush(60000) ? "True" : "False");
"""

    def __init__(self, hook):
        folder = node_application(hook.instance.dir / "application")
        (folder / "main.mjs").write_text(self.NODE, encoding="utf-8")
        self.count = 0
        self.programs = [subprocess.Popen(command, env=environment(hook), cwd=folder, stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True)
                         for command in ([sys.executable, "-c", self.PYTHON], ["node", "main.mjs"])]

    def feed(self, events):
        """Each emits so many more."""
        lines = "".join(f"{self.count + n}\n" for n in range(events))
        self.count += events
        for one in self.programs:
            one.stdin.write(lines)
            one.stdin.flush()

    def finish(self):
        """They end, and say that everything was sent or dropped."""
        for one in self.programs:
            assert one.communicate(timeout=90)[0] == "True\n" and one.returncode == 0

    def wanted(self):
        return {f"{language}-{n}" for language in ("python", "node") for n in range(self.count)}

    def check(self, ids):
        """Each of them came once, those of a program in their order."""
        for language in ("python", "node"):
            assert [i for i in ids if i.startswith(language)] == [f"{language}-{n}" for n in range(self.count)]
        assert len(ids) == 2 * self.count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.programs:
            one.kill()
            one.wait()
            one.stdin.close()
            one.stdout.close()
