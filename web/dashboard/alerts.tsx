// SPDX-License-Identifier: Apache-2.0
import { useState } from "react";
import type { Alert } from "../client/messages";
import { acknowledge } from "../client/session";
import { ago } from "./format";
import { useNow } from "./now";

const RANK = { critical: 0, warning: 1 } as const;

/** Unacknowledged before acknowledged, critical before warning, then the newest. */
function ordered(alerts: Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) =>
      Number(a.acknowledged) - Number(b.acknowledged) ||
      RANK[a.severity] - RANK[b.severity] ||
      (b.firedAt ?? "").localeCompare(a.firedAt ?? ""),
  );
}

function AlertRow({ alert, now }: { alert: Alert; now: number }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [note, setNote] = useState("");

  async function send() {
    setBusy(true);
    try {
      const refused = await acknowledge(alert.id, note.trim());
      setProblem(refused ? (refused.detail ?? refused.title) : null);
    } catch {
      setProblem("The gateway does not answer.");
    } finally {
      setBusy(false);
    }
  }

  return (
    <li
      className={`alert ${alert.severity}${alert.acknowledged ? " acknowledged" : ""}`}
      data-testid={`alert-${alert.metric ?? alert.rule}`}
      data-severity={alert.severity}
      data-acknowledged={alert.acknowledged}
    >
      <div className="alert-head">
        <strong>{alert.severity}</strong>
        <span className="muted">{ago(alert.firedAt, now)}</span>
      </div>
      <p>{alert.message}</p>
      {alert.acknowledged ? (
        <p className="muted">
          acknowledged by {alert.acknowledgedBy} {ago(alert.acknowledgedAt, now)}
          {alert.note && <> — “{alert.note}”</>}
        </p>
      ) : (
        <form
          className="ack"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <input
            aria-label="Note"
            placeholder="Note (optional)"
            maxLength={200}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
          <button disabled={busy}>Acknowledge</button>
        </form>
      )}
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
    </li>
  );
}

export function AlertsPanel({ alerts }: { alerts: Alert[] }) {
  const now = useNow(5000);

  return (
    <section className="card" data-testid="alerts" aria-label="Alerts">
      <h2>
        Alerts <span className="count">{alerts.length}</span>
      </h2>
      {alerts.length === 0 ? (
        <p className="muted">Nothing needs you.</p>
      ) : (
        <ul className="alert-list">
          {ordered(alerts).map((alert) => (
            <AlertRow key={alert.id} alert={alert} now={now} />
          ))}
        </ul>
      )}
    </section>
  );
}
