// SPDX-License-Identifier: Apache-2.0
import type { Alert, Section, Status } from "../client/messages";
import type { LiveStore } from "../client/store";
import { title } from "./format";
import { Tile } from "./tile";

const isStatus = (value: unknown): value is Status =>
  value === "healthy" || value === "warning" || value === "critical";

/** The worst that firing alerts say of a metric of this module. */
function severityOf(alerts: Alert[], module: string, field: string): Status {
  const own = alerts.filter((alert) => alert.module === module && alert.metric?.endsWith(field));
  if (own.some((alert) => alert.severity === "critical")) return "critical";
  return own.length ? "warning" : "healthy";
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

interface Props {
  name: string;
  section: Section;
  alerts: Alert[];
  store: LiveStore;
}

export function SectionCard({ name, section, alerts, store }: Props) {
  const overall = isStatus(section.overall_status) ? section.overall_status : null;
  const stale = section.stale ?? [];
  const tiles = Object.entries(section).filter(
    (entry): entry is [string, number | null] =>
      typeof entry[1] === "number" || (entry[1] === null && entry[0] !== "overall_status"),
  );

  return (
    <section className="card" data-testid={`section-${name}`}>
      <h2>
        {title(name)}
        {overall && (
          <span className={`badge ${overall}`} data-testid={`status-${name}`}>
            {overall}
          </span>
        )}
      </h2>
      <div className="tiles">
        {tiles.map(([field, value]) => (
          <Tile
            key={field}
            field={field}
            value={value}
            status={severityOf(alerts, snake(name), field)}
            stale={stale.includes(field)}
            series={store.history(name, field)}
          />
        ))}
      </div>
    </section>
  );
}
