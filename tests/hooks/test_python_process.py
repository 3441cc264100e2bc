# SPDX-License-Identifier: Apache-2.0
"""Threads, forks, event loops and the end of a program: whole programs with the Python hooks."""
import pytest

from collector import PYTHON, Hostile, program

START = """
import asyncio, os, sys, threading, time
import sightline_hooks as hooks
"""


def once(collector, *numbers):
    assert sorted(collector.numbers()) == sorted(numbers)
    ids = [event["id"] for event in collector.taken]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise RuntimeError('the application')",
                                 "import atexit; atexit.register(hooks.emit, 'bench.hooks', {'n': 99})"])
def test_the_end_of_a_program_sends_what_waits(collector, end):
    done = program(collector, START + "[hooks.emit('bench.hooks', {'n': n}) for n in range(5)]\n" + end, linger_s=60)
    once(collector, *range(5), *([99] if "atexit" in end else []))
    assert done.returncode == (3 if "exit(3)" in end else 1 if "raise" in end else 0), done.stderr
    assert "sightline" not in done.stderr


def test_without_a_collector_a_program_ends_in_time_and_says_what_is_lost(collector):
    collector.always = (503, {}, "")
    done = program(collector, START + "[hooks.emit('bench.hooks', {'n': n}) for n in range(5)]", exit_s=0.3)
    assert done.returncode == 0 and "5 event(s) dropped (unfinished)" in done.stderr


def test_a_collector_that_never_answers_holds_the_end_no_longer_than_it_may(collector):
    peer = Hostile([b""])
    done = program(collector, START + "[hooks.emit('bench.hooks', {'n': n}) for n in range(5)]\ntime.sleep(0.2)", url=peer.url,
                   exit_s=0.3, timeout_s=1000)
    peer.close()
    assert done.returncode == 0 and "5 event(s) dropped (unfinished)" in done.stderr


def test_what_the_last_moment_takes_is_sent_without_a_thread(collector):
    # From an object that dies with the interpreter's end no thread can be started.
    done = program(collector, START + """
import atexit
def late():
    threading.Thread.start = lambda self: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
    hooks.emit('bench.hooks', {'n': 1})
atexit.register(late)
""")
    assert done.returncode == 0 and done.stderr == ""
    once(collector, 1)


def test_parent_and_forked_children_send_each_their_own(collector):
    done = program(collector, START + """
[hooks.emit('bench.hooks', {'n': n}) for n in range(3)]  # waits while we fork
for child in (10, 20, 30):
    if os.fork() == 0:
        hooks.emit('bench.hooks', {'n': child})
        if child == 30:
            hooks.flush(); os._exit(0)
        sys.exit(0)
for _ in range(3):
    assert os.wait()[1] == 0
hooks.emit('bench.hooks', {'n': 3})
""", linger_s=0.3)
    assert done.returncode == 0, done.stderr
    once(collector, 0, 1, 2, 3, 10, 20, 30)


def test_forks_amid_other_threads_neither_hang_nor_double(collector):
    done = program(collector, START + """
stop = threading.Event()
count = [0]
def busy():
    while not stop.is_set():
        if hooks.emit('bench.hooks', {'n': count[0]}):
            count[0] += 1
thread = threading.Thread(target=busy); thread.start()
for child in range(20):
    pid = os.fork()
    if pid == 0:
        assert hooks.emit('bench.hooks', {'n': -1 - child}) and hooks.flush(20)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set(); thread.join()
assert hooks.flush(30)
print(count[0])
""", events_max=10**6, bytes_max=10**9)
    assert done.returncode == 0, done.stderr
    once(collector, *range(int(done.stdout)), *(-1 - child for child in range(20)))


def test_sending_imports_nothing_that_a_child_forked_meanwhile_would_have_half(collector):
    collector.answers += [(503, {"Retry-After": "0"}, "wait"), (400, {}, "events[0]: no")]
    done = program(collector, START + """
before = set(sys.modules)
for n in range(10):
    hooks.emit('bench.hooks', {'n': n})
assert hooks.flush(20)
print(sorted(set(sys.modules) - before))
""", events_max=5, retry_min_s=0.01)
    assert done.returncode == 0 and done.stdout.strip() == "[]", done


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_send_before_they_end(collector, tmp_path, method):
    script = tmp_path / "pool.py"
    script.write_text(START + f"""
import multiprocessing
def work(n):
    hooks.emit('bench.hooks', {{'n': n}})
if __name__ == "__main__":
    hooks.emit('bench.hooks', {{'n': 0}})
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=work, args=(n,)) for n in (1, 2, 3)]
    [child.start() for child in children]
    [child.join() for child in children]
""", encoding="utf-8")
    done = program(collector, str(script), PYTHON, linger_s=60)
    assert done.returncode == 0, done.stderr
    once(collector, 0, 1, 2, 3)


def test_hooks_are_awaited_in_an_event_loop_without_holding_it(collector):
    collector.always = None
    done = program(collector, START + """
from decimal import Decimal
async def main():
    tasks = [asyncio.create_task(hooks.order_completed_hook(
        order_id=n, staff_id=1, customer_id=None, total_amount=Decimal("50.00"), items_count=2)) for n in range(50)]
    ids = await asyncio.gather(*tasks)
    assert len(set(ids)) == 50 and None not in ids
    assert await asyncio.to_thread(hooks.flush)
asyncio.run(main())
""")
    assert done.returncode == 0, done.stderr
    assert [e["payload"]["order_id"] for e in collector.taken] == list(range(50))
    assert {e["type"] for e in collector.taken} == {"orders.completed"}
    assert collector.taken[0]["payload"] == {"order_id": 0, "staff_id": 1, "total_amount": 50.0, "items_count": 2}


def test_a_signal_handler_may_call_a_hook_and_end_the_program(collector):
    done = program(collector, START + """
import signal
def handler(*_):
    hooks.system_event_sync("shutdown", "going", event_data={"n": 1})
    sys.exit(0)
signal.signal(signal.SIGTERM, handler)
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
while True:
    hooks.emit('bench.hooks', {})
""", events_max=100)
    assert done.returncode == 0, done.stderr
    # The buffer may have been full at that moment: then the program ends all the same.
    kinds = [e["type"] for e in collector.taken]
    assert "bench.hooks" in kinds


def test_a_hook_called_wrongly_is_counted_and_does_not_raise(collector):
    done = program(collector, START + """
assert hooks.order_completed_sync() is None
assert hooks.order_completed_sync(1, nonsense=2) is None
assert hooks.payment_processed_sync(1, status=type("S", (), {"__str__": lambda self: 1 / 0})()) is None
assert asyncio.run(hooks.staff_action_hook()) is None
class Silent(Exception):
    def __str__(self):
        raise self
def fail(self):
    raise Silent
assert hooks.payment_processed_sync(1, status=type("S", (), {"__str__": fail})()) is None
assert hooks.get_analytics_status()["events"]["dropped"]["invalid"] == 5
""")
    assert done.returncode == 0, done.stderr
    assert collector.taken == []


def test_several_senders_end_at_the_same_time(collector):
    # One after the other they would wait a minute: longer than the program may take here.
    collector.always = (503, {}, "")
    done = program(collector, START + """
for n in range(30):
    hooks.configure(app=str(n))
    hooks.emit('bench.hooks', {'n': n})
""", exit_s=3)
    assert done.returncode == 0 and "dropped (unfinished)" in done.stderr


def test_configure_replaces_and_the_former_still_sends(collector):
    done = program(collector, START + f"""
hooks.emit('bench.hooks', {{'n': 1}})
hooks.configure(app="another", linger_s=0.001)
hooks.emit('bench.hooks', {{'n': 2}})
assert hooks.flush()
try:
    hooks.configure(url="ftp://nowhere")
except ValueError:
    hooks.emit('bench.hooks', {{'n': 3}})
""", linger_s=60)
    assert done.returncode == 0, done.stderr
    once(collector, 1, 2, 3)
