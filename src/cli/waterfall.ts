import { formatDuration } from '../core/duration.ts';
import type { RunRecord, StepRecord } from '../core/run.ts';
import { proofLines } from './proof.ts';
import { COLOURS, MARKS, type Paint, pad } from './style.ts';

const BAR = { queued: '░', running: '█' } as const;

/** Where the time of a run went: a line for each step, its bar where it lay in the run; light while the system had it queued. */
export function waterfall(run: RunRecord, paint: Paint, columns: number): string {
  const nameWidth = Math.max(...run.steps.map(({ name }) => name.length), 4);
  const systemWidth = Math.max(...run.steps.map(({ system }) => system.length), 6);
  const fixed = nameWidth + systemWidth + 4 + 3 * 2 + 12;
  const barWidth = Math.max(16, Math.min(columns, 120) - fixed);
  const lines = run.steps.map((step) => {
    const head = `${paint(COLOURS[step.outcome], MARKS[step.outcome])} ${pad(step.name, nameWidth)}  ${pad(step.system, systemWidth)}`;
    return `  ${head}  ${barOf(step, run, barWidth, paint)}  ${took(step)}`.trimEnd();
  });
  return lines.join('\n');
}

function took(step: StepRecord): string {
  if (step.outcome === 'skipped') return 'skipped';
  const tries = step.attempts.length > 1 ? ` (${step.attempts.length} attempts)` : '';
  const rest = step.resumed_at === undefined ? '' : ' (interrupted)';
  return formatDuration(step.duration_ms) + tries + rest;
}

function barOf(step: StepRecord, run: RunRecord, width: number, paint: Paint): string {
  if (step.started_at === undefined) return ' '.repeat(width);
  const scale = width / Math.max(1, run.duration_ms);
  const at = (time: number) => Math.round((time - run.started_at) * scale);
  const from = Math.min(width - 1, Math.max(0, at(step.started_at)));
  const to = Math.min(width, Math.max(from + 1, at(step.started_at + step.duration_ms)));
  const cells: string[] = Array.from({ length: width }, (_, cell) =>
    cell >= from && cell < to ? BAR.running : ' ',
  );
  for (const { started_at, duration_ms } of step.phases.filter(
    ({ phase, arch }) => phase === 'queued' && arch === undefined,
  )) {
    cells.fill(BAR.queued, Math.max(from, at(started_at)), Math.min(to, at(started_at + duration_ms)));
  }
  return paint(COLOURS[step.outcome], cells.join(''));
}

/** The head line of a run that has ended: `passed in 28m 14s`, and the fault where there is one. */
export function headline(run: RunRecord, paint: Paint): string {
  const verdict = paint(
    ['bold', COLOURS[run.outcome]] as Parameters<Paint>[0],
    `${MARKS[run.outcome]} ${run.outcome}`,
  );
  const lines = [
    `${verdict} in ${formatDuration(run.duration_ms)}  ${run.probe} on ${run.environment}  run ${run.run_id}`,
  ];
  if (run.fault !== undefined) {
    const { message, system, kind, code, hint, evidence } = run.fault;
    const who = system === 'own' ? 'packprobe, its host, its configuration or its test package' : system;
    lines.push(`  ${message}`);
    if (kind !== 'cancelled') lines.push(`  charged to ${who} (${kind}, ${code})`);
    lines.push(...proofLines(evidence).map((line) => `  ${paint('dim', '│')} ${line}`));
    if (hint !== undefined) lines.push(`  ${paint('bold', 'What to do:')} ${hint}`);
  }
  return lines.join('\n');
}
