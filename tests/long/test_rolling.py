# SPDX-License-Identifier: Apache-2.0
"""A rolling restart of three gateways with 5,000 clients: nobody misses anything, and
they do not come back all at once."""
import signal

from crowd import Crowd, busiest, raise_files
from sightline import wait_until
from test_drain import roll

CLIENTS = 5000
FILES_EACH = 2  # a client's end and the gateway's
BUCKET_S = 1.0
PEAK_MAX = 2.0  # of the mean; a rolling restart that shows more has a spike


def test_003_8_rolling_restart_of_three_gateways_with_5000_clients(make_instance):
    count = min(CLIENTS, (raise_files(FILES_EACH * CLIENTS) - 500) // FILES_EACH)
    instance = make_instance(gateways=3).start()
    collector = instance.start_collector("synthetic", "--events", "1", "--payload-bytes", "64")
    crowd = Crowd(instance, count)
    try:
        wait_until(lambda: crowd.present == count, 120, "all clients")
        for index in (1, 2, 3):
            before = len(crowd.arrivals)
            roll(instance, index)
            wait_until(lambda: crowd.present == count, 60, "all clients again")
            peak, mean = busiest(crowd.arrivals[before:], BUCKET_S)
            print(f"gateway {index}: {len(crowd.arrivals) - before} reconnects, "
                  f"peak {peak} in {BUCKET_S} s, mean {mean:.0f}")
            assert peak <= PEAK_MAX * mean
        collector.kill(signal.SIGTERM)
        wait_until(crowd.caught_up, 60, "the last event at every client")
        assert not crowd.faults(), crowd.faults()[:5]
    finally:
        crowd.close()
