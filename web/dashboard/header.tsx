// SPDX-License-Identifier: Apache-2.0
import { useEffect } from "react";
import type { LiveState } from "../client/store";
import { useNow } from "./now";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  ended: "Disconnected",
} as const;

/** What the page has to say in one line: does anything need somebody? */
function verdict({ snapshot, alerts }: LiveState): { text: string; level: string } | null {
  if (!snapshot) return null;
  const open = alerts.filter((alert) => !alert.acknowledged);
  const critical = open.filter((alert) => alert.severity === "critical").length;
  const level = critical ? "critical" : open.length ? "warning" : "healthy";
  if (open.length) return { text: `${open.length} ${open.length > 1 ? "alerts need" : "alert needs"} you`, level };
  return { text: alerts.length ? "All alerts are taken care of" : "Nothing needs you", level };
}

export function Header({ live, onSignOut }: { live: LiveState; onSignOut(): void }) {
  const now = useNow(1000);
  const age = live.updatedAt ? Math.round((now - live.updatedAt) / 1000) : null;
  const says = verdict(live);

  useEffect(() => {
    document.title = says && says.level !== "healthy" ? `${says.text} – Sightline` : "Sightline";
  }, [says?.text, says?.level]);

  return (
    <header className="top">
      <h1>Sightline</h1>
      <span className={`pill ${live.connection}`} role="status" data-testid="connection">
        <i aria-hidden="true" />
        {WORDS[live.connection]}
        {live.reason && live.connection !== "live" && <span className="muted"> · {live.reason}</span>}
      </span>
      {says && (
        <span className={`badge ${says.level}`} data-testid="verdict">
          {says.text}
        </span>
      )}
      <span className="spacer" />
      {age !== null && <span className={`age muted${age < 2 ? " fresh" : ""}`}>updated {age < 2 ? "now" : `${age} s ago`}</span>}
      <button className="quiet" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}
