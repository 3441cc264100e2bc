// SPDX-License-Identifier: Apache-2.0
import { useEffect, useSyncExternalStore } from "react";
import { sections } from "../client/merge";
import type { LiveStore } from "../client/store";
import { AlertsPanel } from "./alerts";
import { EventsPanel } from "./events";
import { Header } from "./header";
import { SectionCard } from "./section";

const TOPICS = ["metrics.>", "alerts", "activity"];

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

  return (
    <>
      <Header live={live} onSignOut={onSignOut} />
      <main className="page">
        <div className="sections">
          {live.snapshot ? (
            sections(live.snapshot).map(([name, section]) => (
              <SectionCard
                key={name}
                name={name}
                section={section}
                alerts={live.alerts}
                store={store}
              />
            ))
          ) : (
            <p className="muted">Waiting for the first values…</p>
          )}
        </div>
        <aside className="side">
          <AlertsPanel alerts={live.alerts} />
          <EventsPanel events={live.events} gaps={live.gaps} />
        </aside>
      </main>
    </>
  );
}
