import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const PATTERN = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))(?:\s*\d+(?:\.\d+)?(?:ms|s|m|h|d))*$/;

/** Reads `90s`, `4h`, `1h 30m`; undefined where it is no duration. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (!PATTERN.test(trimmed)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sum += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  }
  return sum;
}

/** Writes `1h 05m 12s`, `12m 40s`, `8s`; below ten seconds with a tenth: `0.4s`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return ms < 50 ? '0s' : `${(ms / 1000).toFixed(1).replace(/\.0$/, '')}s`;
  const seconds = Math.round(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = seconds % 60;
  const two = (value: number) => String(value).padStart(2, '0');
  if (days > 0) return `${days}d ${two(hours)}h ${two(minutes)}m`;
  if (hours > 0) return `${hours}h ${two(minutes)}m ${two(rest)}s`;
  if (minutes > 0) return `${minutes}m ${two(rest)}s`;
  return `${rest}s`;
}

const EXPECTED = 'a duration such as `90s`, `15m` or `1h 30m`';

/** A duration in a YAML file, such as `90s` or `1h 30m`; becomes milliseconds. */
export const duration = z
  .string(EXPECTED)
  .refine((text) => parseDuration(text) !== undefined, EXPECTED)
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ id: 'duration' });
