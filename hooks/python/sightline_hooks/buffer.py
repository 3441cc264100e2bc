# SPDX-License-Identifier: Apache-2.0
"""Events that wait to be sent: bounded in number and bytes, the newest refused when full.

Invariants.
- An item stays at its place until it is settled: sent, or dropped with a reason, always
  the first ones.  So a sender that fails half-way loses nothing, and one who waits for
  everything up to now only compares two counters.
- put waits for nothing but the few instructions that others hold the lock.
- A signal handler or a finalizer can interrupt the thread that holds the lock at any
  instruction, and call put.  The lock is reentrant, so that does not block; `inside` says
  that something is half done, and what is put then waits in `late` until it is done.
"""
import collections
import contextlib
import threading
import time

LATE_MAX = 1000


class Buffer:
    def __init__(self, items_max, bytes_max, wake_at):
        """wake_at: so many items end the wait for more of them."""
        self.items_max, self.bytes_max, self.wake_at = items_max, bytes_max, wake_at
        self.changed = threading.Condition(threading.RLock())
        self.items = collections.deque()
        self.late = collections.deque()
        self.late_lost = 0  # put in an interruption, and then there was no room
        self.bytes = 0
        self.inside = False
        self.put_count = 0  # ever taken in
        self.settled_count = 0  # of these, sent or dropped
        self.closed = False
        self.hurry = 0  # who waits for it to be empty

    def __len__(self):
        return len(self.items) + len(self.late)

    def put(self, item):
        """Takes bytes in; False if there is no room, or never again."""
        with self.changed:
            if self.inside:
                if len(self.late) >= LATE_MAX:
                    return False
                self.late.append(item)
                return True
            self.inside = True
            try:
                taken = self._add(item)
            finally:
                self.inside = False
            if self.late:
                self._admit()
        return taken

    def _add(self, item):
        size = len(item)
        if self.closed or len(self.items) >= self.items_max or self.bytes + size > self.bytes_max:
            return False
        self.items.append(item)
        self.bytes += size
        self.put_count += 1
        if len(self.items) == 1 or len(self.items) == self.wake_at:
            self.changed.notify_all()
        return True

    def _admit(self):
        while self.late and not self.inside:
            self.inside = True
            try:
                while self.late:
                    self.late_lost += not self._add(self.late.popleft())
            finally:
                self.inside = False

    @contextlib.contextmanager
    def _at_work(self):
        with self.changed:
            self.inside = True
            try:
                yield
            finally:
                self.inside = False
            self._admit()

    # -- for the one who sends -------------------------------------------------------

    def first(self, items_max, bytes_max):
        """The first items within these bounds, at least one if there is any."""
        found, size = [], 0
        with self._at_work():
            for item in self.items:
                size += len(item)
                if found and (len(found) >= items_max or size > bytes_max):
                    break
                found.append(item)
        return found

    def settle(self, count):
        """The first items are done with."""
        with self._at_work():
            for _ in range(count):
                self.bytes -= len(self.items.popleft())
            self.settled_count += count
            self.changed.notify_all()

    def replace_first(self, item):
        """Another in the place of the first."""
        with self._at_work():
            self.bytes += len(item) - len(self.items[0])
            self.items[0] = item

    # -- waiting -----------------------------------------------------------------------

    def wait_filled(self, linger_s):
        """Until there is something, then a little longer for more of it.  False: it is
        closed and empty."""
        with self.changed:
            while not self.items:
                if self.closed:
                    return False
                self.changed.wait()
            self.changed.wait_for(
                lambda: len(self.items) >= self.wake_at or self.closed or self.hurry > 0, linger_s)
        return True

    def wait_settled(self, timeout_s):
        """Until everything that was put before is settled; False after the timeout."""
        with self.changed:
            if self.inside:  # we interrupt somebody who holds the lock: no waiting here
                return False
            goal = self.put_count
            self.hurry += 1
            self.changed.notify_all()
            try:
                return self.changed.wait_for(lambda: self.settled_count >= goal, timeout_s)
            finally:
                self.hurry -= 1

    def pause(self, seconds, firm):
        """A wait between two tries.  It ends early when the buffer is closed and, unless it
        is firm, when somebody begins to wait for the buffer to be empty."""
        until = time.monotonic() + seconds
        with self.changed:
            closed, hurry = self.closed, self.hurry
            while (left := until - time.monotonic()) > 0:
                if self.closed != closed or (self.hurry > hurry and not firm):
                    return
                self.changed.wait(left)

    def close(self):
        """Takes nothing more."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
