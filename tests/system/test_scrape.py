# SPDX-License-Identifier: Apache-2.0
"""What exporters say reaches clients; what is wrong with one of them is said and hurts no other."""
import gzip
import re
import signal
import subprocess

import pytest
import requests

from exporters import Exporter, NodeExporter, nobody, target
from sightline import program, wait_until
from tls import make_certificate

# Metrics of these tests, in the snapshot under their own names.
CATALOG = """
module "scraped" { title = "Scraped" }
metric "scraped.good_metric"    { aggregate = sum }
metric "scraped.good_requests"  { aggregate = sum kind = counter }
metric "scraped.request_rate"   { aggregate = sum }
metric "scraped.latency_ms"     { unit = ms aggregate = max }
metric "scraped.by_label"       { aggregate = sum }
metric "scraped.many"           { aggregate = count }
metric "scraped.node_boot_time_seconds"                  { unit = seconds }
metric "scraped.node_memory_memtotal_bytes"              { unit = bytes }
metric "scraped.node_load1"                              { }
metric "scraped.node_filesystem_size_bytes"              { unit = bytes aggregate = sum }
metric "scraped.cpus"                                    { aggregate = count }
metric "scraped.disk_total"                              { unit = bytes }
metric "scraped.gateway_requests"                        { kind = counter aggregate = sum }
"""

QUICK = "interval = 500ms\ntimeout = 2s"


class Scrape:
    """An instance whose scrape collector has these targets and rules."""

    def __init__(self, make_instance, text, start=True, catalog="", stale_after="10s"):
        self.instance = make_instance(catalog=CATALOG + catalog, config={
            'collector "scrape"': f"type = scrape\nstale_after = {stale_after}\n{text}"})
        if start:
            self.instance.start("scrape")

    @property
    def process(self):
        return self.instance.processes["collect-scrape"]

    def value(self, name):
        return self.instance.get("/api/v1/snapshot").json()["scraped"][name]

    def is_stale(self, name):
        return name in self.instance.get("/api/v1/snapshot").json()["scraped"].get("stale", [])

    def wait(self, name, value):
        seen = []

        def is_there():
            seen[:] = [self.value(name)]
            return seen[0] == value
        try:
            wait_until(is_there, what=f"{name} = {value}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen}; {self.process.text()[-1500:]}") from None

    def wait_down(self, name, reason):
        wait_until(lambda: any(f'down target="{name}"' in line and re.search(reason, line)
                               for line in self.process.text().splitlines()),
                   what=f"target {name} down: {reason}; log: {self.process.text()[-3000:]}")


@pytest.fixture
def exporter():
    made = Exporter()
    yield made
    made.stop()


def test_figures_of_the_node_exporter_in_the_snapshot_equal_its_own(make_instance, tmp_path):
    (tmp_path / "own.prom").write_text('# TYPE by_label gauge\nby_label{path="C:\\\\dir\\"x\\"\\n"} 17.25\n', encoding="utf-8")
    node = NodeExporter(f"--collector.textfile.directory={tmp_path}")
    try:
        scrape = Scrape(make_instance, target("node", node.url, QUICK) + """
map "node_cpu_seconds_total" { metric = cpus where = {"mode=idle"} keep = {cpu} counter = total }
map "node_memory_Mem>" { metric = "node_memory_memtotal_bytes" match = "node_memory_MemTotal_bytes" }
""")
        for name, series in (("node_boot_time_seconds", "node_boot_time_seconds"), ("by_label", None),
                             ("node_memory_memtotal_bytes", "node_memory_MemTotal_bytes")):
            scrape.wait(name, node.value(series) if series else 17.25)
        # One that moves: at some moment both say the same.
        wait_until(lambda: scrape.value("node_load1") == node.value("node_load1"), what="the same load")
        text = requests.get(node.url, timeout=10).text
        assert scrape.value("cpus") == len(re.findall(r'^node_cpu_seconds_total\{.*mode="idle"', text, re.M))
        sizes = re.findall(r"^node_filesystem_size_bytes\{.*\} (\S+)$", text, re.M)
        assert sizes and scrape.value("node_filesystem_size_bytes") == pytest.approx(sum(map(float, sizes)))
    finally:
        node.stop()


def test_the_own_gateway_is_a_target(make_instance):
    scrape = Scrape(make_instance, "", start=False)
    instance = scrape.instance
    instance.configure('collector "scrape"', target("gateway", instance.url("/metrics"),
                                                    f'{QUICK}\nbearer_file = "keys/scrape.token"') + """
map "sightline_gateway_requests_total" { metric = gateway_requests counter = total }
""")
    token = instance.dir / "keys/scrape.token"
    token.write_text(instance.token("technical_admin") + "\n", encoding="utf-8")
    token.chmod(0o600)
    instance.start("scrape")
    wait_until(lambda: (scrape.value("gateway_requests") or 0) > 0, what="requests that the gateway counts")
    before = scrape.value("gateway_requests")
    wait_until(lambda: scrape.value("gateway_requests") > before, what="more requests")


BAD = {
    "hangs": ("hangs", r"timed out after 1000 ms while waiting for an answer"),
    "dribbles": ("dribbles", r"timed out after 1000 ms while reading the answer"),
    "endless": ("endless", r"larger than its limit|more than 2000 samples"),
    "endless_line": ("endless_line", r"longer than 65536 bytes"),
    "gigabyte": ("gigabyte", r"[Mm]aximum file size exceeded"),
    "bomb": ("bomb", r"larger than its limit"),
    "cut_off": ("cut_off", r"transfer closed with \d+ bytes remaining"),
    "html": ("<!DOCTYPE html><html><body>metrics</body></html>\n", r"line 1 does not begin with a name"),
    "binary": (bytes(range(256)) * 40, r"line \d+ "),
    "no_end": ("good_metric 1\ngood_metric{a=\"b\"} 2", r"line 2 has no end"),
    "half": ("good_metric 5\nhalf{ 1\n", r"line 2 has a label"),
    "no_number": ("good_metric one\n", r"line 1 has a value that is no number"),
    "missing": (None, r"404"),
    "moved": (lambda request: request.say("", status=302, Location="/good"), r"status 302"),
    "teapot": (lambda request: request.say("good_metric 4\n", status=418), r"418"),
}


def test_a_target_that_misbehaves_is_down_and_says_why_and_the_others_go_on(make_instance, exporter):
    exporter.answers = {f"/{name}": getattr(exporter, answer) if isinstance(answer, str) and hasattr(exporter, answer)
                        else answer for name, (answer, _) in BAD.items()}
    exporter.answers["/good"] = "good_metric 41\n"
    options = "interval = 1s\ntimeout = 2s\nbody_bytes_max = 1MiB\nsamples_max = 2000"
    text = "".join(target(name, exporter.url(f"/{name}"), options) for name in BAD)
    scrape = Scrape(make_instance, text + target("nobody", nobody(), options) +
                    target("no name", "http://no-such-host.invalid/metrics", options) +
                    target("good", exporter.url("/good"), options))
    scrape.wait("good_metric", 41)
    for name, (_, reason) in BAD.items():
        scrape.wait_down(name, reason)
    scrape.wait_down("nobody", r"[Rr]efused|connect")
    scrape.wait_down("no name", r"resolving|timed out")
    exporter.answers["/good"] = "good_metric 42\n"
    scrape.wait("good_metric", 42)
    # A reason is logged when it changes, not at each scrape.
    assert len(re.findall(r'down target="html"', scrape.process.text())) == 1
    # Nothing of what came was kept.
    with open(f"/proc/{scrape.process.pid}/status", encoding="utf-8") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
    assert peak < (400 << 10), f"{peak} KiB"
    # It comes back.
    exporter.answers["/html"] = "good_metric 8\n"
    scrape.wait("good_metric", 50)
    assert 'up target="html"' in scrape.process.text()


def test_a_hundred_targets_at_once(make_instance, exporter):
    exporter.answers = {f"/{i}": f"good_metric {i}\n" for i in range(100)}
    scrape = Scrape(make_instance, "".join(target(f"t{i}", exporter.url(f"/{i}"), "interval = 1s") for i in range(100)))
    scrape.wait("good_metric", sum(range(100)))
    exporter.answers["/99"] = "good_metric 1099\n"
    scrape.wait("good_metric", sum(range(100)) + 1000)


def test_targets_stay_apart_whatever_a_rule_takes_off(make_instance, exporter):
    other = Exporter({"/metrics": 'good_metric{a="2"} 20\n'})
    try:
        exporter.answers = {"/metrics": 'good_metric{a="1"} 1\n', "/more": 'good_metric{a="3"} 300\n'}
        both = target("both", exporter.url() + '", "' + other.url(), QUICK)
        scrape = Scrape(make_instance, both + target("more", exporter.url("/more"), QUICK) +
                        'map "good_metric" { metric = good_metric drop = {"*"} }\n')
        scrape.wait("good_metric", 321)
    finally:
        other.stop()


def test_a_series_that_vanishes_turns_stale_and_the_rest_stays(make_instance, exporter):
    exporter.answers["/metrics"] = 'good_metric{a="1"} 1\ngood_metric{a="2"} 2\nlatency_ms 5\n'
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK), stale_after="3s")
    scrape.wait("good_metric", 3)
    scrape.wait("latency_ms", 5)
    exporter.answers["/metrics"] = 'good_metric{a="2"} 2\n'
    scrape.wait("good_metric", 2)
    wait_until(lambda: scrape.is_stale("latency_ms"), what="stale latency_ms")
    assert not scrape.is_stale("good_metric")
    exporter.answers["/metrics"] = 'good_metric{a="2"} 2\nlatency_ms 6\n'
    scrape.wait("latency_ms", 6)
    assert not scrape.is_stale("latency_ms")


def test_rules_rename_drop_scale_and_make_rates(make_instance, exporter):
    step = {"n": 0}

    def answer(request):
        step["n"] += 1
        request.say("# TYPE http_requests_total counter\n"
                    f'http_requests_total{{code="200"}} {100 * step["n"]}\n'
                    'http_duration_seconds{quantile="0.5"} 0.25\n'
                    'http_duration_seconds{quantile="0.99"} NaN\n'
                    'noise_a 1\nnoise_b 2\nby_label{keep="1",pod="x"} 3\nby_label{keep="1",pod="y"} 4\n')
    exporter.answers["/metrics"] = answer
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK + '\nlabels = {"env=test"}') + """
map "http_requests_total" { metric = request_rate }
map "http_duration_seconds" { metric = latency_ms factor = 1000 }
map "noise_*" { metric = "" }
map "by_label" { metric = by_label where = {"pod=x"} drop = {pod} }
map "rest" { match = "by_*" metric = "" }
""")
    scrape.wait("latency_ms", 250)
    scrape.wait("by_label", 3)
    wait_until(lambda: (scrape.value("request_rate") or 0) > 0, what="a rate")


def test_a_histogram_is_the_mean_and_the_quantiles_of_what_came_since_the_scrape_before(make_instance, exporter):
    step = {"n": 0, "b": 0, "quiet": False}

    def answer(request):
        # Each time 10 requests of 0.1 s on one path, and 30 of 0.3 s on another.
        step["n"] += 1
        step["b"] += not step["quiet"]
        lines = ["# TYPE http_seconds histogram"]
        for path, count, each in (("/a", 10 * step["n"], 0.1), ("/b", 30 * step["b"], 0.3)):
            for le in (0.2, 0.4, "+Inf"):
                seen = count if le == "+Inf" or each <= le else 0
                lines.append(f'http_seconds_bucket{{path="{path}",le="{le}"}} {seen}')
            lines += [f'http_seconds_sum{{path="{path}"}} {count * each}', f'http_seconds_count{{path="{path}"}} {count}']
        request.say("\n".join(lines) + "\n")
    exporter.answers["/metrics"] = answer
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK) + """
map "http_seconds" { metric = latency_ms factor = 1000 drop = {path} }
""", catalog='metric "scraped.latency_ms_p50" { unit = ms }\nmetric "scraped.latency_ms_p99" { unit = ms }\n')
    wait_until(lambda: scrape.value("latency_ms") == pytest.approx(250), what="the mean")
    # Of 40 the 20th is the 10th of 30 between 200 and 400 ms.
    wait_until(lambda: scrape.value("latency_ms_p50") == pytest.approx(200 + 200 * 10 / 30), what="the median")
    wait_until(lambda: scrape.value("latency_ms_p99") == pytest.approx(200 + 200 * 29.6 / 30), what="the 99 % quantile")
    # What came before is over.
    step["quiet"] = True
    wait_until(lambda: scrape.value("latency_ms") == pytest.approx(100), what="the mean of the other path")
    wait_until(lambda: scrape.value("latency_ms_p50") == pytest.approx(100), what="and its median")


def test_a_metric_of_too_many_series_is_refused_and_counted_and_the_others_go_on(make_instance, exporter):
    exporter.answers["/flood"] = "".join(f'many{{n="{i}"}} 1\n' for i in range(400))
    exporter.answers["/good"] = "good_metric 3\n"
    scrape = Scrape(make_instance, target("flood", exporter.url("/flood"), QUICK + "\nseries_max = 100") +
                    target("good", exporter.url("/good"), QUICK), stale_after="3s")
    scrape.wait("many", 100)
    scrape.wait("good_metric", 3)
    wait_until(lambda: re.search(r'samples refused target="flood" .*samples=300 series_max=100', scrape.process.text()))
    # Others of the same target that were there before stay; new names find no room.
    exporter.answers["/flood"] = "".join(f'many{{n="{i + 50}"}} 1\n' for i in range(100))
    scrape.wait("many", 50)


def test_labels_that_are_no_utf_8_or_too_long_are_refused_and_the_rest_is_taken(make_instance, exporter):
    exporter.answers["/metrics"] = (b'by_label{a="\xff\xfe"} 1\nby_label{a="' + b"x" * 300 + b'"} 2\n'
                                    b'by_label{a="\\u00e9 \xc3\xa9"} 4\n')
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK))
    scrape.wait("by_label", 4)
    wait_until(lambda: "samples=2" in scrape.process.text(), what="two samples refused")


def test_secrets_come_from_files_and_follow_them(make_instance, exporter):
    def answer(request):
        good = {"Bearer first-token": 1, "Bearer second-token": 2, "Basic dXNlcjpwYXNz": 4}
        value = good.get(request.headers.get("Authorization"))
        request.say(f"good_metric {value}\n") if value else request.say("", status=401)
    exporter.answers["/metrics"] = exporter.answers["/basic"] = answer
    scrape = Scrape(make_instance, target("bearer", exporter.url(), QUICK + '\nbearer_file = "keys/token"') +
                    target("basic", exporter.url("/basic"), QUICK + '\nbasic_file = "keys/basic"'), start=False)
    keys = scrape.instance.dir / "keys"

    def write(name, text, mode=0o600):
        (keys / f"{name}.new").write_text(text, encoding="utf-8")
        (keys / f"{name}.new").chmod(mode)
        (keys / f"{name}.new").rename(keys / name)
    write("token", "first-token\n")
    write("basic", "user:pass\n")
    scrape.instance.start("scrape")
    scrape.wait("good_metric", 5)
    write("token", "second-token\n")
    scrape.wait("good_metric", 6)
    write("token", "second-token\nX-Header: injected\n")
    scrape.wait_down("bearer", "bearer_file: it is not one line")
    write("token", "second-token\n", mode=0o644)
    scrape.wait_down("bearer", "bearer_file: others than its owner")
    assert "first-token" not in scrape.process.text() and "second-token" not in scrape.process.text()


def test_a_certificate_has_to_be_trusted(make_instance, tmp_path):
    certificate = make_certificate(tmp_path)
    exporter = Exporter({"/metrics": "good_metric 1\n", "/own": "good_metric 2\n", "/any": "good_metric 4\n"}, certificate)
    try:
        scrape = Scrape(make_instance, target("untrusted", exporter.url(), QUICK) +
                        target("own", exporter.url("/own"), f'{QUICK}\nca_file = "{certificate[0]}"') +
                        target("any", exporter.url("/any"), f"{QUICK}\ntls_verify = false"))
        scrape.wait("good_metric", 6)
        scrape.wait_down("untrusted", "certificate")
    finally:
        exporter.stop()


def test_a_target_may_want_a_certificate(make_instance, tmp_path):
    server, client = make_certificate(tmp_path), make_certificate(tmp_path, "client")
    exporter = Exporter({"/metrics": "good_metric 1\n", "/without": "good_metric 2\n"}, server, client[0])
    try:
        trusted = f'{QUICK}\nca_file = "{server[0]}"\n'
        scrape = Scrape(make_instance, target("without", exporter.url("/without"), trusted) + target(
            "with", exporter.url(), f'{trusted}tls_certificate = "{client[0]}"\ntls_key = "{client[1]}"'))
        scrape.wait("good_metric", 1)
        scrape.wait_down("without", "certificate required|alert")
    finally:
        exporter.stop()


def test_redirects_are_followed_where_that_is_wanted_and_never_to_another_host(make_instance, exporter):
    other = Exporter({"/metrics": "good_metric 100\n"})
    try:
        move = lambda where: lambda request: request.say("", status=302, Location=where)
        exporter.answers = {"/here": move("/there/"), "/there/": "good_metric 1\n", "/away": move(other.url()),
                            "/file": move("file:///etc/passwd"), "/round": move("/round")}
        follow = QUICK + "\nredirects = true"
        scrape = Scrape(make_instance, "".join(target(name, exporter.url(f"/{name}"), follow)
                                               for name in ("here", "away", "file", "round")))
        scrape.wait("good_metric", 1)
        for name in ("away", "file", "round"):
            scrape.wait_down(name, "status 302")
        assert not other.seen
        assert sum(path == "/round" for path, _ in exporter.seen) >= 6
    finally:
        other.stop()


def test_no_proxy_of_the_environment_is_used(make_instance, exporter):
    exporter.answers["/metrics"] = "good_metric 1\n"
    proxy = Exporter()
    try:
        scrape = Scrape(make_instance, target("t", exporter.url(), QUICK), start=False)
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            scrape.instance.env[name] = proxy.url("")
        scrape.instance.start("scrape")
        scrape.wait("good_metric", 1)
        assert not proxy.seen
        # What a target learns of us.
        fields = exporter.seen[0][1]
        assert fields["Accept"].startswith("application/openmetrics-text") and fields["Accept-Encoding"] == "gzip"
    finally:
        proxy.stop()


def test_a_packed_answer_is_unpacked_and_names_lead_to_addresses(make_instance, exporter):
    exporter.answers["/packed"] = lambda request: request.say(gzip.compress(b"good_metric 1\n" + b"# filling\n" * 9999),
                                                              Content_Encoding="gzip")
    exporter.answers["/name"] = "good_metric 2\n"
    scrape = Scrape(make_instance, target("packed", exporter.url("/packed"), QUICK) +
                    target("name", exporter.url("/name").replace("127.0.0.1", "localhost"), QUICK))
    scrape.wait("good_metric", 3)


def test_a_target_that_is_down_is_a_warning_until_it_is_up(make_instance, exporter):
    exporter.answers["/up"] = "good_metric 1\n"
    scrape = Scrape(make_instance, target("up", exporter.url("/up"), QUICK) + target("down", exporter.url("/down"), QUICK))

    def alerts():
        return [(alert["metric"], alert["severity"]) for alert in scrape.instance.get("/api/v1/alerts").json()["alerts"]
                if alert["state"] == "firing"]
    wait_until(lambda: ("scrape_up", "warning") in alerts(), what="the warning")
    exporter.answers["/down"] = "good_metric 1\n"
    wait_until(lambda: ("scrape_up", "warning") not in alerts(), what="its end")


def test_what_was_read_left_out_and_refused_is_counted(make_instance, exporter):
    exporter.answers["/metrics"] = ('latency_ms NaN\ngood_metric 1\nmany{n="1"} 1\nmany{n="2"} 1\nmany{n="3"} 1\n'
                                    "noise 1\nnobody_knows 1\n")
    figures = ("samples", "left_out", "unknown", "refused", "not_finite", "scrapes")
    scrape = Scrape(make_instance, target("t", exporter.url(), "interval = 1s\nseries_max = 3") +
                    'map "noise" { metric = "" }\n',
                    catalog="".join(f'metric "system_health.scrape_{name}" {{ kind = counter aggregate = sum }}\n'
                                    for name in figures))

    def counted():
        health = scrape.instance.get("/api/v1/snapshot").json()["systemHealth"]
        return [health[f"scrape_{name}"] for name in figures]

    def adds_up():
        *found, n = counted()
        return n and found == [2 * n, n, n, 2 * n, n]
    wait_until(adds_up, what="figures that add up")


def test_openmetrics_is_read_with_its_exemplars_times_and_end(make_instance, exporter):
    text = ('# TYPE good_requests counter\n# HELP good_requests Requests \\"of\\" people.\n'
            'good_requests_total{a="b"} 17 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879606.1\n# EOF\n')
    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    exporter.answers["/metrics"] = lambda request: request.say(text, kind)
    exporter.answers["/late"] = lambda request: request.say("good_metric 1\n", kind)
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK) + target("late", exporter.url("/late"), QUICK) +
                    'map "good_requests_total" { metric = good_requests }\n')
    scrape.wait("good_requests", 17)
    scrape.wait_down("late", '# EOF')


def test_a_reload_takes_targets_and_rules_over(make_instance, exporter):
    exporter.answers = {"/metrics": "good_metric 1\n", "/more": "good_metric 10\n"}
    exporter.answers["/hangs"] = exporter.hangs
    scrape = Scrape(make_instance, target("t", exporter.url(), QUICK) + target("hangs", exporter.url("/hangs"), QUICK))
    scrape.wait("good_metric", 1)
    # One is under way.
    wait_until(lambda: any(path == "/hangs" for path, _ in exporter.seen))
    scrape.instance.configure('collector "scrape"', target("more", exporter.url("/more"), QUICK))
    scrape.process.popen.send_signal(signal.SIGHUP)
    scrape.wait("good_metric", 11)


@pytest.mark.parametrize("text, said", [
    (target("t", "file:///etc/passwd"), "has to begin with http:// or https://"),
    (target("t", "http://user:secret@127.0.0.1/"), "has a user or password"),
    (target("t", "http://"), "needs a host"),
    ('target "t" { }\n', 'target "t": needs urls'),
    (target("t", "http://127.0.0.1/", "interval = 1h"), "interval must be at most half"),
    (target("t", "http://127.0.0.1/", 'interval = 1s\nlabels = {"nothing"}'), '"nothing" is not key=value'),
    (target("t", 'http://127.0.0.1/a", "http://127.0.0.1:80/b'), "the same host and port"),
    (target("t", "http://127.0.0.1/", 'interval = 1s\ntls_key = "a"'), "tls_certificate and tls_key need each other"),
    (target("t", "http://127.0.0.1/", 'interval = 1s\nbearer_file = "a"\nbasic_file = "b"'), "one of bearer_file and basic_file"),
])
def test_a_wrong_target_is_named_and_nothing_starts(make_instance, text, said):
    scrape = Scrape(make_instance, text, start=False)
    done = subprocess.run([program("collect-scrape"), "--dir", str(scrape.instance.dir)], env=scrape.instance.env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and said in done.stderr, done.stderr
    assert "user:secret" not in done.stderr
