// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Status } from "../client/messages";
import type { Series } from "../client/store";

const HEIGHT = 44;
const COLOURS: Record<Status, string> = {
  healthy: "#4cc38a",
  warning: "#f5a623",
  critical: "#f0524f",
};

/**
 * The y axis: from zero, so that a tremor does not look like a collapse, and up
 * to the whole where there is one.
 */
function range(low: number | null, high: number | null, top?: number): [number, number] {
  const floor = Math.min(low ?? 0, 0);
  const ceiling = Math.max(top ?? (high ?? 0) * 1.1, high ?? 0);
  return [floor, ceiling > floor ? ceiling : floor + 1];
}

function make(target: HTMLElement, colour: string, data: uPlot.AlignedData, top?: number): uPlot {
  return new uPlot(
    {
      width: Math.max(target.clientWidth, 40),
      height: HEIGHT,
      cursor: { show: false },
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: { y: { range: (_plot, low, high) => range(low, high, top) } },
      padding: [3, 0, 3, 0],
      series: [{}, { stroke: colour, width: 1.5, fill: `${colour}22`, points: { show: false } }],
    },
    data,
    target,
  );
}

/** The history since the page was opened; nothing until there are two values. */
export function Sparkline({ series, status, top }: { series: Series; status: Status; top?: number }) {
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const length = series.times.length;
  const last = length ? series.times[length - 1] : 0;

  useEffect(() => {
    const element = target.current!;
    plot.current = make(element, COLOURS[status], [series.times, series.values], top);
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: Math.max(element.clientWidth, 40), height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [series, status, top]);

  useEffect(() => {
    plot.current?.setData([series.times, series.values]);
  }, [series, length, last]);

  return <div className="spark" ref={target} aria-hidden="true" />;
}
