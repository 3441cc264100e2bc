# SPDX-License-Identifier: Apache-2.0
"""The shop's long proofs: 200 kills, and 100,000 random changes with a look at every pause."""
import os
import time

from shop import clusters, kill_campaign, one_cluster, one_shop, scramble  # noqa: F401

KILLS = int(os.environ.get("SIGHTLINE_POSTGRES_KILLS", "200"))
CHANGES = int(os.environ.get("SIGHTLINE_POSTGRES_CHANGES", "100000"))
PAUSES = 100


def seed():
    chosen = os.environ.get("SIGHTLINE_POSTGRES_SEED", str(time.time_ns()))
    print(f"SIGHTLINE_POSTGRES_SEED={chosen}")
    return chosen


def test_every_committed_change_arrives_exactly_once_after_200_kills(shop, cluster):
    print(f"{kill_campaign(shop, cluster, seed(), KILLS)} orders over {KILLS} kills")


def test_003_2_live_metrics_equal_a_fresh_query_after_100_000_random_changes(shop, cluster):
    done, undone = scramble(shop, cluster, seed(), CHANGES, PAUSES)
    print(f"{done} changes, {undone} of them rolled back")
    assert done >= CHANGES
