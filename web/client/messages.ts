// SPDX-License-Identifier: Apache-2.0
// The messages of a stream, as the gateway sends them.

export type Status = "healthy" | "warning" | "critical";
export type Value = number | string | null | { [key: string]: number | null };

export interface Section {
  [field: string]: Value | string[] | undefined;
  stale?: string[];
  notice?: string;
}

/** A snapshot: sections by name, and what is not a section. */
export interface Snapshot {
  timestamp: string | null;
  alerts: Alert[];
  [section: string]: Section | Alert[] | string | null | undefined;
}

export interface Alert {
  id: string;
  rule: string;
  metric: string | null;
  module: string;
  labels: Record<string, string>;
  severity: "warning" | "critical";
  state: "pending" | "firing" | "resolved";
  value: number | null;
  threshold: number | null;
  message: string;
  startedAt: string | null;
  firedAt: string | null;
  resolvedAt: string | null;
  acknowledged: boolean;
  acknowledgedBy: string | null;
  acknowledgedAt: string | null;
  note: string | null;
  silencedUntil: string | null;
}

export interface ActivityEvent {
  id: string;
  type: string;
  time: string;
  priority: "critical" | "high" | "normal" | "low";
  module: string;
  source: string;
  payload: Record<string, unknown>;
}

export interface Gap {
  log: string;
  from: number;
  to: number;
  count: number;
  reason: string;
}

export interface Envelope {
  type: string;
  topic?: string;
  ts?: number;
  cursor?: string;
  id?: string | number;
  data: any;
}
