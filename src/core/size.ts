import { z } from 'zod';

const PATTERN = /^(?<amount>\d+(?:\.\d+)?)\s?(?<unit>(?:[KMGT]i?)?B)$/;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Reads `1GiB`, `500 MB`, `20B` into bytes; undefined where it is no size. */
export function parseSize(text: string): number | undefined {
  const { amount, unit } = PATTERN.exec(text.trim())?.groups ?? {};
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * (UNITS[unit] ?? 1));
}

/** Writes `512 B`, `1.5 MiB`, `2 GiB`. */
export function formatSize(bytes: number): string {
  let amount = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (amount < 1024) return `${round(amount)} ${unit}`;
    amount /= 1024;
  }
  return `${round(amount)} TiB`;
}

function round(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}

const EXPECTED = 'a size such as `500MB` or `1GiB`';

/** A size in a YAML file; becomes bytes. */
export const size = z
  .string(EXPECTED)
  .refine((text) => parseSize(text) !== undefined, EXPECTED)
  .transform((text) => parseSize(text) ?? 0);
