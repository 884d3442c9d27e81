import { Fault } from '../core/fault.ts';
import type { EffectRecord } from '../core/run.ts';
import type { Store, StoredRun } from '../core/store.ts';
import type { UndoResult } from '../engine/progress.ts';
import { closeRun } from '../engine/run.ts';
import { openEffects } from '../engine/undo.ts';
import { dataOption } from './data-option.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { undoText } from './live-list.ts';
import { dataDir, type PlaceOptions } from './places.ts';
import { openWorld } from './run-world.ts';
import { databaseFile, environmentOf, findRun, GONE, NEVER_GONE, planOf, sandboxGone } from './stored-run.ts';
import { removeStrays } from './stray-folders.ts';
import { tellError } from './tell-error.ts';

export interface TidyOptions extends PlaceOptions {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What became, or would become, of one run. */
interface Tidied {
  readonly run_id: string;
  readonly probe: string;
  readonly environment: string;
  readonly package: string;
  /** `at_work`: its process lives, nothing is touched; `gone`: its sandbox has ended, and all that it made with it. */
  readonly state: 'at_work' | 'interrupted' | 'ended' | 'gone';
  readonly effects: readonly {
    readonly kind: string;
    readonly identity: string;
    /** Null where nothing was done. */
    readonly result: UndoResult | null;
    readonly text: string;
  }[];
}

const STATES: Readonly<Record<Tidied['state'], string>> = {
  at_work: 'is at work: left alone',
  interrupted: 'was interrupted',
  ended: 'has ended',
  gone: 'was in a sandbox that has ended',
};

/** `packprobe tidy`: closes runs whose process is dead and takes away what they made, needing nothing of that process or its work folder. */
export async function tidyCommand(ids: readonly string[], options: TidyOptions, host: Host): Promise<number> {
  const file = databaseFile(options, host);
  if (!(await host.exists(file))) {
    host.stderr.write(`nothing to tidy: ${file} does not exist\n`);
    if (options.json === true) host.stdout.write(jsonText([]));
    return EXIT.passed;
  }
  await using store = await host.openStore(file);
  const runs = await unfinishedRuns(ids, store, options, host);
  const tidied: Tidied[] = [];
  let code: number = EXIT.passed;
  const say = (text: string) => {
    if (options.json !== true) host.stdout.write(`${text}\n`);
  };
  for (const { header } of runs) {
    try {
      // Read again: another process may have come to it meanwhile.
      const run = await findRun(store, header.run_id, options, host);
      if (run.state === 'finished') continue;
      tidied.push(
        options.dryRun === true
          ? await planned(run, { say, options, host })
          : await tidyRun(run, { store, say, options, host }),
      );
    } catch (error) {
      if (isOthers(error)) {
        host.stderr.write(`run ${header.run_id} is left alone: another process has just come to it\n`);
        continue;
      }
      // What is wrong with one run must not keep the others.
      code = tellError(error, host);
    }
  }
  if (options.dryRun !== true && ids.length === 0) {
    for (const name of await removeStrays(store, options, host)) {
      host.stderr.write(`removed the work folder ${name}: its run has ended\n`);
    }
  }
  if (options.json === true) host.stdout.write(jsonText(tidied));
  if (runs.length === 0 && ids.length === 0) host.stderr.write('nothing to tidy: no run holds anything\n');
  const left = tidied.flatMap(({ effects }) => effects).filter(({ result }) => result === 'left').length;
  if (left === 0) return code;
  host.stderr.write(
    `${left} thing${left === 1 ? '' : 's'} left behind: try again with ${host.program} tidy${dataOption(options)}\n`,
  );
  return EXIT.failed;
}

async function unfinishedRuns(
  ids: readonly string[],
  store: Store,
  options: TidyOptions,
  host: Host,
): Promise<readonly StoredRun[]> {
  const asked: readonly string[] =
    ids.length > 0
      ? ids
      : (await store.list({ unfinished: true, limit: Number.MAX_SAFE_INTEGER })).map(({ run_id }) => run_id);
  const runs: StoredRun[] = [];
  for (const id of asked) {
    const run = await findRun(store, id, options, host);
    if (!runs.some(({ header }) => header.run_id === run.header.run_id)) runs.push(run);
  }
  for (const { header } of runs.filter(({ state }) => state === 'finished')) {
    host.stderr.write(`nothing to tidy: run ${header.run_id} has ended and holds nothing\n`);
  }
  return runs.filter(({ state }) => state !== 'finished');
}

/** Whether somebody else was faster. */
function isOthers(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'RUN_OWNED' || error.code === 'RUN_FINISHED');
}

/** What would be done, told without doing it. */
async function planned(run: StoredRun, { say, options, host }: Omit<Tidying, 'store'>): Promise<Tidied> {
  const alive = (await host.isAlive(options.force))(run.owner);
  const { gone } = await environmentOf(run.header, host);
  const about = aboutOf(run, alive ? 'at_work' : stateOf(run, gone));
  say(headOf(about));
  if (alive) return about;
  if (run.record === null) say('  would be closed as errored: its process is dead');
  // In the order in which they would be worked off.
  const effects = openEffects(run.effects)
    .toReversed()
    .map((effect) => ({
      kind: effect.kind,
      identity: textOf(effect),
      result: null,
      text: gone ? 'would be struck out: it is gone with its sandbox' : wouldBe(effect),
    }));
  for (const { kind, identity, text } of effects) say(`  ${[kind, identity].join(' ').trim()} ${text}`);
  if (effects.length === 0) say('  would be let go: it made nothing that is still there');
  return { ...about, effects };
}

function wouldBe({ state, undoable, undo, step }: EffectRecord): string {
  if (state === 'made') return `would be undone with ${undo?.uses}, if it is still there`;
  return undoable
    ? `would be looked for, as step ${step} perhaps made it, and undone if it is there`
    : 'would be struck out: whether it was made is not known, and it could not be undone';
}

interface Tidying {
  readonly store: Store;
  readonly say: (text: string) => void;
  readonly options: TidyOptions;
  readonly host: Host;
}

async function tidyRun(run: StoredRun, { store, say, options, host }: Tidying): Promise<Tidied> {
  const { header } = run;
  const isAlive = await host.isAlive(options.force);
  if (isAlive(run.owner)) {
    const about = aboutOf(run, 'at_work');
    say(headOf(about));
    return about;
  }
  const { environment, gone } = await environmentOf(header, host);
  const world = await openWorld({
    environment,
    data: dataDir(options, host),
    store,
    gone: gone ? GONE : NEVER_GONE,
    host,
  });
  const taken = await store.takeOver(header.run_id, await host.owner(), isAlive);
  const about = aboutOf(taken.run, stateOf(taken.run, gone));
  say(headOf(about));
  const effects: Tidied['effects'][number][] = [];
  // Whoever has it now is this process: the dead one stands in what was read before.
  const fault = gone ? sandboxGone() : abandoned(run);
  // An older version may have written what this one cannot plan any more: then the steps that it never came to are left out.
  const plan = await planOf(header, host).catch(() => undefined);
  await closeRun(taken, fault.toData('own'), {
    ...world,
    ...(plan === undefined ? {} : { plan }),
    tell(progress) {
      if (progress.type === 'run_ended' && taken.run.record === null)
        say(`  closed as ${progress.record.outcome}`);
      if (progress.type !== 'undo_ended') return;
      const { kind, identity, result, text } = progress;
      effects.push({ kind, identity: identity === 'null' ? '' : identity, result, text });
      say(undoText(progress));
    },
  });
  if (effects.length === 0) say('  it made nothing that is still there');
  return { ...about, effects };
}

function abandoned({ owner: { host, pid } }: StoredRun): Fault {
  return new Fault(`the process of this run, ${pid} on ${host}, ended in the middle of it`, {
    code: 'RUN_ABANDONED',
    kind: 'prober',
    evidence: { host, pid },
    hint: 'Was it killed, did its host go down, was its memory full? Run the probe again.',
  });
}

function stateOf({ record }: StoredRun, gone: boolean): Tidied['state'] {
  if (gone) return 'gone';
  return record === null ? 'interrupted' : 'ended';
}

function aboutOf({ header }: StoredRun, state: Tidied['state']): Tidied {
  const { run_id, probe, environment } = header;
  return { run_id, probe, environment, package: header.package, state, effects: [] };
}

function headOf({ run_id, probe, environment, package: pkg, state }: Tidied): string {
  return `run ${run_id} of ${probe} on ${environment}, package ${pkg}, ${STATES[state]}`;
}

function textOf({ identity }: EffectRecord): string {
  if (identity === null) return '';
  return typeof identity === 'string' ? identity : JSON.stringify(identity);
}
