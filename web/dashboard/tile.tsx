// SPDX-License-Identifier: Apache-2.0
import type { Status } from "../client/messages";
import type { Series } from "../client/store";
import { format, title } from "./format";
import { Sparkline } from "./sparkline";

interface Props {
  field: string;
  value: number | null;
  status: Status;
  stale: boolean;
  series: Series;
}

export function Tile({ field, value, status, stale, series }: Props) {
  const [text, unit] = format(field, value);

  return (
    <div className={`tile ${status}${stale && value !== null ? " stale" : ""}`} data-testid={`tile-${field}`}>
      <div className="label">{title(field)}</div>
      <div className="value" data-testid={`value-${field}`} data-value={value ?? ""}>
        {text}
        <small>{unit}</small>
        {value === null ? (
          <span className="note">no data yet</span>
        ) : (
          stale && <span className="note">stale</span>
        )}
      </div>
      {value !== null && <Sparkline series={series} status={status} />}
    </div>
  );
}
