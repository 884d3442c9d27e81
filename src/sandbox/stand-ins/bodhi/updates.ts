import { COMMON, PAGING, parseClick } from './click.ts';
import type { BodhiClient, Fields } from './client.ts';
import { withClient } from './connect.ts';
import { Refused } from './errors.ts';
import { printReply, type Reply } from './print.ts';
import type { BodhiRun } from './version.ts';

const value = (name: string) => ({ names: [name], takes: 'value' }) as const;

/** `bodhi updates query`: anonymous but for `--mine`. */
export async function queryUpdates(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options } = await parseClick(run, argv, {
    path: 'updates query',
    arguments: [],
    options: {
      updateid: value('--updateid'),
      alias: value('--alias'),
      approved_since: value('--approved-since'),
      approved_before: value('--approved-before'),
      modified_since: value('--modified-since'),
      modified_before: value('--modified-before'),
      builds: value('--builds'),
      bugs: value('--bugs'),
      content_type: value('--content-type'),
      packages: value('--packages'),
      gating: value('--gating'),
      pushed_since: value('--pushed-since'),
      pushed_before: value('--pushed-before'),
      releases: value('--releases'),
      request: value('--request'),
      severity: value('--severity'),
      submitted_since: value('--submitted-since'),
      submitted_before: value('--submitted-before'),
      status: value('--status'),
      suggest: value('--suggest'),
      type: value('--type'),
      user: value('--user'),
      rows: value('--rows'),
      page: value('--page'),
      mine: { names: ['--mine'] },
      critpath: { names: ['--critpath'] },
      pushed: { names: ['--pushed'] },
      locked: value('--locked'),
      from_side_tag: { names: ['--from-side-tag'] },
      not_from_side_tag: { names: ['--not-from-side-tag'] },
      ...COMMON,
    },
    checks: {
      content_type: { choices: ['rpm', 'module'] },
      gating: {
        choices: ['passed', 'failed', 'ignored', 'waiting', 'running', 'queued', 'greenwave_failed'],
      },
      request: { choices: ['testing', 'stable', 'unpush'] },
      severity: { choices: ['unspecified', 'urgent', 'high', 'medium', 'low'] },
      status: { choices: ['pending', 'testing', 'stable', 'obsolete', 'unpushed'] },
      suggest: { choices: ['unspecified', 'reboot', 'logout'] },
      type: { choices: ['newpackage', 'security', 'bugfix', 'enhancement', 'unspecified'] },
      ...PAGING,
    },
  });
  return withClient(run, options, async (client) => {
    const own: Readonly<Record<string, unknown>> = options;
    const query: (readonly [string, string])[] = [];
    for (const [key, given] of Object.entries(own)) {
      if (given === undefined || Object.hasOwn(COMMON, key)) continue;
      if (key === 'mine') query.push(['user', await client.nickname()]);
      else if (key === 'from_side_tag' || key === 'not_from_side_tag') {
        query.push(['from_side_tag', key === 'from_side_tag' ? 'True' : 'False']);
      } else query.push([key === 'rows' ? 'rows_per_page' : key, given === true ? 'True' : String(given)]);
    }
    query.push(['staging', options.staging === true ? 'True' : 'False']);
    await printReply(run, client, (await client.get('updates/', query)) as Reply);
    return 0;
  });
}

/** `bodhi updates request UPDATE STATE`: the server alone knows the states. */
export async function requestUpdate(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'updates request',
    arguments: [{ name: 'UPDATE' }, { name: 'STATE' }],
    options: COMMON,
  });
  const [alias = '', state = ''] = args;
  return act(run, options, `updates/${alias}/request`, [
    ['update', alias],
    ['request', state],
  ]);
}

/** `bodhi updates comment UPDATE TEXT`. */
export async function commentUpdate(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'updates comment',
    arguments: [{ name: 'UPDATE' }, { name: 'TEXT' }],
    options: { karma: value('--karma'), ...COMMON },
    checks: { karma: { choices: ['-1', '0', '+1', '1'] } },
  });
  const [alias = '', text = ''] = args;
  return act(run, options, 'comments/', [
    ['update', alias],
    ['text', text],
    ['karma', String(Number(options.karma ?? 0))],
  ]);
}

/** `bodhi updates trigger-tests UPDATE`. */
export async function triggerTests(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'updates trigger-tests',
    arguments: [{ name: 'UPDATE' }],
    options: COMMON,
  });
  const [alias = ''] = args;
  return act(run, options, `updates/${alias}/trigger-tests`, [['update', alias]]);
}

/** `bodhi updates waive UPDATE [COMMENT]`: without `--test` the server waives everything. */
export async function waiveUpdate(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args } = await parseClick(run, argv, {
    path: 'updates waive',
    arguments: [{ name: 'UPDATE' }, { name: 'COMMENT', optional: true }],
    options: { show: { names: ['--show'] }, tests: { names: ['--test'], takes: 'list' }, ...COMMON },
  });
  const [alias = '', comment] = args;
  const { tests } = options;
  return withClient(run, options, async (client) => {
    if (options.show === true && tests.length > 0) {
      run.warn(
        'ERROR: You can not list the unsatisfied requirements and waive them at the same time, please use either --show or --test=... but not both.',
      );
      return 1;
    }
    if (options.show === true) return showRequirements(run, client, alias);
    if (comment === undefined) {
      run.warn('ERROR: A comment is mandatory when waiving unsatisfied requirements');
      return 1;
    }
    const all = tests.includes('all');
    run.print(
      all ? 'Waiving all unsatisfied requirements' : `Waiving unsatisfied requirements: ${tests.join(', ')}`,
    );
    const reply = await client.post(`updates/${alias}/waive-test-results`, [
      ['update', alias],
      ...(all ? [] : tests.map((test) => ['tests', test] as const)),
      ['comment', comment],
    ]);
    await printReply(run, client, reply as Reply);
    return 0;
  });
}

/** The real one looks for a key that no server sends, and so never shows anything. */
async function showRequirements(run: BodhiRun, client: BodhiClient, alias: string): Promise<number> {
  await client.get(`updates/${alias}/get-test-results`).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
  });
  run.warn('Could not retrieve the unsatisfied requirements from bodhi.');
  return 0;
}

function act(
  run: BodhiRun,
  where: Parameters<typeof withClient>[1],
  path: string,
  fields: Fields,
): Promise<number> {
  return withClient(run, where, async (client) => {
    await printReply(run, client, (await client.post(path, fields)) as Reply);
    return 0;
  });
}
