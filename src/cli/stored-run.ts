import { readEnvironment } from '../core/config.ts';
import { type Environment, scopeOf } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { RunHeader, Store, StoredRun } from '../core/store.ts';
import type { Host } from './host.ts';
import { dataDir, join, type PlaceOptions } from './places.ts';
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
  const { run, candidates } = await store.find(id);
  if (run !== undefined) return run;
  throw candidates.length > 1
    ? new UsageError(`"${id}" begins several runs`, `Say more of one of: ${candidates.join(', ')}`)
    : new UsageError(
        `there is no run "${id}" in ${databaseFile(options, host)}`,
        `See: ${host.program} runs list`,
      );
}

/** The environment of a stored run as it was resolved at its start, and whether it is gone for ever. */
export async function environmentOf(
  { environment_definition, control, scope }: RunHeader,
  host: Host,
): Promise<{ readonly environment: Environment; readonly gone: boolean }> {
  const environment = environment_definition as unknown as Environment;
  if (control === undefined) return { environment, gone: false };
  try {
    await using sandbox = await host.joinSandbox(control);
    // Another sandbox may have got the address of the one that ended.
    const there = readEnvironment(`${control}/environment`, sandbox.environment);
    return { environment, gone: scopeOf(there) !== scope };
  } catch {
    return { environment, gone: true };
  }
}

export function sandboxGone(): Fault {
  return new Fault('the sandbox of this run ended in the middle of it', {
    code: 'SANDBOX_GONE',
    kind: 'prober',
    hint: 'Nothing is left of the run. Run it again; if it happens again, start `packprobe sandbox` by itself and read what it says.',
  });
}
