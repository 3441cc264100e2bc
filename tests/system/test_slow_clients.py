# SPDX-License-Identifier: Apache-2.0
"""Clients that stop reading: the others get everything, they themselves lose nothing."""
import signal

from crowd import Crowd
from sightline import wait_until
from test_gateway_limits import counter

CLIENTS = 60
SLOW = 6


def test_003_8_clients_that_stop_reading_are_cut_with_3008_and_resume_without_loss(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_SLOW_TIMEOUT": "1s",
                                  "SIGHTLINE_GATEWAY_SEND_BUFFER_BYTES": "16KiB"}).start()
    collector = instance.start_collector("synthetic", "--events", "200", "--payload-bytes", "1000")
    crowd = Crowd(instance, CLIENTS, receive_buffer=8192)
    try:
        wait_until(lambda: all(m.next for m in crowd.members), 30, "events for all")
        slow, others = crowd.members[:SLOW], crowd.members[SLOW:]
        crowd.read(slow, False)
        before = min(m.next for m in others)
        wait_until(lambda: counter(instance, "slow_disconnects") == SLOW, 30, "the end of the slow")
        crowd.read(slow, True)
        wait_until(lambda: all(m.connects == 2 for m in slow), 30, "the slow ones again")
        collector.kill(signal.SIGTERM)
        wait_until(crowd.caught_up, 30, "the last event at every client")
        assert not crowd.faults(), crowd.faults()[:3]
        assert [m.codes for m in slow] == [[3008]] * SLOW
        assert all(m.connects == 1 and m.next > before + 100 for m in others)
    finally:
        crowd.close()
