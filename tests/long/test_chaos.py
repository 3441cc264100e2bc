# SPDX-License-Identifier: Apache-2.0
"""The campaign: each kind of process killed 50 times, two at a time 20 times."""
import os
import time

from chaos import Campaign

KILLS = int(os.environ.get("SIGHTLINE_CHAOS_KILLS", "50"))
PAIRS = int(os.environ.get("SIGHTLINE_CHAOS_PAIRS", "20"))


def test_kill_9_campaign_loses_and_repeats_nothing(make_instance):
    seed = os.environ.get("SIGHTLINE_CHAOS_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_CHAOS_SEED={seed}")
    campaign = Campaign(make_instance, seed)
    campaign.run(KILLS, PAIRS)
    print(campaign.finish())
