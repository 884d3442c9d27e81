import type { Json, JsonObject } from './json.ts';

/**
 * The same value, but that what its texts name in one of these folders they name in the new one: as a whole path, or inside of a text, such as
 * an argument of a command. A folder whose name merely begins alike is another one.
 */
export function relocated<Value extends Json>(value: Value, from: readonly string[], to: string): Value;
export function relocated(value: Json, from: readonly string[], to: string): Json {
  if (from.length === 0) return value;
  const former = new RegExp(`(?:${from.map(escaped).join('|')})(?![\\w.-])`, 'g');
  return moved(value, (text) => text.replace(former, () => to));
}

function moved(value: Json, move: (text: string) => string): Json {
  if (typeof value === 'string') return move(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => moved(item, move));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item, move)]));
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
