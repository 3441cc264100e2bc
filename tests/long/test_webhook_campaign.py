# SPDX-License-Identifier: Apache-2.0
"""What the webhook collector acknowledged arrives once, whatever is killed."""
import os

from webhook_campaign import campaign

KILLS = int(os.environ.get("SIGHTLINE_WEBHOOK_KILLS", "100"))


def test_nothing_acknowledged_is_lost_or_doubled_over_100_kills(make_instance):
    acknowledged, again = campaign(make_instance, KILLS)
    print(f"{acknowledged} events, {again} requests made again, over {KILLS} kills")
    assert again > 0
