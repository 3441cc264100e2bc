// SPDX-License-Identifier: Apache-2.0
import type { Alert, Section, Snapshot } from "./messages";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function overlay<T extends Record<string, unknown>>(base: T, changes: Record<string, unknown>): T {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const before = merged[key];
    merged[key] = isObject(value) && isObject(before) ? overlay(before, value) : value;
  }
  return merged as T;
}

/**
 * Lays a metrics_update over a snapshot: objects merge, arrays are replaced,
 * null sets null, keys never vanish.  Neither argument is changed.
 */
export function mergeSnapshot(snapshot: Snapshot, changes: Partial<Snapshot>): Snapshot {
  return overlay(snapshot, changes as Record<string, unknown>);
}

/** Takes one alert into a list: the newest first, resolved ones leave it. */
export function mergeAlert(alerts: Alert[], alert: Alert): Alert[] {
  const others = alerts.filter((other) => other.id !== alert.id);
  if (alert.state !== "firing") return others;
  const at = alerts.findIndex((other) => other.id === alert.id);
  return at < 0 ? [alert, ...others] : [...others.slice(0, at), alert, ...others.slice(at)];
}

/** The sections of a snapshot in its own order. */
export function sections(snapshot: Snapshot): [string, Section][] {
  return Object.entries(snapshot).filter(
    (entry): entry is [string, Section] => isObject(entry[1]),
  );
}
