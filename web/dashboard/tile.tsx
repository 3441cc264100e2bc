// SPDX-License-Identifier: Apache-2.0
import type { Status } from "../client/messages";
import type { Series } from "../client/store";
import { format, isShare, title } from "./format";
import { Sparkline } from "./sparkline";

interface Props {
  field: string;
  value: number;
  status: Status;
  stale: boolean;
  series: Series;
}

export function Tile({ field, value, status, stale, series }: Props) {
  const [text, unit] = format(field, value);

  return (
    <div className={`tile ${status}${stale ? " stale" : ""}`} data-testid={`tile-${field}`}>
      <div className="label" title={title(field)}>
        {title(field)}
      </div>
      <div className="value" data-testid={`value-${field}`} data-value={value}>
        {text}
        <small>{unit}</small>
        {status !== "healthy" && <span className="note">{status}</span>}
        {stale && <span className="note late">stale</span>}
      </div>
      <Sparkline series={series} status={status} top={isShare(field) ? 100 : undefined} />
    </div>
  );
}
