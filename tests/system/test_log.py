# SPDX-License-Identifier: Apache-2.0
"""collect-log: files through rotation, real programs' logs, exactly once."""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from sightline import free_port, wait_until

TICKS = r"""
	pattern "tick" {
		expression = '^n=(?<n>\d+)'
		event = "bench.tick"
		count = "log_messages"
	}
"""


def section(files, patterns=TICKS, **options):
    """A section of type log; files: {title: (patterns, path…)}."""
    text = "type = log\npoll_interval = 50ms\nlinger = 300ms\nmodules = {}\n"
    text += "".join(f"{name} = {value}\n" for name, value in options.items())
    for title, (names, *paths) in files.items():
        listed = ", ".join(f'"{path}"' for path in paths)
        text += f'file "{title}" {{\npaths = {{{listed}}}\npatterns = {{{", ".join(names)}}}\nbegin = beginning\n}}\n'
    # What is asserted is that every event arrives, not how a slow client is spared.
    return {'collector "log"': text + patterns, "gateway": "max_buffer_size = 1000000\npending_bytes_max = 64MiB"}


class Follower:
    """Events of bench.tick by their number, over everything that is killed."""

    def __init__(self, instance):
        self.instance = instance
        self.client = instance.ws()
        self.client.subscribe("events.>")

    def numbers(self, kind="bench.tick"):
        return [m["data"]["payload"]["n"] for m in self.client.of_type("event") if m["data"]["type"] == kind]

    def payloads(self, kind):
        return [m["data"]["payload"] for m in self.client.of_type("event") if m["data"]["type"] == kind]

    def wait_numbers(self, wanted, seconds=30):
        wanted = sorted(wanted)
        wait_until(lambda: len(self.numbers()) >= len(wanted), seconds, f"{len(wanted)} lines")
        assert sorted(self.numbers()) == wanted

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


@pytest.fixture(name="logs")
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


def append(path, numbers):
    with open(path, "a", encoding="ascii") as out:
        out.writelines(f"n={n} some more text of a line\n" for n in numbers)


def collector(instance):
    return instance.processes["collect-log"]


def value(instance, metric, **labels):
    """The sum of a metric's value, through a WebSocket's points."""
    with instance.ws(path="/api/v1/ws?format=points") as client:
        client.subscribe(f"metrics.{metric}")
        for message in client.messages:
            for point in message["data"].get("points", []):
                if point["metric"] == metric.split(".")[-1]:
                    return point["value"]
        return None


def test_lines_become_events_and_counts(make_instance, logs):
    path = logs / "app.log"
    append(path, range(5))
    instance = make_instance(config=section({"app": (["tick"], path)})).start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(5))
        append(path, range(5, 2000))
        follower.wait_numbers(range(2000))
        wait_until(lambda: value(instance, "system_health.log_messages") == 2000, 20, "the count")


# ---- rotation ------------------------------------------------------------------------------------


def start(make_instance, config, **kwargs):
    instance = make_instance(config=config, **kwargs).start()
    instance.start_collector("log")
    wait_until(lambda: instance.source("log"), 20, "the collector")
    return instance


def test_a_file_is_followed_through_renaming_and_recreation(make_instance, logs):
    path = logs / "app.log"
    append(path, range(10))
    instance = start(make_instance, section({"app": (["tick"], path)}))
    wait_until(lambda: value(instance, "system_health.log_messages") == 10, 20, "what was there before")
    with Follower(instance) as follower:
        old = open(path, "a", encoding="ascii")
        path.rename(logs / "app.log.1")
        old.write("n=10\nn=11\n")  # as a program does that has not yet been told
        old.flush()
        append(path, range(12, 20))
        old.write("n=20\nn=21")  # the last line of a file that is left needs no end
        old.close()
        follower.wait_numbers(range(10, 22))
        path.rename(logs / "app.log.2")
        append(path, range(22, 30))
        follower.wait_numbers(range(10, 30))
        path.unlink()
        append(path, range(30, 40))
        follower.wait_numbers(range(10, 40))
        wait_until(lambda: collector(instance).text().count("left path") == 3, 20, "the old files left")
    assert "gap" not in collector(instance).text()


def test_what_came_while_nobody_looked_is_read_from_where_it_went(make_instance, logs):
    path = logs / "app.log"
    append(path, range(10))
    instance = make_instance(config=section({"app": (["tick"], path)})).start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(10))
        collector(instance).kill()
        append(path, range(10, 20))
        path.rename(logs / "app.log.1")
        append(path, range(20, 30))
        instance.start_collector("log")
        follower.wait_numbers(range(30))
        # A copy, truncation, and more than there was before.
        collector(instance).kill()
        append(path, range(30, 40))
        (logs / "app.log.2").write_bytes(path.read_bytes())
        os.truncate(path, 0)
        append(path, range(40, 80))
        instance.start_collector("log")
        follower.wait_numbers(range(80))
        assert "reading the rest" in collector(instance).text()


def test_a_file_that_is_gone_before_its_end_is_a_gap(make_instance, logs):
    path = logs / "app.log"
    append(path, range(3))
    instance = make_instance(config=section({"app": (["tick"], path)})).start()
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(3))
        collector(instance).kill()
        append(path, range(3, 6))
        path.unlink()
        append(path, range(6, 9))
        instance.start_collector("log")
        wait_until(lambda: follower.payloads("system.source_gap"), 20, "the gap")
        follower.wait_numbers([0, 1, 2, 6, 7, 8])
        gap = follower.payloads("system.source_gap")[0]
        assert gap["source"] == "log" and gap["from"] == str(path)


def test_truncation_and_appearance_are_followed_by_polling_alone(make_instance, logs):
    path = logs / "deep/er/app-1.log"
    instance = start(make_instance, section({"app": (["tick"], logs / "*/er/app-*.log")}, notify="false"))
    with Follower(instance) as follower:
        path.parent.mkdir(parents=True)
        append(path, range(5))
        follower.wait_numbers(range(5))
        os.truncate(path, 0)
        wait_until(lambda: "truncated path" in collector(instance).text(), 20, "the truncation")
        append(path, range(5, 8))
        append(path.with_name("app-2.log"), range(8, 12))
        follower.wait_numbers(range(12))


# ---- whatever the file holds ---------------------------------------------------------------------


def test_endless_lines_nuls_and_bad_utf8_pass_and_are_counted(make_instance, logs):
    path = logs / "app.log"
    path.write_bytes(b"")
    instance = start(make_instance, section({"app": (["any"], path)}, line_bytes_max="1KiB", patterns="""
	pattern "any" {
		expression = '^n=(?<n>\\d+) (?<text>.*)'
		event = "bench.tick"
	}
"""))
    with Follower(instance) as follower, open(path, "ab", buffering=0) as out:
        out.write(b"n=1 a\0b\xff\xfe \x1b[31m \xed\xa0\x80\n")
        for _ in range(300):
            out.write(b"n=2 " + b"\xc3\xa9" * 5000)
        out.write(b"\nn=3 " + "é".encode() * 3 + b"\r\n")
        wait_until(lambda: len(follower.numbers()) >= 3, 20, "three lines")
        one, two, three = sorted(follower.payloads("bench.tick"), key=lambda p: p["n"])
        assert one["text"].startswith("a\ufffdb\ufffd\ufffd \ufffd[31m")
        assert len(two["text"]) == 510 and three["text"] == "ééé"
        wait_until(lambda: value(instance, "system_health.log_lines_cut") == 1, 20, "the count")


def test_a_pattern_with_catastrophic_backtracking_is_bounded_and_counted(make_instance, logs):
    path = logs / "app.log"
    instance = start(make_instance, section({"app": (["tick", "bad"], path)}, patterns=TICKS + """
	pattern "bad" {
		expression = '(x+x+)+[yz]'
		event = "system.error"
		set = {"message:bad"}
	}
"""))
    with Follower(instance) as follower:
        with open(path, "w", encoding="ascii") as out:
            for n in range(200):
                out.write(f"n={n} {'x' * 3000}\n")
        follower.wait_numbers(range(200))
        wait_until(lambda: value(instance, "system_health.log_matches_limited") == 200, 20, "the count")
    assert collector(instance).text().count("gave up on a line") == 1


def test_labels_make_a_bounded_number_of_series(make_instance, logs):
    path = logs / "app.log"
    instance = start(make_instance, section({"app": (["labelled"], path)}, count_series_max="50", patterns="""
	pattern "labelled" {
		expression = '^n=(?<n>\\d+)'
		count = "log_messages"
		labels = {n}
	}
"""))
    append(path, range(1000))
    wait_until(lambda: value(instance, "system_health.log_series_refused") == 950, 20, "the refusals")
    wait_until(lambda: value(instance, "system_health.log_messages") == 50, 20, "the count")


def test_a_wrong_section_is_named_before_anything_is_read(make_instance, logs):
    for patterns, names, says in (
            ('pattern "p" { expression = "a(b" }', ["p"], 'pattern "p": expression: missing closing parenthesis'),
            ("", ["nothing"], '"app": there is no pattern "nothing"'),
            ('pattern "p" { expression = "a" event = "no.type" }', ["p"], 'the catalog has no type "no.type"')):
        instance = make_instance(config=section({"app": (names, logs / "a.log")}, patterns=patterns))
        instance.start_collector("log")
        assert collector(instance).wait() == 78
        assert says in collector(instance).text()


def test_files_in_more_folders_than_can_be_granted_are_refused_with_their_number(make_instance, logs):
    instance = make_instance(config=section({"app": (["tick"], *(logs / f"site{n}" / "*.log" for n in range(80)))}))
    for n in range(80):
        (logs / f"site{n}").mkdir()
    instance.start_collector("log")
    assert collector(instance).wait() == 78
    assert "the files are in more than 56 folders" in collector(instance).text()


@pytest.mark.parametrize("count", [10, 400])
def test_files_that_are_too_many_are_said_once(make_instance, logs, count):
    for n in range(count):
        (logs / f"{n:03}.log").touch()
    config = section({"app": (["tick"], logs / "*.log")})
    config['collector "log"'] += "files_max = 4\n"
    instance = start(make_instance, config)

    def said(text):
        return collector(instance).text().count(text)

    for taken in range(4, 9):
        # One that is looked at for the first time shows that there was another scan.
        wait_until(lambda: said("info file following path=") >= taken, 20, "a place that is taken")
        path = re.findall(r'following path="(.*?)"', collector(instance).text())[-1]
        pathlib.Path(path).unlink()
    assert said("more than files_max") <= min(count, 256) + 5
    assert said("readable again") <= 5


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give permission away and take it")
def test_permission_that_is_lost_and_regained_loses_nothing(make_instance, logs):
    path = logs / "app.log"
    append(path, range(3))
    state = logs / "state"
    state.mkdir()
    state.chmod(0o777)
    for folder in logs.parents:
        if folder != pathlib.Path("/") and folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o011)
    instance = make_instance(config=section({"app": (["tick"], path)}, user="nobody", state_file=f'"{state}/log.state"'))
    instance.dir.chmod(0o755)
    instance.start()
    for folder in ("run", "etc"):
        (instance.dir / folder).chmod(0o777)
    (instance.dir / "run/attach").chmod(0o666)
    with Follower(instance) as follower:
        instance.start_collector("log")
        follower.wait_numbers(range(3))
        path.chmod(0)
        append(path, range(3, 6))
        path.rename(logs / "app.log.1")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0), "w", encoding="ascii") as out:
            out.write("n=6\nn=7\nn=8\n")
        wait_until(lambda: "cannot read, trying again" in collector(instance).text(), 20, "the complaint")
        follower.wait_numbers(range(6))
        collector(instance).kill()
        path.chmod(0o644)
        (logs / "app.log.1").chmod(0o644)
        instance.start_collector("log")
        follower.wait_numbers(range(9))


# ---- exactly once --------------------------------------------------------------------------------


KILLS = int(os.environ.get("SIGHTLINE_LOG_KILLS", "12"))

WRITER = r"""
import os, sys, time
path, ready = sys.argv[1:]
n = 0
while not os.path.exists(ready):
    with open(path, "a") as out:
        for _ in range(40):
            out.write(f"n={n} some more text of a line\n")
            n += 1
    time.sleep(0.02)
    if n % 4000 == 0:
        os.rename(path, f"{path}.{n}")
print(n)
"""


def test_each_line_is_one_event_and_counted_once_whatever_is_killed(make_instance, logs):
    paths = [logs / "a.log", logs / "b.log"]
    instance = make_instance(config=section({"app": (["tick"], *paths)}, linger="5s"))
    instance.start()
    done = logs / "done"
    with Follower(instance) as follower:
        instance.start_collector("log")
        writers = [subprocess.Popen(["/usr/bin/python3", "-c", WRITER, str(path), str(done)], stdout=subprocess.PIPE,
                                    text=True) for path in paths]
        try:
            for number in range(KILLS):
                before = len(follower.numbers())
                if number % 3 != 1:
                    collector(instance).kill()
                if number % 3 != 0:
                    instance.processes["aggregator"].kill()
                    instance.start_aggregator()
                if number % 3 != 1:
                    instance.start_collector("log")
                wait_until(lambda: len(follower.numbers()) > before + 50, 30, "lines after a kill")
        finally:
            done.touch()
            written = [int(writer.communicate()[0]) for writer in writers]
        follower.wait_numbers([n for count in written for n in range(count)], 60)
        wait_until(lambda: value(instance, "system_health.log_messages") == sum(written), 20, "the count")
