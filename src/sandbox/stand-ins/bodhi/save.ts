import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Exit } from '../common/stand-in.ts';
import type { Update } from './boxes.ts';
import { COMMON, parseClick } from './click.ts';
import type { BodhiClient, Fields } from './client.ts';
import { withClient } from './connect.ts';
import { Crash, Refused } from './errors.ts';
import { printReply, type Reply } from './print.ts';
import type { BodhiRun } from './version.ts';

/** In the order in which the real command declares them: fields that were not given are sent in this order. */
const OPTIONS = {
  type: { names: ['--type'], takes: 'value' },
  severity: { names: ['--severity'], takes: 'value' },
  notes: { names: ['--notes'], takes: 'value' },
  notes_file: { names: ['--notes-file'], takes: 'value' },
  bugs: { names: ['--bugs'], takes: 'value' },
  close_bugs: { names: ['--close-bugs'] },
  no_close_bugs: { names: ['--no-close-bugs'], off: true },
  request: { names: ['--request'], takes: 'value' },
  autotime: { names: ['--autotime'] },
  no_autotime: { names: ['--no-autotime'], off: true },
  stable_days: { names: ['--stable-days'], takes: 'value' },
  autokarma: { names: ['--autokarma'] },
  no_autokarma: { names: ['--no-autokarma'], off: true },
  stable_karma: { names: ['--stable-karma'], takes: 'value' },
  unstable_karma: { names: ['--unstable-karma'], takes: 'value' },
  requirements: { names: ['--requirements'], takes: 'value' },
  suggest: { names: ['--suggest'], takes: 'value' },
  display_name: { names: ['--display-name'], takes: 'value' },
} as const;

const CHECKS = {
  severity: { choices: ['unspecified', 'low', 'medium', 'high', 'urgent'] },
  request: { choices: ['testing', 'stable', 'unpush'] },
  suggest: { choices: ['unspecified', 'reboot', 'logout'] },
  stable_days: { integer: true },
  stable_karma: { integer: true },
  unstable_karma: { integer: true },
} as const;

const FIELDS = [
  'type',
  'severity',
  'notes',
  'bugs',
  'close_bugs',
  'request',
  'autotime',
  'stable_days',
  'autokarma',
  'stable_karma',
  'unstable_karma',
  'requirements',
  'suggest',
  'display_name',
] as const;
type Field = (typeof FIELDS)[number];
type Given = Readonly<Record<string, unknown>>;

/** `severity` is looked at first, then what was given in its order, then the rest as declared. */
function inOrder(given: Given, extra: readonly string[] = []): readonly string[] {
  const known = [...FIELDS, ...extra];
  const spoken = Object.keys(given)
    .filter((key) => given[key] !== undefined)
    .map((key) => key.replace(/^no_/, '').replace('notes_file', 'notes'))
    .filter((key) => known.includes(key));
  return [...new Set([...(spoken.includes('severity') ? ['severity'] : []), ...spoken, ...known])];
}

function flag(given: Given, key: string): boolean | undefined {
  if (given[key] === true) return true;
  return given[`no_${key}`] === true ? false : undefined;
}

/** Notes given in words or by a file; both at once end the command. */
function notesOf(run: BodhiRun, given: Given): string | undefined {
  const { notes, notes_file: file } = given as { readonly notes?: string; readonly notes_file?: string };
  if (notes !== undefined && file !== undefined) {
    run.warn('ERROR: Cannot specify --notes and --notes-file');
    throw new Exit(1);
  }
  return file === undefined ? notes : readFileSync(resolve(run.cwd, file), 'utf8');
}

function pythonText(value: unknown): string {
  return value === true ? 'True' : value === false ? 'False' : String(value);
}

/** Exit 0 whatever the server says: only what is printed tells. */
async function save(run: BodhiRun, client: BodhiClient, fields: Fields): Promise<number> {
  try {
    await printReply(run, client, (await client.post('updates/', fields)) as Reply);
  } catch (error) {
    if (error instanceof Refused) run.warn(error.message);
    else if (error instanceof Crash) run.warn(`${error.traceback}\n`);
    else throw error;
  }
  return 0;
}

/** `bodhi updates new BUILDS_OR_TAG`. */
export async function newUpdate(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args, fail } = await parseClick(run, argv, {
    path: 'updates new',
    arguments: [{ name: 'BUILDS_OR_TAG' }],
    options: {
      ...OPTIONS,
      from_tag: { names: ['--from-tag'] },
      file: { names: ['--file'], takes: 'value' },
      ...COMMON,
    },
    checks: { ...CHECKS, type: { choices: run.habits.types } },
  });
  const [subject = ''] = args;
  return withClient(run, options, async (client) => {
    const notes = notesOf(run, options);
    if (notes === undefined) {
      run.warn('ERROR: must specify at least one of --file, --notes, or --notes-file');
      throw new Exit(1);
    }
    if (
      options.type === 'security' &&
      (options.severity === undefined || options.severity === 'unspecified')
    ) {
      throw fail('Invalid value for severity: must specify severity for a security update');
    }
    if (options.from_tag === true && subject.split(' ').length > 1) {
      run.warn("ERROR: Can't specify more than one tag.");
      throw new Exit(1);
    }
    const values: Record<string, unknown> = {
      ...options,
      type: options.type ?? 'bugfix',
      notes,
      bugs: options.bugs ?? '',
      close_bugs: flag(options, 'close_bugs') ?? false,
      autotime: flag(options, 'autotime') ?? false,
      autokarma: flag(options, 'autokarma') ?? false,
      from_tag: options.from_tag === true ? subject : undefined,
    };
    const fields = inOrder(options, ['from_tag'])
      .filter((key) => values[key] !== undefined)
      .map((key): readonly [string, string] => [key, pythonText(values[key])]);
    return save(run, client, [
      ...fields,
      ['staging', pythonText(options.staging === true)],
      ...(options.from_tag === true ? [] : [['builds', subject] as const]),
    ]);
  });
}

/** `bodhi updates edit UPDATE`: everything that is not given is copied from what the update says now. */
export async function editUpdate(run: BodhiRun, argv: readonly string[]): Promise<number> {
  const { options, args, fail } = await parseClick(run, argv, {
    path: 'updates edit',
    arguments: [{ name: 'UPDATE' }],
    options: {
      ...OPTIONS,
      addbuilds: { names: ['--addbuilds'], takes: 'value' },
      removebuilds: { names: ['--removebuilds'], takes: 'value' },
      ...COMMON,
    },
    checks: { ...CHECKS, type: { choices: run.habits.types } },
  });
  const [alias = ''] = args;
  if (!run.habits.updateId.test(alias)) throw fail("Invalid value for 'UPDATE': Please provide an Update ID");
  return withClient(run, options, async (client) => {
    const { updates } = (await client.get('updates/', [['updateid', alias]])) as {
      readonly updates: readonly Update[];
    };
    const old = updates[0];
    if (old === undefined) throw new Crash('IndexError: list index out of range');
    const changesBuilds = options.addbuilds !== undefined || options.removebuilds !== undefined;
    const sideTag = typeof old.from_tag === 'string' && old.from_tag !== '';
    if (sideTag && changesBuilds) {
      run.warn('ERROR: The --addbuilds and --removebuilds options cannot be used with a side-tag update.');
      throw new Exit(1);
    }
    const given: Readonly<Record<Field, unknown>> = {
      ...options,
      notes: notesOf(run, options),
      close_bugs: flag(options, 'close_bugs'),
      autotime: flag(options, 'autotime'),
      autokarma: flag(options, 'autokarma'),
    };
    const former = (key: string): unknown =>
      key === 'bugs' ? old.bugs.map(({ bug_id }) => bug_id).join(',') : old[key];
    const order = ['severity', ...inOrder(options).filter((key) => key !== 'severity')] as readonly Field[];
    const fields = order
      .map((key): readonly [string, unknown] => [key, given[key] ?? former(key)])
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]): readonly [string, string] => [key, pythonText(value)]);
    const list = (text: string | undefined) => (text ?? '').split(',').filter((nvr) => nvr !== '');
    const removed = list(options.removebuilds);
    const builds = [...old.builds.map(({ nvr }) => nvr), ...list(options.addbuilds)].filter(
      (nvr) => !removed.includes(nvr),
    );
    return save(run, client, [
      ...fields,
      ['staging', pythonText(options.staging === true)],
      ...(sideTag
        ? [['from_tag', old.from_tag ?? ''] as const]
        : builds.map((nvr) => ['builds', nvr] as const)),
      ['edited', alias],
    ]);
  });
}
