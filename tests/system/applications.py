# SPDX-License-Identifier: Apache-2.0
"""Applications of a customer that use the hooks, in Python and in Node."""
import json
import os
import shutil
import subprocess
import sys

from sightline import ROOT

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
