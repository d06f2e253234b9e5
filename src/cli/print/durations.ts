/** Say a duration as people do, in its one or two greatest units: `41s`, `14m02s`, `3h07m`, `2d04h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [days, hours, minutes] = [86_400, 3_600, 60].map((unit) => Math.floor(seconds / unit));
  if (days) return `${days}d${two((hours ?? 0) % 24)}h`;
  if (hours) return `${hours}h${two((minutes ?? 0) % 60)}m`;
  if (minutes) return `${minutes}m${two(seconds % 60)}s`;
  return `${seconds}s`;
}

/** Say how old something is, in its greatest unit: `41s`, `14m`, `3h`, `2d`. */
export function age(ms: number): string {
  return duration(ms).match(/^\d+[a-z]/)?.[0] ?? "0s";
}

/** Read `500ms`, `30s`, `10m`, `2h`, `1d`; a bare number is seconds. Undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unitMs[unit] ?? 1_000);
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Say what models cost; nothing where nobody knows, or where it was nothing. */
export function costText(dollars: number | undefined): string {
  if (dollars === undefined || !(dollars > 0)) return "";
  return dollars < 0.01 ? "<$0.01" : `$${dollars.toFixed(2)}`;
}

/** Say when an event was, by the clock on the wall. */
export function timeOf(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
