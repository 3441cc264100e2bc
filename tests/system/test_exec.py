# SPDX-License-Identifier: Apache-2.0
"""What scripts write reaches clients; what they do wrong harms nobody, and nothing of them stays."""
import pytest

from scripts import Scripts
from sightline import wait_until


@pytest.fixture
def scripts(make_instance):
    return Scripts(make_instance)


def test_json_lines_of_a_shell_script_reach_a_client(scripts):
    scripts.add("shell", '''
echo '{"metric":"mrr","value":4711}'
n=0
while :; do
	n=$((n + 1))
	echo '{"type":"orders.created","payload":{"id":"shell-'$n'","total":1.5}}'
	sleep 0.2
done
''')
    scripts.start()
    with scripts.instance.ws() as ws:
        ws.subscribe("events.>")
        event = ws.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["id"].startswith("shell-"))["data"]
        assert event["source"] == "exec" and event["module"] == "business_metrics"
    wait_until(lambda: scripts.instance.get("/api/v1/snapshot").json()["businessMetrics"]["mrr"] == 4711)
