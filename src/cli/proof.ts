import type { Json, JsonObject } from '../core/json.ts';

/** What a sentence says of a silence, or the message says already. */
const SAID = new Set(['silent_hop', 'missing', 'last_heard', 'limit_ms']);
/** Of an output its end counts. */
const MOST_LINES = 6;
const MOST_COLUMNS = 200;

/** The evidence of a fault for whoever is in a hurry: the first line says what was silent, long texts show their end. */
export function proofLines(evidence: JsonObject): readonly string[] {
  const others = Object.entries(evidence).filter(([name, value]) => !SAID.has(name) && value !== null);
  return [...silence(evidence), ...others.flatMap(([name, value]) => entry(name, value))];
}

function silence({ silent_hop, missing, last_heard }: JsonObject): readonly string[] {
  if (typeof last_heard !== 'string') return [];
  if (typeof missing !== 'string') return [`last heard: ${last_heard}`];
  return [`${missing} never came (hop ${String(silent_hop)}); last heard: ${last_heard}`];
}

function entry(name: string, value: Json): readonly string[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const lines = text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-MOST_LINES)
    .map((line) => (line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS - 1)}…` : line));
  const [only] = lines;
  if (only === undefined) return [];
  return lines.length === 1 ? [`${name}: ${only}`] : [`${name}:`, ...lines.map((line) => `  ${line}`)];
}
