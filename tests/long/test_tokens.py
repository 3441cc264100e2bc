# SPDX-License-Identifier: Apache-2.0
"""Streams with two-minute tokens that are refreshed in the stream, for as long as it is given."""
import tokens


def test_streams_with_two_minute_tokens_are_never_disconnected(make_instance, minutes):
    instance = make_instance(gateways=2, env={"MAX_CONNECTIONS_PER_USER": "10"}).start("system")
    rounds = tokens.run(instance, ttl_s=120, seconds=minutes * 60, report=print)
    assert min(rounds) >= minutes - 3, "one refresh a minute: half of the token's life is the warning"
