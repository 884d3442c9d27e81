import { styleText } from 'node:util';
import type { StepOutcome } from '../core/fault.ts';
import type { Output } from './host.ts';

type Format = Parameters<typeof styleText>[0];

/** Paints a text where its reader wants colours. */
export type Paint = (format: Format, text: string) => string;

export function painter({ colours }: Pick<Output, 'colours'>): Paint {
  return (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text);
}

export const MARKS: Readonly<Record<StepOutcome, string>> = {
  passed: '✔',
  failed: '✘',
  errored: '!',
  cancelled: '■',
  skipped: '–',
};

export const COLOURS: Readonly<Record<StepOutcome, Format>> = {
  passed: 'green',
  failed: 'red',
  errored: 'magenta',
  cancelled: 'yellow',
  skipped: 'gray',
};

/** Pads to a width of characters; a longer text stays whole. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** Cuts to a width of characters, the cut marked. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Rows as columns, each as wide as its widest cell; the last is not padded. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  return rows
    .map((row) => (indent + row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ')).trimEnd())
    .join('\n');
}
