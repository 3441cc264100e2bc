# SPDX-License-Identifier: Apache-2.0
"""deploy/run --demo: all modules live, and what is made up says so."""
import os
import subprocess
import sys
import time

from sightline import ROOT, wait_until
from test_dashboard import shot
from webhook import Webhook

# AdminDashboardSnapshot of document 000.
FIELDS = {
    "systemHealth": ["overall_status", "cpu_usage", "memory_usage", "response_time", "uptime_percentage"],
    "businessMetrics": ["revenue_today", "revenue_trend", "active_customers", "conversion_rate", "churn_rate", "mrr"],
    "workflowPerformance": ["active_executions", "success_rate", "average_execution_time", "queue_size",
                            "failed_workflows", "throughput_per_hour"],
    "customerIntelligence": ["active_users_now", "user_growth_rate", "support_tickets_open", "average_health_score",
                             "user_engagement_rate", "bounce_rate"],
    "securityCompliance": ["failed_auth_attempts", "api_requests_per_minute", "compliance_score", "active_sessions",
                           "security_incidents", "audit_events_today"],
    "performance": ["data_sources_active", "aggregation_latency", "total_data_points", "memory_usage_mb"],
    "executiveSummary": ["overall_status", "revenue_today", "active_users_now", "workflow_success_rate", "compliance_score"],
}
MADE_UP = ("businessMetrics", "workflowPerformance", "customerIntelligence", "securityCompliance", "executiveSummary")
# In the first minutes of a day there is nothing yet to compare with the day before.
ENV = {"SIGHTLINE_AGGREGATOR_OWN_FIGURES": "true",
       "SIGHTLINE_AGGREGATOR_TIME_ZONE": "UTC" if 2 <= time.gmtime().tm_hour < 23 else "Etc/GMT-6"}
# These come with the first workflows that end, and fail: the generator's own dice.
LATER = {"failed_workflows"}


def unknown(body):
    return {field for section, fields in FIELDS.items() for field in fields if body[section][field] is None} - LATER


def test_000_7_the_demo_fills_every_module_and_says_what_is_made_up(make_instance, browse):
    hook = Webhook(make_instance, env=ENV,
                   catalog=(ROOT / "deploy/demo.conf").read_text(encoding="utf-8"))
    instance = hook.instance
    # As deploy/run does it, so that the collector's own probe finds the gateway.
    instance.start("system", "webhook")
    hook.wait()
    demo = subprocess.Popen([sys.executable, str(ROOT / "deploy/demo"), "--url", hook.url(), "--seconds", "120",
                             "--secret-file", str(instance.dir / "keys/webhook.secret")], env=dict(os.environ))
    try:
        snapshot = lambda: instance.get("/api/v1/snapshot").json()
        try:
            wait_until(lambda: not unknown(snapshot()), 90, "every field of every section")
        except AssertionError as late:
            raise AssertionError(f"{late}: {unknown(snapshot())}") from late
        body = snapshot()
        assert {name for name, section in body.items() if isinstance(section, dict) and "notice" in section} == set(MADE_UP)
        assert all("made up by deploy/run --demo" in body[name]["notice"] for name in MADE_UP)
        seen = browse("demo.mjs", link=instance.url(f"/#token={instance.token()}"), sections=list(FIELDS), shot=shot("dashboard"),
                      fields=[field for fields in FIELDS.values() for field in fields
                              if field != "overall_status" and field not in LATER and field != "workflow_success_rate"])
    finally:
        demo.kill()
        demo.wait()
    assert seen["waiting"] == 0
    assert {name for name, texts in seen["notices"].items() if texts} == set(MADE_UP)
