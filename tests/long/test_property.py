# SPDX-License-Identifier: Apache-2.0
"""At least a million random steps of clients that come back, over several worlds."""
import os
import random
import subprocess

from sightline import BUILD

STEPS = int(os.environ.get("SIGHTLINE_PROPERTY_STEPS", "1000000"))
WORLDS = 4  # half of the steps in one, the rest in smaller ones of other window sizes


def test_random_clients_get_all_they_may_see_once():
    seed = int(os.environ.get("SIGHTLINE_PROPERTY_SEED", str(random.randrange(1 << 32))))
    print(f"SIGHTLINE_PROPERTY_SEED={seed}")
    shares = [STEPS // 2] + [STEPS // 2 // (WORLDS - 1) + 1] * (WORLDS - 1)
    for world, steps in enumerate(shares):
        done = subprocess.run([str(BUILD / "tests/property/property"), "--seed", str(seed + world), "--steps", str(steps)],
                              capture_output=True, text=True)
        print(done.stdout)
        assert done.returncode == 0, done.stderr[-6000:]
