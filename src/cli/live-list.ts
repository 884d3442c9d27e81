import { stripVTControlCharacters } from 'node:util';
import { formatDuration } from '../core/duration.ts';
import type { PlannedStep } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import type { StepRecord } from '../core/run.ts';
import type { Progress, Tell } from '../engine/progress.ts';
import type { Host } from './host.ts';
import { COLOURS, cut, MARKS, type Paint, pad, painter } from './style.ts';

export interface ListOptions {
  readonly title: string;
  readonly steps: readonly PlannedStep[];
  readonly host: Host;
  readonly clock: Clock;
}

/** What tells the operator how the run goes; `close` leaves the last state on the screen. */
export interface Display extends Disposable {
  readonly tell: Tell;
  /** A word in between: `stopping …`. */
  say(text: string): void;
}

/** What the list knows of each step. */
export interface ListState {
  readonly startedAt: readonly (number | undefined)[];
  readonly news: readonly (string | undefined)[];
  readonly records: readonly (StepRecord | undefined)[];
  readonly notes: readonly string[];
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** A live list of steps with elapsed and normal times on a terminal, plain lines elsewhere. */
export async function openDisplay(options: ListOptions): Promise<Display> {
  return options.host.stderr.isTerminal ? liveList(options) : plainLines(options);
}

async function liveList({ title, steps, host, clock }: ListOptions): Promise<Display> {
  const paint = painter(host.stderr);
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(host.stderr.stream);
  let state: ListState = { startedAt: [], news: [], records: [], notes: [] };
  let frame = 0;
  const draw = () =>
    update(listText(title, steps, state, { now: clock.now(), frame, paint, columns: host.stderr.columns }));
  const timer = await host.repeat(FRAME_MS, () => {
    frame += 1;
    draw();
  });
  return {
    tell(progress) {
      state = next(state, progress);
      draw();
    },
    say(text) {
      state = { ...state, notes: [...state.notes, text] };
      draw();
    },
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      draw();
      update.done();
    },
  };
}

/** The state after one piece of news. */
export function next(state: ListState, progress: Progress): ListState {
  switch (progress.type) {
    case 'step_started':
      return { ...state, startedAt: replaced(state.startedAt, progress.index, progress.at) };
    case 'step_news':
      return { ...state, news: replaced(state.news, progress.index, progress.text) };
    case 'step_ended':
      return { ...state, records: replaced(state.records, progress.index, progress.record) };
    case 'attempt_failed':
      return {
        ...state,
        news: replaced(
          state.news,
          progress.index,
          `attempt ${progress.attempt} of ${progress.of}: ${progress.fault.message}`,
        ),
      };
    case 'undo_started':
      return {
        ...state,
        notes: [
          ...state.notes,
          `undoing ${progress.count} thing${progress.count === 1 ? '' : 's'} that the run made …`,
        ],
      };
    case 'undo_ended':
      return { ...state, notes: [...state.notes, undoText(progress)] };
    case 'run_started':
      return {
        ...state,
        startedAt: progress.done.map(({ started_at }) => started_at),
        records: progress.done,
      };
    case 'run_ended':
      return state;
  }
}

function replaced<Value>(
  list: readonly (Value | undefined)[],
  index: number,
  value: Value,
): readonly (Value | undefined)[] {
  const copy = [...list];
  copy[index] = value;
  return copy;
}

/** What became of one thing that a run made. */
export function undoText({
  kind,
  identity,
  result,
  text,
}: Extract<Progress, { type: 'undo_ended' }>): string {
  const what = identity === 'null' ? kind : `${kind} ${identity}`;
  const became = { gone: 'is undone', nothing: 'needs no undo', left: 'is LEFT BEHIND' }[result];
  return `  ${what} ${became}: ${text}`;
}

interface FrameOptions {
  readonly now: number;
  readonly frame: number;
  readonly paint: Paint;
  readonly columns: number;
}

/** One picture of the list. */
export function listText(
  title: string,
  steps: readonly PlannedStep[],
  { startedAt, news, records, notes }: ListState,
  { now, frame, paint, columns }: FrameOptions,
): string {
  const nameWidth = Math.max(...steps.map(({ name }) => name.length));
  const systemWidth = Math.max(...steps.map(({ system }) => system.length));
  const lines = steps.map((step, index) => {
    const record = records[index];
    const start = startedAt[index];
    const label = `${pad(step.name, nameWidth)}  ${pad(step.system, systemWidth)}`;
    if (record !== undefined) {
      const mark = paint(COLOURS[record.outcome], MARKS[record.outcome]);
      const rest =
        record.outcome === 'skipped' ? `skipped: ${record.reason ?? ''}` : formatDuration(record.duration_ms);
      return ` ${mark} ${label}  ${rest}${record.fault === undefined ? '' : `  ${record.fault.message}`}`;
    }
    if (start === undefined) return ` ${paint('gray', `· ${label}`)}`;
    const normal = step.normalMs === undefined ? '' : ` of normally ${formatDuration(step.normalMs)}`;
    const told = news[index] === undefined ? '' : paint('gray', `  ${news[index]}`);
    return ` ${paint('cyan', FRAMES[frame % FRAMES.length] ?? '')} ${label}  ${formatDuration(Math.floor((now - start) / 1000) * 1000)}${normal}${told}`;
  });
  return [title, '', ...lines, ...(notes.length === 0 ? [] : ['', ...notes])]
    .map((line) => fitted(line, columns))
    .join('\n');
}

/** A line that would wrap loses its colours with its end: escape sequences take no room, and must not be cut in two. */
function fitted(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return [...plain].length <= columns ? line : cut(plain, columns);
}

function plainLines({ title, steps, host }: ListOptions): Display {
  const say = (text: string) => host.stderr.write(`${text}\n`);
  say(title);
  return { say, tell: plainTell(steps, host), [Symbol.dispose]: () => {} };
}

/** One line for each piece of news. */
export function plainTell(steps: readonly PlannedStep[], host: Host): Tell {
  const write = (text: string) => host.stderr.write(`${text}\n`);
  return (progress) => {
    switch (progress.type) {
      case 'step_started':
        write(`started   ${nameOf(steps, progress.index)}`);
        break;
      case 'step_ended': {
        const { outcome, duration_ms, fault, reason } = progress.record;
        const rest = outcome === 'skipped' ? (reason ?? '') : formatDuration(duration_ms);
        write(
          `${pad(outcome, 9)} ${nameOf(steps, progress.index)}  ${rest}${fault === undefined ? '' : `  ${fault.message}`}`,
        );
        break;
      }
      case 'attempt_failed':
        write(
          `again     ${nameOf(steps, progress.index)}  attempt ${progress.attempt} of ${progress.of}: ${progress.fault.message}`,
        );
        break;
      case 'undo_started':
        write(`undoing   ${progress.count} thing${progress.count === 1 ? '' : 's'} that the run made`);
        break;
      case 'undo_ended':
        write(undoText(progress));
        break;
      case 'run_started':
        write(`run       ${progress.run_id}`);
        if (progress.done.length > 0) {
          write(`resumed   done before: ${progress.done.map(({ name }) => name).join(', ')}`);
        }
        break;
      case 'step_news':
      case 'run_ended':
        break;
    }
  };
}

function nameOf(steps: readonly PlannedStep[], index: number): string {
  const step = steps[index];
  return step === undefined ? '' : `${step.name} (${step.system})`;
}
