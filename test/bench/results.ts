import type { Aim, Figure } from './harness.ts';

/** NaN never holds: what could not be measured is no success. */
export function holds({ value, aim }: Figure): boolean {
  return 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
}

/** One line of `--json`. */
export function jsonLine(group: string, figure: Figure): string {
  const { name, unit, aim } = figure;
  return JSON.stringify({
    name: `${group}/${name}`,
    value: shown(figure),
    unit,
    aim: aimText(aim),
    holds: holds(figure),
  });
}

/** The figures of one group for people, one a row. */
export function table(group: string, figures: readonly Figure[]): string {
  const rows = [
    [group, 'value', 'aim', 'holds', 'measured'],
    ...figures.map((figure) => [
      figure.name,
      `${shown(figure)} ${figure.unit}`,
      aimText(figure.aim),
      holds(figure) ? 'yes' : 'NO',
      figure.measured,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}

function aimText(aim: Aim): string {
  return 'atMost' in aim ? `at most ${aim.atMost}` : `at least ${aim.atLeast}`;
}

/** As few digits as tell it, but never so few that a missed aim looks like one that holds. */
function shown(figure: Figure): number {
  const rounded = Number(figure.value.toFixed(Math.abs(figure.value) >= 100 ? 0 : 2));
  return holds({ ...figure, value: rounded }) === holds(figure) ? rounded : figure.value;
}
