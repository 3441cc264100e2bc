// SPDX-License-Identifier: Apache-2.0
import type { Alert, Section, Status } from "../client/messages";
import type { LiveStore } from "../client/store";
import { title } from "./format";
import { Tile } from "./tile";

const isStatus = (value: unknown): value is Status =>
  value === "healthy" || value === "warning" || value === "critical";

type Field = [name: string, value: number | null];

/** The numbers of a section in its order, those without a value too. */
function fields(section: Section): Field[] {
  return Object.entries(section).filter(
    (entry): entry is Field =>
      typeof entry[1] === "number" || (entry[1] === null && entry[0] !== "overall_status"),
  );
}

/** What a section counts by kind: "open_alerts" as "1 critical, 0 warning". */
function counts(section: Section): [field: string, text: string][] {
  return Object.entries(section).flatMap(([field, value]): [string, string][] => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    const kinds = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
    return [[field, kinds.map(([kind, count]) => `${count ?? "–"} ${kind}`).join(", ")]];
  });
}

/** Whether a section has something to show yet. */
export function isFed(section: Section): boolean {
  return isStatus(section.overall_status) || fields(section).some(([, value]) => value !== null);
}

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
  const all = fields(section);
  const waiting = all.filter(([, value]) => value === null);

  return (
    <section className="card" data-testid={`section-${name}`}>
      <h2>
        {title(name)}
        {overall && (
          <span className={`badge ${overall}`} data-testid={`status-${name}`}>
            {overall}
          </span>
        )}
        {section.notice && (
          <span className="notice" data-testid={`notice-${name}`}>
            {section.notice}
          </span>
        )}
      </h2>
      <div className="tiles">
        {all.map(
          ([field, value]) =>
            value !== null && (
              <Tile
                key={field}
                field={field}
                value={value}
                status={severityOf(alerts, snake(name), field)}
                stale={stale.includes(field)}
                series={store.history(name, field)}
              />
            ),
        )}
      </div>
      {counts(section).map(([field, text]) => (
        <p key={field} data-testid={`counts-${field}`}>
          {title(field)}: {text}
        </p>
      ))}
      {waiting.length > 0 && <p className="waiting">No data yet: {list(waiting)}</p>}
    </section>
  );
}

const list = (names: Field[]) => names.map(([field]) => title(field)).join(" · ");

/** The sections that no source feeds yet, in one card instead of pages of empty tiles. */
export function WaitingCard({ sections }: { sections: [string, Section][] }) {
  return (
    <section className="card" data-testid="waiting">
      <h2>Waiting for data</h2>
      <p className="muted">Nothing feeds these yet. Each appears as soon as a collector sends its first value.</p>
      <dl className="unfed">
        {sections.map(([name, section]) => (
          <div key={name} data-testid={`waiting-${name}`}>
            <dt>{title(name)}</dt>
            <dd>{list(fields(section))}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
