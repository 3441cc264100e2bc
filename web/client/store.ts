// SPDX-License-Identifier: Apache-2.0
// What a stream has told so far, as one immutable value that views subscribe to.
import { Connection, type ConnectionState } from "./connection";
import { mergeAlert, mergeSnapshot, sections } from "./merge";
import type { ActivityEvent, Alert, Envelope, Gap, Snapshot } from "./messages";

const EVENTS_KEPT = 50;
const HISTORY_KEPT = 1800;

/** Values of one field since the page was opened: seconds and values, both rising in time. */
export interface Series {
  times: number[];
  values: (number | null)[];
}

export interface LiveState {
  connection: ConnectionState;
  reason: string | null;
  snapshot: Snapshot | null;
  alerts: Alert[];
  events: ActivityEvent[];
  gaps: Gap[];
  updatedAt: number | null;
}

const EMPTY: LiveState = {
  connection: "connecting",
  reason: null,
  snapshot: null,
  alerts: [],
  events: [],
  gaps: [],
  updatedAt: null,
};

export class LiveStore {
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly series = new Map<string, Series>();
  private connection: Connection | null = null;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = (): LiveState => this.state;

  /** The history of a field; the same object grows while the page is open. */
  history(section: string, field: string): Series {
    const key = `${section}.${field}`;
    let series = this.series.get(key);
    if (!series) this.series.set(key, (series = { times: [], values: [] }));
    return series;
  }

  start(topics: string[]): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.connection = new Connection({
      url: `${scheme}://${location.host}/api/v1/ws`,
      topics,
      onMessage: (message) => this.receive(message),
      onState: (connection, reason) => this.set({ connection, reason: reason ?? null }),
    });
    this.connection.start();
  }

  stop(): void {
    this.connection?.stop();
    this.connection = null;
    this.series.clear();
    this.set(EMPTY);
  }

  private set(changes: Partial<LiveState>): void {
    this.state = { ...this.state, ...changes };
    for (const listener of this.listeners) listener();
  }

  private remember(snapshot: Snapshot, ts: number | undefined): void {
    const time = ts ? ts / 1e6 : Date.now() / 1000;
    for (const [section, fields] of sections(snapshot))
      for (const [field, value] of Object.entries(fields)) {
        if (typeof value !== "number" && value !== null) continue;
        const { times, values } = this.history(section, field);
        if (times.length && time <= times[times.length - 1]) {
          values[values.length - 1] = value;
          continue;
        }
        times.push(time);
        values.push(value);
        if (times.length > HISTORY_KEPT) {
          times.shift();
          values.shift();
        }
      }
  }

  private receive(message: Envelope): void {
    switch (message.type) {
      case "initial_metrics": {
        const snapshot = message.data as Snapshot;
        this.remember(snapshot, message.ts);
        const alerts = snapshot.alerts ?? this.state.alerts;
        this.set({ snapshot, alerts, updatedAt: Date.now() });
        break;
      }
      case "metrics_update": {
        if (!this.state.snapshot) break;
        const snapshot = mergeSnapshot(this.state.snapshot, message.data);
        this.remember(snapshot, message.ts);
        this.set({ snapshot, updatedAt: Date.now() });
        break;
      }
      case "system_alert":
      case "alert_update":
        this.set({ alerts: mergeAlert(this.state.alerts, message.data as Alert) });
        break;
      case "event":
        this.set({ events: [message.data as ActivityEvent, ...this.state.events].slice(0, EVENTS_KEPT) });
        break;
      case "gap":
        this.set({ gaps: [...this.state.gaps, message.data as Gap] });
        break;
    }
  }
}
