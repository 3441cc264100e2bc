# SPDX-License-Identifier: Apache-2.0
"""Random clients of all roles over all transports while processes die and come back."""
import os
import time

from campaign import Campaign

STEPS = int(os.environ.get("SIGHTLINE_CAMPAIGN_STEPS", "1000000"))
CLIENTS = int(os.environ.get("SIGHTLINE_CAMPAIGN_CLIENTS", "36"))


def test_random_campaign_loses_repeats_and_leaks_nothing(make_instance, minutes):
    seed = os.environ.get("SIGHTLINE_CAMPAIGN_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_CAMPAIGN_SEED={seed}")
    campaign = Campaign(make_instance, seed, CLIENTS)
    print(campaign.run(STEPS, until=time.monotonic() + minutes * 60,
                       report=lambda number, figures: print(number, figures, flush=True)))
