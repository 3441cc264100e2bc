# SPDX-License-Identifier: Apache-2.0
"""An exec collector with scripts that a test writes, and a look at what runs of them."""
import json
import pathlib
import stat

from sightline import wait_until

MARK = "SIGHTLINE_TEST_MARK"


def processes(mark):
    """pid -> (parent, state, command line) of what has a mark in its environment."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environ = (entry / "environ").read_bytes()
            if f"{MARK}={mark}".encode() not in environ.split(b"\0"):
                continue
            line = (entry / "stat").read_text(errors="replace")
            state, parent = line.rpartition(")")[2].split()[:2]
            found[int(entry.name)] = (int(parent), state, (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def children(pid):
    """pid -> state of the direct children of a process, zombies included."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(parent) == pid:
                found[int(entry.name)] = state
    return found


class Scripts:
    """One instance; add() writes scripts and their sections, start() runs the collector."""

    def __init__(self, make_instance, options="", **kwargs):
        self.instance = make_instance(**kwargs)
        self.mark = self.instance.dir.name
        self.options = options
        self.sections = []

    def add(self, name, text, interpreter="/bin/sh", options="", args=()):
        """A script with this text; its section gets a mark and the options."""
        path = self.instance.dir / f"script-{name}"
        path.write_text(f"#!{interpreter}\n{text}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return self.add_command(name, [str(path), *args], options)

    def add_command(self, name, command, options="", environment=()):
        words = ", ".join(json.dumps(word) for word in command)
        variables = ", ".join(json.dumps(text) for text in (f"{MARK}={self.mark}", *environment))
        self.sections.append(f"script \"{name}\" {{\ncommand = {{{words}}}\n"
                             f"environment = {{{variables}}}\n{options}\n}}\n")
        return self

    def configure(self):
        self.instance.configure('collector "exec"', "type = exec\nstart = false\n" + self.options + "\n" +
                                "".join(self.sections))

    def start(self):
        self.configure()
        self.instance.start("exec")
        return self

    def listen(self, *topics):
        """Starts the instance, then a client, then the collector: the client misses nothing."""
        self.configure()
        self.instance.start()
        client = self.instance.ws()
        client.subscribe(*topics)
        self.instance.start_collector("exec")
        return client

    @property
    def process(self):
        return self.instance.processes["collect-exec"]

    def log(self):
        return self.process.text()

    def wait_log(self, text, seconds=20):
        wait_until(lambda: text in self.log(), seconds, f"\"{text}\" in {self.log()[-3000:]}")

    def running(self):
        return processes(self.mark)

    def wait_nothing_runs(self, seconds=20):
        wait_until(lambda: not self.running(), seconds, f"the end of {self.running()}")

    def keeper(self):
        """The pid of the process that starts the scripts."""
        (pid,) = [p for p in children(self.process.pid) if (pathlib.Path("/proc") / str(p) / "comm").read_text().strip() == "exec-keeper"]
        return pid

