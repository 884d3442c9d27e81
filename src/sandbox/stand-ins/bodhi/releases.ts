import { type Release, releaseBox } from './boxes.ts';
import { COMMON, PAGING, parseClick } from './click.ts';
import { withClient } from './connect.ts';
import { Crash } from './errors.ts';
import type { BodhiRun } from './version.ts';

const NAME = [{ name: 'NAME' }] as const;

/** `bodhi releases info NAME`. */
export async function releaseInfo(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'releases info',
    arguments: NAME,
    options: COMMON,
  });
  return withClient(run, options, async (client) => {
    run.print(releaseBox((await client.get(`releases/${args[0]}`)) as Release));
    return 0;
  });
}

/** `bodhi releases list`: by state, archived ones on demand. */
export async function listReleases(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, {
    path: 'releases list',
    arguments: [],
    options: {
      archived: { names: ['--display-archived'] },
      rows: { names: ['--rows'], takes: 'value' },
      page: { names: ['--page'], takes: 'value' },
      ...COMMON,
    },
    checks: PAGING,
  });
  return withClient(run, options, async (client) => {
    const { releases } = (await client.get('releases/', [
      ...(options.rows === undefined ? [] : [['rows_per_page', options.rows] as const]),
      ...(options.page === undefined ? [] : [['page', options.page] as const]),
      ...(options.archived === true ? [] : [['exclude_archived', 'True'] as const]),
    ])) as { readonly releases: readonly Release[] };
    for (const state of ['pending', 'frozen', 'archived', 'current']) {
      const found = releases.filter((release) => release.state === state);
      if (found.length === 0) continue;
      // Only the first of its blocks has no empty line before it.
      run.print(`${state === 'pending' ? '' : '\n'}${state}:`);
      for (const { name } of found) run.print(`  Name:                ${name}`);
    }
    return 0;
  });
}

/** `bodhi releases requirements NAME`: a server without these keys is too old for it. */
export async function releaseRequirements(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'releases requirements',
    arguments: NAME,
    options: COMMON,
  });
  return withClient(run, options, async (client) => {
    const release = (await client.get(`releases/${args[0]}`)) as Release;
    run.print(`Release ${release.name} state is currently "${release.state}"\n`);
    for (const [kind, prefix] of [
      ['critical path', 'critpath_'],
      ['non-critical path', ''],
    ]) {
      const [days, karma] = [`${prefix}mandatory_days_in_testing`, `${prefix}min_karma`].map((key) => {
        if (!Object.hasOwn(release, key)) throw new Crash(`KeyError: '${key}'`);
        return release[key];
      });
      run.print(
        `  - Requirements for ${kind} updates are:\n    ${days} days in testing OR +${karma} karma\n`,
      );
    }
    return 0;
  });
}

interface Compose {
  readonly release: { readonly name: string };
  readonly request: string;
  readonly state: string;
  readonly security: boolean;
  readonly update_summary: readonly unknown[];
}

/** `bodhi composes list`: a line each, a star where it holds security updates. */
export async function listComposes(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, { path: 'composes list', arguments: [], options: COMMON });
  return withClient(run, options, async (client) => {
    const { composes } = (await client.get('composes/')) as { readonly composes: readonly Compose[] };
    for (const { release, request, state, security, update_summary } of composes) {
      const name = `${release.name}-${request}`.padEnd(15);
      run.print(
        `${security ? '*' : ' '}${name}: ${String(update_summary.length).padStart(3)} updates (${state}) `,
      );
    }
    return 0;
  });
}
