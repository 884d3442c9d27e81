import type { Release } from './boxes.ts';
import { COMMON, PAGING, parseClick } from './click.ts';
import type { BodhiClient } from './client.ts';
import { withClient } from './connect.ts';
import { runCommand } from './subprocess.ts';
import type { BodhiRun } from './version.ts';

interface Override {
  readonly nvr: string;
  readonly submitter: { readonly name: string };
  readonly expiration_date: string;
  readonly expired_date: string | null;
  readonly notes: string;
  readonly build: { readonly release_id: number };
}

/** How the override is waited for; the release is asked for its tag. */
async function waitCommand(
  run: BodhiRun,
  client: BodhiClient,
  { nvr, build }: Override,
): Promise<readonly string[]> {
  const { releases } = (await client.get('releases/', [['ids', String(build.release_id)]])) as {
    readonly releases: readonly Release[];
  };
  return [
    'koji',
    'wait-repo',
    `${releases[0]?.['dist_tag']}-build`,
    `--build=${nvr}`,
    ...run.habits.waitRepo,
  ];
}

function overrideBox(override: Override): string {
  const rule = '='.repeat(60);
  return `${rule}
     ${override.nvr}
${rule}
  Submitter: ${override.submitter.name}
  Expiration Date: ${override.expiration_date}
  Notes: ${override.notes}
  Expired: ${override.expired_date === null ? 'False' : 'True'}`;
}

function hint(command: readonly string[]): string {
  return `\n\nUse the following to ensure the override is active:\n\n\t$ ${command.join(' ')}\n`;
}

const DAYS = 7;
const DAY_MS = 86_400_000;

/** `bodhi overrides save NVR`: waits for the repository by `koji` unless told not to. */
export async function saveOverride(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'overrides save',
    arguments: [{ name: 'NVR' }],
    options: {
      duration: { names: ['--duration'], takes: 'value' },
      notes: { names: ['--notes'], takes: 'value' },
      wait: { names: ['--wait'] },
      no_wait: { names: ['--no-wait'], off: true },
      ...COMMON,
    },
    checks: { duration: { integer: true } },
  });
  const [nvr = ''] = args;
  return withClient(run, options, async (client) => {
    const ends = new Date(Date.now() + Number(options.duration ?? DAYS) * DAY_MS).toISOString();
    const saved = (await client.post('overrides/', [
      ['nvr', nvr],
      ['expiration_date', `${ends.slice(0, 10)} ${ends.slice(11, 23)}000${run.habits.zone}`],
      ['notes', options.notes ?? 'No explanation given...'],
    ])) as Override;
    const command = await waitCommand(run, client, saved);
    if (options.no_wait === true) {
      run.print(`${overrideBox(saved)}\n${hint(command)}`);
      return 0;
    }
    run.print(`${overrideBox(saved)}\n\n\nRunning ${command.join(' ')}\n`);
    const exit = await runCommand(run, command);
    if (exit !== 0) run.print(`WARNING: ensuring active override failed for ${nvr}`);
    return exit;
  });
}

/** `bodhi overrides query`. */
export async function queryOverrides(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, {
    path: 'overrides query',
    arguments: [],
    options: {
      user: { names: ['--user'], takes: 'value' },
      packages: { names: ['--packages'], takes: 'value' },
      releases: { names: ['--releases'], takes: 'value' },
      builds: { names: ['--builds'], takes: 'value' },
      rows: { names: ['--rows'], takes: 'value' },
      page: { names: ['--page'], takes: 'value' },
      mine: { names: ['--mine'] },
      expired: { names: ['--expired'] },
      active: { names: ['--active'] },
      ...COMMON,
    },
    checks: PAGING,
  });
  return withClient(run, options, async (client) => {
    const own: Readonly<Record<string, unknown>> = options;
    const query: (readonly [string, string])[] = [];
    for (const [key, given] of Object.entries(own)) {
      if (given === undefined || Object.hasOwn(COMMON, key)) continue;
      if (key === 'mine') query.push(['user', await client.nickname()]);
      else if (key === 'expired' || key === 'active')
        query.push(['expired', key === 'expired' ? 'True' : 'False']);
      else query.push([key === 'rows' ? 'rows_per_page' : key, String(given)]);
    }
    const { overrides, total } = (await client.get('overrides/', query)) as {
      readonly overrides: readonly Override[];
      readonly total: number;
    };
    const [only] = overrides;
    if (only !== undefined && overrides.length === 1) {
      run.print(`${overrideBox(only)}\n${hint(await waitCommand(run, client, only))}`);
    } else
      for (const { submitter, nvr, expiration_date } of overrides) {
        run.print(`${submitter.name}'s ${nvr} override (expires ${expiration_date})`);
      }
    run.print(`${total} overrides found (${overrides.length} shown)`);
    return 0;
  });
}
