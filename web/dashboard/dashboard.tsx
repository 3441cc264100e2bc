// SPDX-License-Identifier: Apache-2.0
import { useEffect, useSyncExternalStore } from "react";
import { sections } from "../client/merge";
import type { LiveStore } from "../client/store";
import { AlertsPanel } from "./alerts";
import { EventsPanel } from "./events";
import { Header } from "./header";
import { isFed, SectionCard, WaitingCard } from "./section";

const TOPICS = ["metrics.>", "alerts", "activity"];

/** The summary leads, what Sightline says of itself ends, the rest stays as it came. */
const rank = (name: string) => (name === "executiveSummary" ? 0 : name === "performance" ? 2 : 1);

interface Props {
  store: LiveStore;
  onSignOut(): void;
  onRefused(why: string): void;
}

export function Dashboard({ store, onSignOut, onRefused }: Props) {
  const live = useSyncExternalStore(store.subscribe, store.getState);

  useEffect(() => {
    store.start(TOPICS);
    return () => store.stop();
  }, [store]);

  useEffect(() => {
    if (live.connection === "ended") onRefused(live.reason ?? "The connection was refused.");
  }, [live.connection, live.reason, onRefused]);

  const all = live.snapshot ? sections(live.snapshot) : [];
  const fed = all.filter(([, section]) => isFed(section)).sort(([a], [b]) => rank(a) - rank(b));
  const unfed = all.filter(([, section]) => !isFed(section));

  return (
    <>
      <Header live={live} onSignOut={onSignOut} />
      <main className="page">
        <div className="sections">
          {!live.snapshot && <p className="muted">Waiting for the first values…</p>}
          {fed.map(([name, section]) => (
            <SectionCard key={name} name={name} section={section} alerts={live.alerts} store={store} />
          ))}
          {unfed.length > 0 && <WaitingCard sections={unfed} />}
        </div>
        <aside className="side">
          <AlertsPanel alerts={live.alerts} />
          <EventsPanel events={live.events} gaps={live.gaps} />
        </aside>
      </main>
    </>
  );
}
