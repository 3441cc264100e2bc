// SPDX-License-Identifier: Apache-2.0
import { useEffect } from "react";
import type { Section, Snapshot, Status } from "../client/messages";
import type { LiveState } from "../client/store";
import { useNow } from "./now";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  ended: "Disconnected",
} as const;

/** The worst alert open in modules that this role does not see; the summary counts them all. */
function elsewhere(snapshot: Snapshot): Status | null {
  const counts = (snapshot.executiveSummary as Section | undefined)?.open_alerts;
  if (typeof counts !== "object" || counts === null || Array.isArray(counts)) return null;
  return counts.critical ? "critical" : counts.warning ? "warning" : null;
}

/** What the page has to say in one line: does anything need somebody? */
function verdict({ snapshot, alerts }: LiveState): { text: string; level: string } | null {
  if (!snapshot) return null;
  const open = alerts.filter((alert) => !alert.acknowledged);
  const critical = open.filter((alert) => alert.severity === "critical").length;
  const level = critical ? "critical" : open.length ? "warning" : "healthy";
  if (open.length) return { text: `${open.length} ${open.length > 1 ? "alerts need" : "alert needs"} you`, level };
  if (alerts.length) return { text: "All alerts are taken care of", level };
  const others = elsewhere(snapshot);
  if (!others) return { text: "Nothing needs you", level };
  return { text: "Others have open alerts", level: others };
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
