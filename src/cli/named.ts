import type { RunName } from '../core/pages.ts';
import { nearest } from '../core/suggest.ts';
import type { Host } from './host.ts';
import { configDirs, join, namesIn, type PlaceOptions, probeNames } from './places.ts';
import { UsageError } from './usage-error.ts';

/** Refuses names that are neither in any file nor in any run: whoever mistyped one must not read that nothing has happened. */
export async function assertNamed(
  { env, probe }: { readonly env?: string; readonly probe?: string },
  ran: readonly RunName[],
  places: PlaceOptions,
  host: Host,
): Promise<void> {
  if (env !== undefined) {
    const dirs = (await configDirs(places, host)).map((dir) => join(dir, 'environments'));
    const files = await namesIn(dirs, host);
    refuse('environment', env, [...files, 'sandbox', ...ran.map(({ environment }) => environment)]);
  }
  if (probe !== undefined) {
    const files = await probeNames(places, host);
    refuse('probe', probe, [...files, ...ran.map((run) => run.probe)]);
  }
}

function refuse(what: string, typed: string, known: readonly string[]): void {
  if (known.includes(typed)) return;
  const near = nearest(typed, known);
  throw new UsageError(
    `there is no ${what} "${typed}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    `Known, by a file or by a stored run: ${[...new Set(known)].join(', ')}.`,
  );
}
