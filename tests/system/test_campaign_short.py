# SPDX-License-Identifier: Apache-2.0
"""A few hundred steps of the random campaign; tests/long has the whole."""
import os
import time

from campaign import Campaign

STEPS = int(os.environ.get("SIGHTLINE_CAMPAIGN_STEPS", "600"))
CLIENTS = int(os.environ.get("SIGHTLINE_CAMPAIGN_CLIENTS", "20"))


def test_random_campaign_loses_repeats_and_leaks_nothing(make_instance):
    seed = os.environ.get("SIGHTLINE_CAMPAIGN_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_CAMPAIGN_SEED={seed}")
    campaign = Campaign(make_instance, seed, CLIENTS)
    print(campaign.run(STEPS, rest_every=200))
