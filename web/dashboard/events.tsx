// SPDX-License-Identifier: Apache-2.0
import type { ActivityEvent, Gap } from "../client/messages";
import { ago } from "./format";
import { useNow } from "./now";

const SHOWN = 12;

/** The first text of the payload that says something to a person. */
function summary(event: ActivityEvent): string {
  const { message, title, name, subject, workflowName, status } = event.payload;
  return [message, title, name, subject, workflowName, status].find((text) => typeof text === "string") as string ?? "";
}

export function EventsPanel({ events, gaps }: { events: ActivityEvent[]; gaps: Gap[] }) {
  const now = useNow(5000);
  const missed = gaps.reduce((sum, gap) => sum + gap.count, 0);

  return (
    <section className="card" data-testid="events" aria-label="Activity">
      <h2>Activity</h2>
      {missed > 0 && <p className="problem">{missed} messages were missed while away.</p>}
      {events.length === 0 ? (
        <p className="muted">No events since this page was opened.</p>
      ) : (
        <ul className="event-list">
          {events.slice(0, SHOWN).map((event) => (
            <li key={event.id}>
              <code>{event.type}</code> {summary(event)}
              {event.payload.demo === true && <span className="notice">made up</span>}
              <span className="muted"> {ago(event.time, now)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
