// SPDX-License-Identifier: Apache-2.0
import type { LiveState } from "../client/store";
import { useNow } from "./now";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  ended: "Disconnected",
} as const;

export function Header({ live, onSignOut }: { live: LiveState; onSignOut(): void }) {
  const now = useNow(1000);
  const age = live.updatedAt ? Math.round((now - live.updatedAt) / 1000) : null;

  return (
    <header className="top">
      <h1>Sightline</h1>
      <span className={`pill ${live.connection}`} role="status" data-testid="connection">
        <i aria-hidden="true" />
        {WORDS[live.connection]}
        {live.reason && live.connection !== "live" && <span className="muted"> · {live.reason}</span>}
      </span>
      <span className="spacer" />
      {age !== null && <span className="muted">updated {age < 2 ? "now" : `${age} s ago`}</span>}
      <button className="quiet" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}
