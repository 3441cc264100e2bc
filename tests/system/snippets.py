# SPDX-License-Identifier: Apache-2.0
"""The snippets of the requirement documents: files of snippets/, named after their row.

They run as they stand: only what a document writes as a placeholder (<token>,
your-jwt-token) is filled in.
"""
import json
import os
import pathlib
import re
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent


def snippet(name):
    return (HERE / "snippets" / name).read_text(encoding="utf-8")


def run(instance, name, role="platform_admin", sub="user123", **job):
    """Runs a JavaScript snippet signed in as sub; gives what it did as [what, values…]."""
    session = instance.post("/api/v1/session", {}, role, {
        "Authorization": f"Bearer {instance.token(role, sub)}"})
    cookie = session.headers["Set-Cookie"].split(";")[0]
    job = {"file": str(HERE / "snippets" / name), "origin": instance.url(""), "cookie": cookie, **job}
    return Node(instance, job)


class Node:
    """A snippet that runs; lines are what it did so far."""

    def __init__(self, instance, job):
        self.lines = []
        self.popen = subprocess.Popen(["node", str(HERE / "snippet.mjs")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.popen.stdin.write(json.dumps(job))
        self.popen.stdin.close()
        self.instance = instance
        self.deadline = threading.Timer(60, self.popen.kill)
        self.deadline.start()

    def until(self, *head):
        """Reads on until a line that begins so; gives its further values."""
        for text in self.popen.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if line[0] == "message":
                self.instance.heard(line[1])
            if line[:len(head)] == list(head):
                return line[len(head):]
        raise AssertionError(f"no {head}: {self.lines[-5:]}; {self.popen.stderr.read()[-2000:]}")

    def message(self, kind):
        """Reads on until a message of this type."""
        while True:
            message = self.until("message")[0]
            if message["type"] == kind:
                return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deadline.cancel()
        self.popen.kill()
        self.popen.wait(10)
        self.popen.stdout.close()
        self.popen.stderr.close()


def shell(instance, name, role="platform_admin", sub="user123"):
    """Runs each command of a shell snippet; gives the JSON that it prints.

    curl reads from its own configuration file that localhost:3001 is the instance.
    """
    home = instance.dir / "home"
    home.mkdir(exist_ok=True)
    (home / ".curlrc").write_text(f'silent\nshow-error\nfail\nconnect-to = "localhost:3001:127.0.0.1:{instance.port}"\n'
                                  'write-out = "\\n"\n', encoding="utf-8")
    text = snippet(name).replace("<token>", instance.token(role, sub))
    done = subprocess.run(["bash", "-e"], input=text, capture_output=True, text=True, timeout=30,
                          env=dict(os.environ, HOME=str(home)))
    assert done.returncode == 0, f"{done.stdout} {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def fields(name):
    """The members of an interface of the document, objects within it as dicts."""
    tree, stack = {}, []
    stack.append(tree)
    for line in snippet(name).splitlines()[1:]:
        member = re.match(r"\s*(\w+)(\?)?: (.*?);?\s*(?://.*)?$", line)
        if member and member[3] == "{":
            stack[-1][member[1]] = inner = {}
            stack.append(inner)
        elif member:
            stack[-1][member[1]] = member[3].rstrip(";")
        elif line.strip().startswith("}"):
            stack.pop()
    return tree
