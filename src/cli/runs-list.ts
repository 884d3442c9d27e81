import { formatDuration } from '../core/duration.ts';
import type { Outcome } from '../core/fault.ts';
import type { RunName } from '../core/pages.ts';
import type { Owner } from '../core/run.ts';
import type { RunSummary, Store } from '../core/store.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { assertNamed } from './named.ts';
import { dataDir, join, type PlaceOptions } from './places.ts';
import { table } from './style.ts';
import { localTime } from './times.ts';
import { UsageError } from './usage-error.ts';

export interface RunsListOptions extends PlaceOptions {
  readonly probe?: string;
  readonly env?: string;
  readonly outcome?: string;
  readonly limit: string;
  readonly json?: boolean;
}

/** What a finished run can have come to. */
export const OUTCOMES: readonly Outcome[] = ['passed', 'failed', 'errored', 'cancelled'];

/** `packprobe runs list`: newest first. */
export async function runsListCommand(options: RunsListOptions, host: Host): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit takes a whole number above 0, got "${options.limit}"`);
  const outcome = OUTCOMES.find((known) => known === options.outcome);
  if (options.outcome !== undefined && outcome === undefined) {
    throw new UsageError(`--outcome takes one of ${OUTCOMES.join(', ')}, got "${options.outcome}"`);
  }
  const file = join(dataDir(options, host), 'packprobe.db');
  const { runs, names } = await listed(file, host, {
    limit,
    ...(options.probe === undefined ? {} : { probe: options.probe }),
    ...(options.env === undefined ? {} : { environment: options.env }),
    ...(outcome === undefined ? {} : { outcome }),
  });
  if (runs.length === 0) await assertNamed(options, names, options, host);
  if (options.json === true) {
    host.stdout.write(jsonText(runs));
  } else if (runs.length === 0) {
    const asked = [options.probe, options.env, options.outcome].some((one) => one !== undefined);
    host.stderr.write(`no ${asked ? 'such ' : ''}runs in ${file}\n`);
  } else {
    host.stdout.write(`${runsTable(runs, await host.isAlive())}\n`);
  }
  return EXIT.passed;
}

interface Listed {
  readonly runs: readonly RunSummary[];
  /** What there are runs of at all; looked at where the filter fits none. */
  readonly names: readonly RunName[];
}

/** Looking makes nothing: where there is no database there are no runs. */
async function listed(file: string, host: Host, filter: Parameters<Store['list']>[0]): Promise<Listed> {
  if (!(await host.exists(file))) return { runs: [], names: [] };
  await using store = await host.openStore(file);
  const runs = await store.list(filter);
  return { runs, names: runs.length === 0 ? await store.pages.names() : [] };
}

function runsTable(runs: readonly RunSummary[], isAlive: (owner: Owner) => boolean): string {
  return table(
    [
      ['started', 'run', 'probe', 'environment', 'outcome', 'took', ''],
      ...runs.map((run) => [
        localTime(run.started_at),
        run.run_id,
        run.probe,
        run.environment,
        run.outcome ?? (isAlive(run.owner) ? run.state : 'interrupted'),
        run.ended_at === null ? '' : formatDuration(run.ended_at - run.started_at),
        [
          faultText(run),
          run.leftovers > 0 ? `(${run.leftovers} ${run.outcome === null ? 'held' : 'left behind'})` : '',
        ]
          .filter((text) => text !== '')
          .join(' '),
      ]),
    ],
    '',
  );
}

/** Nobody is to blame for what somebody cancelled. */
function faultText({ outcome, fault }: RunSummary): string {
  if (fault === null) return '';
  return outcome === 'cancelled' ? fault.message : `${fault.system}: ${fault.message}`;
}
