import type { Run } from '../common/stand-in.ts';
import { type Release, releaseBox } from './boxes.ts';
import { COMMON, parseClick } from './click.ts';
import type { BodhiClient } from './client.ts';
import { withClient } from './connect.ts';
import { Crash } from './errors.ts';

const NAME = [{ name: 'NAME' }] as const;

/** `bodhi releases info NAME`. */
export async function releaseInfo(run: Run, argv: readonly string[]): Promise<number> {
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
export async function listReleases(run: Run, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, {
    path: 'releases list',
    arguments: [],
    options: {
      archived: { names: ['--display-archived'] },
      rows: { names: ['--rows'], takes: 'value' },
      page: { names: ['--page'], takes: 'value' },
      ...COMMON,
    },
    checks: { rows: { integer: true }, page: { integer: true } },
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
export async function releaseRequirements(run: Run, argv: readonly string[]): Promise<number> {
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

interface Override {
  readonly nvr: string;
  readonly submitter: { readonly name: string };
  readonly expiration_date: string;
  readonly expired_date: string | null;
  readonly notes: string;
  readonly build: { readonly release_id: number };
}

async function overrideBox(client: BodhiClient, override: Override): Promise<string> {
  const rule = '='.repeat(60);
  const { releases } = (await client.get('releases/', [['ids', String(override.build.release_id)]])) as {
    readonly releases: readonly Release[];
  };
  return `${rule}
     ${override.nvr}
${rule}
  Submitter: ${override.submitter.name}
  Expiration Date: ${override.expiration_date}
  Notes: ${override.notes}
  Expired: ${override.expired_date === null ? 'False' : 'True'}


Use the following to ensure the override is active:

\t$ koji wait-repo ${releases[0]?.['dist_tag']}-build --build=${override.nvr} --request
`;
}

/** `bodhi overrides query`. */
export async function queryOverrides(run: Run, argv: readonly string[]): Promise<number> {
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
    checks: { rows: { integer: true }, page: { integer: true } },
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
    if (only !== undefined && overrides.length === 1) run.print(await overrideBox(client, only));
    else
      for (const { submitter, nvr, expiration_date } of overrides) {
        run.print(`${submitter.name}'s ${nvr} override (expires ${expiration_date})`);
      }
    run.print(`${total} overrides found (${overrides.length} shown)`);
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
export async function listComposes(run: Run, argv: readonly string[]): Promise<number> {
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
