import { formatDuration } from '../core/duration.ts';
import type { SystemEntry } from '../core/system-list.ts';

const COLOURS: Readonly<Record<SystemEntry['state'], string>> = {
  operational: '#2e7d32',
  failing: '#c62828',
  unknown: '#757575',
};

/** Width of a letter of the 11 px font, on average: badges are drawn without knowing the font. Pixels. */
const LETTER = 6.6;
const MARGIN = 12;

/** A badge in the usual form. Names of environments and systems have no letters that XML would need escaped. */
export function badge({ environment, system, state, age_ms }: SystemEntry): string {
  const label = `${system} on ${environment}`;
  const [left, right] = [label, state].map((text) => Math.round(text.length * LETTER + MARGIN)) as [
    number,
    number,
  ];
  const age = age_ms === null ? 'no evidence yet' : `evidence is ${formatDuration(Math.max(0, age_ms))} old`;
  const text = (x: number, said: string) =>
    `<text x="${x}" y="14" fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${said}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${label}: ${state}">`,
    `<title>${label}: ${state}, ${age}</title>`,
    `<rect width="${left}" height="20" fill="#444"/>`,
    `<rect x="${left}" width="${right}" height="20" fill="${COLOURS[state]}"/>`,
    text(left / 2, label),
    text(left + right / 2, state),
    '</svg>',
    '',
  ].join('\n');
}
