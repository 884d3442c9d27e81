import { formatDuration } from '../core/duration.ts';
import type { Event } from '../core/event.ts';
import { isoTime } from '../core/iso-time.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { EffectRecord, PhaseRecord, RunRecord, StepRecord } from '../core/run.ts';
import type { LookRecord, StoredRun } from '../core/store.ts';
import { type Evidence, evidenceOf } from '../service/evidence.ts';
import { dataOption } from './data-option.ts';
import { hopTable } from './hop-table.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { lostMessages } from './lost-messages.ts';
import type { PlaceOptions } from './places.ts';
import { findRun, storeWith } from './stored-run.ts';
import { COLOURS, MARKS, type Paint, painter, table } from './style.ts';
import { localTime } from './times.ts';
import { headline, waterfall } from './waterfall.ts';

export interface RunsShowOptions extends PlaceOptions {
  readonly json?: boolean;
}

/** `packprobe runs show ID`: the waterfall, the steps with their evidence, the hops, the timeline and the ledger of one run. */
export async function runsShowCommand(id: string, options: RunsShowOptions, host: Host): Promise<number> {
  await using store = await storeWith(id, options, host);
  const run = await findRun(store, id, options, host);
  const evidence = await evidenceOf(store, run);
  if (options.json === true) {
    host.stdout.write(jsonText(asData(run, evidence)));
    return EXIT.passed;
  }
  const paint = painter(host.stdout);
  const head =
    run.record === null
      ? [unfinished(run, (await host.isAlive())(run.owner), `${host.program}`, dataOption(options))]
      : finished(run.record, paint, host.stdout.columns);
  host.stdout.write(`${[...head, ...rest(run, evidence, paint)].join('\n\n')}\n`);
  return EXIT.passed;
}

function asData(run: StoredRun, { chains, events, looks }: Evidence): object {
  const { header, state, owner, fence, record, steps, effects } = run;
  return {
    ...(record ?? { ...header, steps, outcome: null }),
    state,
    owner,
    fence,
    chains,
    events,
    looks,
    ledger: effects,
  };
}

function finished(record: RunRecord, paint: Paint, columns: number): readonly string[] {
  return [
    headline(record, paint),
    facts(record),
    waterfall(record, paint, columns),
    stepsText(record, paint),
  ];
}

function rest(run: StoredRun, evidence: Evidence, paint: Paint): readonly string[] {
  const parts: string[] = [];
  for (const chain of evidence.chains) {
    if (chain.hops.length > 0) parts.push(`${paint('bold', `The way of ${chain.nvr}`)}\n${hopTable(chain)}`);
  }
  parts.push(...lostMessages(evidence.chains, paint));
  if (evidence.events.length > 0) parts.push(`${paint('bold', 'Timeline')}\n${timeline(evidence.events)}`);
  if (evidence.looks.length > 0) parts.push(`${paint('bold', 'Looks')}\n${looksTable(evidence.looks)}`);
  if (run.effects.length > 0) parts.push(`${paint('bold', 'What it made')}\n${ledger(run.effects)}`);
  return parts;
}

function unfinished(
  { header, owner, restored, steps }: StoredRun,
  alive: boolean,
  program: string,
  data: string,
): string {
  const { run_id, probe, environment, package: pkg, started_at } = header;
  const process = `process ${owner.pid} on ${owner.host}`;
  return [
    `run ${run_id} of ${probe} on ${environment}, package ${pkg}, ${alive ? 'is at work' : 'was interrupted'}`,
    `  begun ${localTime(started_at)}; ${alive ? `${process} has it` : `${process}, which had it, is dead`}`,
    ...steps.map(
      (step) =>
        `  ${MARKS[step.outcome ?? 'skipped']} ${step.step}  ${step.outcome ?? (alive ? 'at work' : 'interrupted')}`,
    ),
    ...(alive
      ? []
      : [
          '',
          restored
            ? 'It was under way when the backup was made that this database comes from: it cannot be gone on with.'
            : `Go on with it:        ${program} runs resume ${run_id}${data}`,
          `Or clean up after it: ${program} tidy ${run_id}${data}`,
        ]),
  ].join('\n');
}

function facts(run: RunRecord): string {
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  return table([
    ['started', localTime(run.started_at)],
    ['package', run.package],
    [
      'branch',
      run.release === null ? run.branch : `${run.branch} (${run.release.branch}, ${run.release.long_name})`,
    ],
    ['versions', [`packprobe ${run.packprobe}`, ...versions].join(', ')],
  ]);
}

function stepsText(run: RunRecord, paint: Paint): string {
  return run.steps.map((step) => stepText(step, paint)).join('\n');
}

function stepText(step: StepRecord, paint: Paint): string {
  const mark = paint(COLOURS[step.outcome], MARKS[step.outcome]);
  const head = `  ${mark} ${step.id}  ${step.uses}  ${step.system}  ${step.outcome}`;
  const lines: string[] = [];
  if (step.reason !== undefined) lines.push(step.reason);
  for (const at of step.resumed_at ?? []) {
    lines.push(`interrupted; another process went on with it at ${localTime(at)}`);
  }
  for (const phase of step.phases) lines.push(phaseText(phase));
  if (step.attempts.length > 1) {
    for (const { attempt, duration_ms, outcome, fault } of step.attempts) {
      lines.push(
        `attempt ${attempt}: ${outcome} after ${formatDuration(duration_ms)}${fault === undefined ? '' : `: ${fault.message}`}`,
      );
    }
  }
  for (const [name, value] of Object.entries(step.outputs)) lines.push(`${name} = ${valueText(value)}`);
  if (step.fault !== undefined) {
    const { message, system, kind, code, evidence, hint } = step.fault;
    lines.push(message);
    if (kind !== 'cancelled') lines.push(`charged to ${system} (${kind}, ${code})`);
    if (hint !== undefined) lines.push(`What to do: ${hint}`);
    lines.push(...evidenceLines(evidence));
  }
  return [head, ...lines.map((line) => `      ${line.replaceAll('\n', '\n        ')}`)].join('\n');
}

function evidenceLines(evidence: JsonObject): readonly string[] {
  return Object.entries(evidence).map(([name, value]) => `evidence ${name}: ${valueText(value)}`);
}

function phaseText({ phase, arch, duration_ms }: PhaseRecord): string {
  return `${phase} ${formatDuration(duration_ms)}${arch === undefined ? '' : ` (${arch})`}`;
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function timeline(events: readonly Event[]): string {
  return table(
    events.map((event) => [
      isoTime(event.latest).replace('T', ' ').replace('Z', ''),
      event.earliest === undefined ? 'or before' : bracket(event.latest - event.earliest),
      event.source,
      event.system,
      `${event.subject.kind} ${shortKey(event.subject.key)}`,
      shortKey(event.fact),
    ]),
  );
}

function bracket(width: number): string {
  return width < 1 ? '' : `− ${formatDuration(width)}`;
}

function shortKey(key: string): string {
  return key.length > 60 ? `${key.slice(0, 59)}…` : key;
}

function looksTable(looks: readonly LookRecord[]): string {
  return table([
    ['source', 'subject', 'looks', 'last', 'failing'],
    ...looks.map(({ source, kind, key, count, last, failing }) => [
      source,
      `${kind} ${shortKey(key)}`,
      String(count),
      isoTime(last).replace('T', ' ').replace('Z', ''),
      failing
        .map(({ from, to, message }) =>
          `${to === null ? 'since' : formatDuration(to - from)} ${to === null ? isoTime(from) : ''} ${message}`.trim(),
        )
        .join('; '),
    ]),
  ]);
}

function ledger(effects: readonly EffectRecord[]): string {
  const became = {
    intended: 'UNKNOWN',
    made: 'STILL THERE',
    kept: 'kept',
    undone: 'undone',
    struck: 'nothing to undo',
  } as const;
  return table([
    ['what', 'which', 'step', 'system', 'became'],
    ...effects.map((effect) => [
      effect.kind,
      effect.identity === null ? '' : valueText(effect.identity),
      effect.step,
      effect.system,
      `${became[effect.state]}${effect.undo_evidence === null ? '' : ` ${valueText(effect.undo_evidence)}`}`,
    ]),
  ]);
}
