// SPDX-License-Identifier: Apache-2.0

/** "cpu_usage" → "Cpu usage" with the abbreviations that people write in capitals. */
export function title(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/_/g, " ").toLowerCase();
  const text = words.replace(/\b(cpu|mrr|api|url|tcp)\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

function bytes(value: number): [string, string] {
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTES.length - 1) {
    value /= 1024;
    unit++;
  }
  return [number(value, unit ? 1 : 0), BYTES[unit]];
}

function number(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

/** A field's value as text and unit, told from its name. */
export function format(field: string, value: number | null): [string, string] {
  if (value === null) return ["–", ""];
  if (/_bytes_per_second$/.test(field)) {
    const [text, unit] = bytes(value);
    return [text, `${unit}/s`];
  }
  if (/_bytes$/.test(field)) return bytes(value);
  if (/_mb$/.test(field)) return [number(value, 1), "MB"];
  if (/(_usage|_rate|_percentage|_trend|_score)$/.test(field)) return [number(value, 1), "%"];
  if (/(_time|_latency)$/.test(field)) return [number(value, value < 10 ? 2 : 0), "ms"];
  return [number(value, Number.isInteger(value) ? 0 : 2), ""];
}

/** "3 min ago" */
export function ago(time: string | null, now: number): string {
  if (!time) return "";
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}
