# SPDX-License-Identifier: Apache-2.0
"""A few kills of each kind; tests/long has the campaign."""
import os
import time

from chaos import Campaign

KILLS = int(os.environ.get("SIGHTLINE_CHAOS_KILLS", "3"))


def test_kill_9_loses_and_repeats_nothing(make_instance):
    seed = os.environ.get("SIGHTLINE_CHAOS_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_CHAOS_SEED={seed}")
    campaign = Campaign(make_instance, seed)
    campaign.run(KILLS, 2)
    print(campaign.finish())
