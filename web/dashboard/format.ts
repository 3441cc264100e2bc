// SPDX-License-Identifier: Apache-2.0

/** Names that read badly when they are only taken apart. */
const TITLES: Record<string, string> = {
  uptime_percentage: "Uptime",
  load_1m: "Load, 1 min",
  network_receive_bytes_per_second: "Network in",
  network_transmit_bytes_per_second: "Network out",
  mrr: "Monthly recurring revenue",
  api_requests_per_minute: "API requests",
  throughput_per_hour: "Throughput",
  failed_auth_attempts: "Failed sign-ins",
  data_sources_active: "Data sources",
  total_data_points: "Data points",
  memory_usage_mb: "Aggregator's memory",
  securityCompliance: "Security and compliance",
  performance: "Sightline itself",
};

/** "cpu_usage" → "CPU usage", with the abbreviations that people write in capitals. */
export function title(name: string): string {
  if (Object.hasOwn(TITLES, name)) return TITLES[name];
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

/** A share of a whole, from 0 to 100. */
export const isShare = (field: string): boolean =>
  /(_usage|_percentage|success_rate|compliance_score)$/.test(field);

/** A field's value as text and unit, told from its name. */
export function format(field: string, value: number | null): [string, string] {
  if (value === null) return ["–", ""];
  if (/_bytes_per_second$/.test(field)) {
    const [text, unit] = bytes(value);
    return [text, `${unit}/s`];
  }
  if (/_bytes$/.test(field)) return bytes(value);
  if (/_mb$/.test(field)) return [number(value, 1), "MB"];
  if (/_health_score$/.test(field)) return [number(value, 1), "points"];
  if (/(_usage|_rate|_percentage|_trend|_score)$/.test(field)) return [number(value, 1), "%"];
  if (/(_time|_latency)$/.test(field)) return [number(value, value < 10 ? 2 : 0), "ms"];
  const per = /_per_(second|minute|hour)$/.exec(field);
  if (per) return [number(value, 1), { second: "/s", minute: "/min", hour: "/h" }[per[1]]!];
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
