# SPDX-License-Identifier: Apache-2.0
"""What StatsD clients send is counted, or it is counted that it was not: nothing else."""
import asyncio
import random
import socket
import threading

import aiodogstatsd
import pytest
from statsd import client

from latest import Latest
from sightline import wait_until
from statsd_instance import Statsd, joined

QUICK = "flush_interval = 200ms"


@pytest.fixture
def statsd(make_instance):
    return Statsd(make_instance, QUICK)


def refused_at_start(statsd):
    """The line with which the collector did not start."""
    process = statsd.instance.start_collector("statsd")
    assert process.wait() != 0
    return process.text()


# -- kinds ------------------------------------------------------------------------------------


def test_counters_are_totals_rates_or_counts_as_catalog_and_rules_say(make_instance):
    statsd = Statsd(make_instance, """flush_interval = 1s
map "counted" { metric = "hit_count" counter = count factor = 10 }
map "rated" { metric = "hit_rate" }
""")
    with Latest(statsd.instance, "hit_count", "hit_rate") as latest:
        statsd.udp("hits:3|c", "hits:1|c|@0.1", "hits:2:2|c", "counted:5|c", "rated:20|c", "hits:-1|c")
        statsd.wait_value("hits", 3 + 10 + 4 - 1)
        wait_until(lambda: latest.get("hit_count") == 50, what="the count of the interval, times ten")
        wait_until(lambda: (latest.get("hit_rate") or 0) > 0, what="a rate")
        wait_until(lambda: latest.get("hit_count") == 0 and latest.get("hit_rate") == 0, what="an interval without")
    statsd.udp("hits:4|c")
    statsd.wait_value("hits", 20)


def test_gauges_are_set_and_moved(statsd):
    statsd.udp("level:+5|g")
    statsd.wait_value("level", 5)
    statsd.udp("level:20|g", "level:-1.5|g", "level:+0.25|g")
    statsd.wait_value("level", 18.75)
    statsd.udp("level:-100|g")
    statsd.wait_value("level", 18.75 - 100)


def test_timers_have_quantiles_within_one_percent(statsd):
    values = [random.lognormvariate(3, 1) for _ in range(2000)]
    lines = [f"latency:{value:.6f}|{random.choice(['ms', 'h', 'd'])}" for value in values]
    statsd.udp(*lines)
    statsd.wait_value("latency_count", 2000)
    values = sorted(round(value, 6) for value in values)
    near = {"latency": sum(values) / 2000, "latency_p50": values[999], "latency_p99": values[1979]}
    for name, exact in near.items():
        assert abs(statsd.value(name) - exact) <= 0.008 * exact, name
    assert statsd.value("latency_min") == values[0] and statsd.value("latency_max") == values[-1]
    assert abs(statsd.value("latency_sum") - sum(values)) < 1e-6 * sum(values)
    statsd.udp("latency:100|ms|@0.01", "latency:1000:1000|ms")
    statsd.wait_value("latency_count", 2102)
    assert abs(statsd.value("latency_p50") - 100) <= 0.8 and statsd.value("latency_p99") == 1000


def test_sets_count_different_members(make_instance):
    statsd = Statsd(make_instance, "flush_interval = 1s")
    statsd.udp(*[f"visitors:user-{n % 200}|s" for n in range(1000)])
    statsd.wait_value("visitors", 200)
    statsd.wait_value("visitors", 0)


def test_clients_of_others_over_udp_tcp_and_unix(statsd):
    udp = client.StatsClient("127.0.0.1", statsd.port)
    tcp = client.TCPStatsClient("127.0.0.1", statsd.port)
    with udp.pipeline() as pipe:
        pipe.incr("hits", 3)
        pipe.decr("hits")
        pipe.gauge("level", 70)
        pipe.gauge("level", -6, delta=True)
        pipe.timing("latency", 320)
        pipe.set("visitors", "one")
    for _ in range(100):
        tcp.incr("hits", 2)
    tcp.close()
    statsd.wait_value("hits", 202)
    statsd.wait_value("level", 64)
    statsd.wait_value("latency", 320)

    async def send():
        async with aiodogstatsd.Client(host="127.0.0.1", port=statsd.port, constant_tags={"env": "test"}) as dog:
            dog.increment("tagged", tags={"route": "/a"})
            dog.distribution("latency", value=10)
            dog.gauge("hit_rate", value=1.5)
    asyncio.run(send())
    statsd.wait_value("tagged", 1)
    statsd.wait_value("hit_rate", 1.5)
    statsd.wait_figures(malformed=0, unknown=0, denied=0, overflow=0)


# -- names ------------------------------------------------------------------------------------


def test_tags_and_rules_make_labels_and_series(make_instance):
    statsd = Statsd(make_instance, QUICK + """
map "checkout" {
	match = "shop.*.checkout.>"
	metric = "checkout"
	labels = {"shop=$1", "step=$2"}
	drop = {host}
	factor = 1000
}
map "noise.>" { metric = "" }
""")
    statsd.udp("shop.eu.checkout.pay.card:0.25|ms|#host:a,env:prod", "shop.eu.checkout.pay.card:0.25|ms|#env:prod,host:b",
               "shop.us.checkout.cart:0.5|ms|#host:c,env:prod", "noise.of.somebody:1|c",
               *[f"tagged:1|c|#n:{n},m:{n}" for n in range(5)], *[f"tagged:1|c|#m:{n},n:{n}" for n in range(5)])
    statsd.wait_value("checkout", 500)
    statsd.wait_value("tagged", 5)
    statsd.wait_figures(metrics=13, left_out=1, series=7)


def test_a_reload_changes_the_rules_and_forgets_no_count(statsd):
    statsd.udp("hits:1|c", "mine:1|c")
    statsd.wait_figures(metrics=1, unknown=1)
    statsd.instance.configure('collector "statsd"', 'map "mine" { metric = "hits" }')
    statsd.process.popen.send_signal(1)
    wait_until(lambda: "reload" in statsd.process.text(), what="the reload")
    statsd.udp("hits:1|c", "mine:1|c", "latency:5|ms")
    statsd.wait_value("hits", 3)
    statsd.wait_value("latency", 5)


def test_events_and_service_checks_of_dogstatsd_reach_clients(statsd):
    with statsd.instance.ws() as ws:
        ws.subscribe("events.>")
        statsd.udp("_e{6,12}:deploy|first\\nthird|t:warning|h:web1|#env:prod,hot", "hits:1|c",
                   "_sc|database|2|h:web1|m:no route to host")
        event = ws.wait(lambda m: m["type"] == "event" and m["data"]["type"] == "statsd.event")["data"]
        assert event["payload"] == {"title": "deploy", "text": "first\nthird", "alert_type": "warning",
                                    "host": "web1", "tags": ["env:prod", "hot"]}
        assert event["source"] == "statsd"
        check = ws.wait(lambda m: m["type"] == "event" and m["data"]["type"] == "statsd.check")["data"]
        assert check["payload"] == {"check": "database", "status": "critical", "message": "no route to host",
                                    "host": "web1"}
    statsd.wait_figures(events=2, metrics=1)


# -- sent = counted + reported as dropped --------------------------------------------------------


def test_udp_overloaded_on_purpose_sent_is_counted_plus_dropped(make_instance):
    statsd = Statsd(make_instance, QUICK + "\nreceive_buffer_bytes = 64KiB")
    datagram = joined(["hits:1|c"] * 10)
    statsd.pause()
    sent = statsd.flood(datagram, 5000)
    statsd.go_on()
    wait_until(lambda: statsd.figure("datagrams") + statsd.figure("dropped") == sent, 30, "every datagram accounted for")
    first = statsd.figures()
    assert first["dropped"] > 0 and first["datagrams"] > 0
    statsd.wait_value("hits", 10 * first["datagrams"])
    statsd.wait_figures(metrics=10 * first["datagrams"], malformed=0, unknown=0)
    # And again: the kernel's counter goes on, and so does ours.
    statsd.pause()
    sent += statsd.flood(datagram, 3000)
    statsd.go_on()
    wait_until(lambda: statsd.figure("datagrams") + statsd.figure("dropped") == sent, 30, "the second burst")
    assert statsd.figure("dropped") > first["dropped"]
    statsd.wait_value("hits", 10 * statsd.figure("datagrams"))


def test_udp_flooded_while_it_reads_sent_is_counted_plus_dropped(make_instance):
    statsd = Statsd(make_instance, QUICK + "\nreceive_buffer_bytes = 64KiB")
    datagram = joined(["hits:1|c", "level:3|g", "latency:5|ms|#a:b", "broken"] * 10)
    senders = [threading.Thread(target=statsd.flood, args=(datagram, 20000)) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    wait_until(lambda: statsd.figure("datagrams") + statsd.figure("dropped") == 40000, 60, "every datagram accounted for")
    read = statsd.figure("datagrams")
    statsd.wait_figures(metrics=30 * read, malformed=10 * read)
    statsd.wait_value("hits", 10 * read)
    statsd.wait_value("latency_count", 10 * read)


def test_tcp_slows_senders_down_and_loses_nothing(statsd):
    text = b"hits:1|c\nlatency:2|ms\nhits:1|c|#a:b\n" * 20000

    def send(seed):
        pieces = random.Random(seed)
        with statsd.tcp() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)  # else the kernel would take it all
            at = 0
            while at < len(text):
                size = pieces.choice((1, 7, 100, 4096, 60000))
                s.sendall(text[at:at + size])
                at += size
            s.sendall(b"hits:1|c")  # without an end

    statsd.pause()
    senders = [threading.Thread(target=send, args=(seed,)) for seed in range(3)]
    for sender in senders:
        sender.start()
    assert any(sender.is_alive() for sender in senders), "the kernel took it all"
    statsd.go_on()
    for sender in senders:
        sender.join()
    statsd.wait_value("hits", 3 * 40001)
    statsd.wait_value("latency_count", 3 * 20000)
    statsd.wait_figures(metrics=3 * 60001, malformed=0, dropped=0, datagrams=0)


def test_unix_datagrams_slow_senders_down_and_lose_nothing(statsd):
    full = 0
    statsd.pause()
    with statsd.unix() as s:
        s.setblocking(False)
        try:
            for _ in range(100000):
                s.send(b"hits:1|c\nlevel:1|g")
                full += 1
        except BlockingIOError:
            pass
        statsd.go_on()
        s.setblocking(True)
        for _ in range(20000):
            s.send(b"hits:1|c\nlevel:1|g")
    assert 0 < full < 100000
    statsd.wait_value("hits", full + 20000)
    statsd.wait_figures(datagrams=full + 20000, metrics=2 * (full + 20000), dropped=0, malformed=0)


def test_what_the_kernel_holds_is_counted_before_the_end(statsd):
    statsd.udp("hits:1|c")
    statsd.wait_value("hits", 1)
    with statsd.tcp() as s:
        s.sendall(b"hits:1|c\n")
        statsd.wait_value("hits", 2)
        statsd.pause()
        statsd.process.popen.terminate()
        statsd.flood(b"hits:1|c", 3000)  # more than it reads between two looks at signals
        s.sendall(b"hits:10000|c\nhits:100000|c")
        with statsd.unix() as u:
            u.send(b"hits:1000000|c")
        statsd.go_on()
        assert statsd.process.wait() == 0
    statsd.wait_value("hits", 1113002)


def test_counts_survive_the_death_of_the_aggregator(statsd):
    statsd.udp("hits:5|c")
    statsd.wait_value("hits", 5)
    statsd.instance.processes["aggregator"].kill()
    statsd.udp("hits:7|c", "level:9|g")
    statsd.instance.start_aggregator()
    statsd.instance.wait_ready()
    statsd.wait()
    statsd.udp("hits:1|c")
    statsd.wait_value("hits", 13)
    statsd.wait_value("level", 9)


# -- what nobody should send -----------------------------------------------------------------------


def test_what_is_malformed_is_counted_and_the_rest_of_its_datagram_taken(statsd):
    bad = [b"", b"nothing", b":1|c", b"hits:|c", b"hits:1", b"hits:1|", b"hits:1|q", b"hits:1|c|@0", b"hits:1|c|@2",
           b"hits:nan|c", b"hits:0x1|c", b"hits:1e999|c", b"hits:1,5|c", b"hits:1|c||", b"\xff\xfe:1|c",
           b"hits:1|c|#k:\xff", b"hits:1|c|#k:" + b"v" * 300, b"_e{", b"_e{9,9}:a|b", b"_sc|x", b"\x00\x01\x02",
           b"hits:1|c|#" + b",".join(b"k%d:v" % n for n in range(100)), b"hits:x:1:y|c"]
    for line in bad:
        statsd.udp(b"hits:1|c\n" + line + b"\nlevel:4|g")
    # The last one had a value in it that was right; the first, nothing that was wrong.
    good = 2 * len(bad) + 1
    statsd.wait_figures(malformed=len(bad) - 1 + 1, metrics=good, unknown=0)
    statsd.wait_value("hits", len(bad) + 1)
    assert 'reason="' in statsd.process.text()


def test_names_that_are_not_the_sources_own_are_refused_and_counted(statsd):
    statsd.udp("nobody.knows:1|c", "secret:1|c", "overall_status:1|g", "hits:2|c")
    statsd.wait_figures(unknown=2, denied=1, metrics=1)
    statsd.wait_value("hits", 2)
    assert statsd.snapshot()["foreign"]["secret"] is None


def test_series_are_bounded_and_what_is_over_is_counted(make_instance):
    statsd = Statsd(make_instance, QUICK + "\nseries_max = 50")
    statsd.udp("hits:1|c", "level:1|g")
    statsd.wait_figures(series=2)
    for start in range(0, 20000, 500):
        statsd.udp(*[f"tagged:1|c|#id:{n}" for n in range(start, start + 500)])
    wait_until(lambda: statsd.figure("datagrams") + statsd.figure("dropped") == 41, 30, "all datagrams")
    statsd.wait_figures(series=50, metrics=2 + 48, overflow=19952, dropped=0)
    statsd.udp("hits:1|c", "level:2|g", "tagged:1|c|#id:0", "tagged:1|c|#id:19999")
    statsd.wait_value("hits", 2)
    statsd.wait_value("level", 2)
    statsd.wait_figures(overflow=19953, metrics=2 + 48 + 3)


def test_endless_lines_and_too_many_connections_are_counted_and_disturb_nobody(make_instance):
    statsd = Statsd(make_instance, QUICK + "\nconnections_max = 3")
    with statsd.tcp() as endless, statsd.tcp() as slow, statsd.tcp() as good:
        for _ in range(100):
            endless.sendall(b"x" * 65536)
        slow.sendall(b"hit")
        good.sendall(b"hits:1|c\n")
        statsd.wait_value("hits", 1)
        with statsd.tcp() as turned_away:
            assert turned_away.recv(1) == b""
        statsd.wait_figures(malformed=1, turned_away=1, metrics=1)
        endless.sendall(b"x\nhits:1|c\n")
        slow.sendall(b"s:1|c\n")
        statsd.wait_value("hits", 3)
        statsd.wait_figures(malformed=1, metrics=3)


def test_garbage_of_every_length_does_not_end_it(statsd):
    chance = random.Random(7)
    alphabet = b"hits:|c|#@0123456789.,_e{}sc\n\x00\xff"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, statsd.tcp() as t, statsd.unix() as u:
        for size in [1, 2, 3, 100, 1432, 9000, 65507] * 20:
            data = bytes(chance.choice(alphabet) for _ in range(min(size, 2000))) * max(1, size // 2000)
            s.sendto(data[:65507], ("127.0.0.1", statsd.port))
            t.sendall(data)
            u.send(data)
        u.send(b"hits:1|c\n" * 15000)  # longer than a datagram may be here: the end is cut off
        t.sendall(b"\nlevel:77|g\n")
        statsd.wait_value("level", 77)
    assert statsd.process.alive()


# -- start -------------------------------------------------------------------------------------------


def test_a_port_or_socket_that_another_process_has_is_named(make_instance):
    statsd = Statsd(make_instance, start=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", statsd.port))
        assert f"UDP port {statsd.port}: the port is in use" in refused_at_start(statsd)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(statsd.path)
        assert "another process reads" in refused_at_start(statsd)
    (statsd.instance.dir / "run/statsd.sock").unlink()
    (statsd.instance.dir / "run/statsd.sock").write_text("a file of somebody")
    assert "is not a socket" in refused_at_start(statsd)
    (statsd.instance.dir / "run/statsd.sock").unlink()
    statsd.instance.start("statsd")
    statsd.wait()


def test_after_kill_9_the_socket_is_taken_over(statsd):
    statsd.process.kill()
    statsd.instance.start_collector("statsd")
    statsd.wait()
    with statsd.unix() as s:
        s.send(b"level:5|g")
    statsd.wait_value("level", 5)


def test_a_rule_that_cannot_be_is_named_with_its_line(make_instance):
    statsd = Statsd(make_instance, 'map "a" { metric = "hits" labels = {"nothing"} }', start=False)
    assert 'map "a": labels: "nothing" is not key=value' in refused_at_start(statsd)
    statsd = Statsd(make_instance, 'map "a" { metric = "no_such" }', start=False)
    assert 'the catalog has no metric "no_such"' in refused_at_start(statsd)
