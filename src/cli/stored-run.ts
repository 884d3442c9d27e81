import { readEnvironment } from '../core/config.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { ProbePlan } from '../core/plan.ts';
import { planProbe } from '../core/planner.ts';
import { readProbe } from '../core/probe.ts';
import type { RunHeader, Store, StoredRun } from '../core/store.ts';
import { dataOption } from './data-option.ts';
import type { Host, SandboxHandle } from './host.ts';
import { dataDir, join, type PlaceOptions } from './places.ts';
import type { Stop } from './stop.ts';
import { UsageError } from './usage-error.ts';

export function databaseFile(options: PlaceOptions, host: Host): string {
  return join(dataDir(options, host), 'packprobe.db');
}

/** The store that should have this run; looking makes none. */
export async function storeWith(id: string, options: PlaceOptions, host: Host): Promise<Store> {
  const file = databaseFile(options, host);
  if (await host.exists(file)) return host.openStore(file);
  throw new UsageError(
    `there is no run "${id}": ${file} does not exist`,
    'Say where the data is with --data.',
  );
}

/** A run by its id, or by a beginning of it that fits no other. */
export async function findRun(
  store: Store,
  id: string,
  options: PlaceOptions,
  host: Host,
): Promise<StoredRun> {
  if (id === '') throw new UsageError('which run? its id is empty', `See: ${host.program} runs list`);
  const { run, candidates } = await store.find(id);
  if (run !== undefined) return run;
  throw candidates.length > 1
    ? new UsageError(`"${id}" begins several runs`, `Say more of one of: ${candidates.join(', ')}`)
    : new UsageError(
        `there is no run "${id}" in ${databaseFile(options, host)}`,
        `See: ${host.program} runs list${dataOption(options)}`,
      );
}

/** The plan as it was when the run began: from the definition that is stored with it, not from a file that may have changed. */
export async function planOf(header: RunHeader, host: Host): Promise<ProbePlan> {
  const { definition, params, environment_definition, branch } = header;
  return planProbe({
    probe: readProbe(definition.file, definition.text),
    actions: await host.actions(),
    params,
    environment: environment_definition as unknown as Environment,
    overrides: { package: header.package, branch },
  });
}

/** The environment of a stored run as it was resolved at its start, and whether it is gone for ever. */
export async function environmentOf(
  { environment_definition, control, scope }: RunHeader,
  host: Host,
): Promise<{ readonly environment: Environment; readonly gone: boolean }> {
  const environment = environment_definition as unknown as Environment;
  if (control === undefined) return { environment, gone: false };
  if (await host.isSandboxGone(control)) return { environment, gone: true };
  await using sandbox = await host.joinSandbox(control);
  // Another sandbox may have got the address of the one that ended.
  const there = readEnvironment(`${control}/environment`, sandbox.environment);
  return { environment, gone: scopeOf(there) !== scope };
}

/** Whether the environment of a run is gone for ever: told at once where it ends, and asked before somebody is blamed. */
export interface Gone {
  readonly gone: AbortSignal;
  /** Aborts `gone` and gives the fault where it is so by now. */
  lookIfGone(): Promise<Fault | undefined>;
}

export const NEVER_GONE: Gone = {
  gone: new AbortController().signal,
  lookIfGone: async () => undefined,
};

/** Of an environment that is known to be gone. */
export const GONE: Gone = { gone: AbortSignal.abort(), lookIfGone: async () => sandboxGone() };

/** Follows a sandbox, and stops the run in it when it ends. */
export function followSandbox(
  { control, ended }: Pick<SandboxHandle, 'control' | 'ended'>,
  stop: Pick<Stop, 'stop'>,
  host: Host,
): Gone {
  const gone = new AbortController();
  const end = () => {
    gone.abort();
    stop.stop(sandboxGone());
  };
  void ended.then(end);
  return {
    gone: gone.signal,
    async lookIfGone() {
      if (!gone.signal.aborted && (await host.isSandboxGone(control))) end();
      return gone.signal.aborted ? sandboxGone() : undefined;
    },
  };
}

export function sandboxGone(): Fault {
  return new Fault('the sandbox of this run ended in the middle of it', {
    code: 'SANDBOX_GONE',
    kind: 'prober',
    hint: 'Nothing is left of the run. Run it again; if it happens again, start `packprobe sandbox` by itself and read what it says.',
  });
}
