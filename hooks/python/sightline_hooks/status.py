# SPDX-License-Identifier: Apache-2.0
"""What get_analytics_status says: the hooks of this process, and what the gateway tells."""
import datetime
import http.client
import json
import threading

from .post import ANSWER_MAX, connect


def _get(url, path, timeout_s, ca_file, token=""):
    connection, _ = connect(url, timeout_s, ca_file)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        return response.status, response.read(ANSWER_MAX)
    finally:
        connection.close()


def _ask(settings, timeout_s, found):
    """Fills found as the answers come: whoever waits takes what is there."""

    def collector():
        status, _ = _get(settings.url, "/healthz", timeout_s, settings.ca_file)
        found["collector"] = "ok" if status == 200 else f"answer {status}"

    def gateway():
        status, text = _get(settings.gateway, "/readyz", timeout_s, settings.ca_file)
        found["gateway"] = json.loads(text)["status"] if status == 200 else f"answer {status}"

    def health():
        if not settings.token:
            return
        status, text = _get(settings.gateway, "/analytics/health", timeout_s, settings.ca_file, settings.token)
        if status == 200:
            found["health"] = json.loads(text)
        else:
            found["error"] = f"/analytics/health: answer {status}"

    for ask in (collector, gateway, health):
        try:
            ask()
        except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
            found["error"] = f"{ask.__name__}: {type(error).__name__}: {error}"


def report(settings, figures, problem, timeout_s):
    """Connection counts, event metrics and system health in one dict.  Waits at most
    timeout_s, never raises; what nobody told is None or "unknown"."""
    found = {"collector": "unknown", "gateway": "unknown", "error": problem}
    if problem is None:
        asked = dict(found)
        try:
            thread = threading.Thread(target=_ask, args=(settings, timeout_s, asked), daemon=True)
            thread.start()
            thread.join(timeout_s)
            found = dict(asked)
            if thread.is_alive() and found["error"] is None:
                found["error"] = f"no answer within {timeout_s} s"
        except RuntimeError as error:  # no threads any more
            found["error"] = str(error)
    health = found.get("health") or {}
    connections = health.get("connections") or {}
    whole = found["collector"] == "ok" and found["gateway"] == "ok" and found["error"] is None
    return {
        "status": "error" if found["collector"] != "ok" else "healthy" if whole and health.get(
            "status", "healthy") == "healthy" else "degraded",
        "websocket_connections": (connections.get("websocket") or {}).get("totalConnections"),
        "dashboard_subscribers": connections.get("activeSubscriptions"),
        "events_processed": (health.get("events") or {}).get("processed"),
        "failed_events": sum(figures["dropped"].values()),
        "connections": connections or None,
        "events": figures,
        "system": {"collector": found["collector"], "gateway": found["gateway"], "error_rate": health.get("errorRate")},
        "error": found["error"],
        "last_check": datetime.datetime.now(datetime.timezone.utc).isoformat(),
    }
