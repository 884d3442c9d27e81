import { asctime } from '../common/local-time.ts';
import {
  activate,
  type Command,
  type Context,
  connect,
  interruptedWatch,
  parseArgs,
  usageError,
  waits,
} from './context.ts';
import { HubError, kwargs } from './hub.ts';
import { requestLines } from './task-request.ts';
import { stateOf, TASK_STATES, type TaskInfo, taskLabel } from './tasks.ts';
import { watchTasks } from './watch.ts';

const OPEN_STATES = [
  TASK_STATES.indexOf('FREE'),
  TASK_STATES.indexOf('OPEN'),
  TASK_STATES.indexOf('ASSIGNED'),
];

/** `koji watch-task ID…`. */
export const watchTask: Command = async (context) => {
  const { run, hub, profile, globals } = context;
  const { options, args } = parseArgs(context, {
    quiet: { names: ['--quiet'] },
    mine: { names: ['--mine'] },
    user: { names: ['--user'], takes: 'value' },
    arch: { names: ['--arch'], takes: 'value' },
    method: { names: ['--method'], takes: 'value' },
    channel: { names: ['--channel'], takes: 'value' },
    host: { names: ['--host'], takes: 'value' },
  });
  await connect(context);
  const selects =
    options.mine === true ||
    [options.user, options.arch, options.method, options.channel, options.host].some((x) => x !== undefined);
  const tasks = args.map(Number);
  if (tasks.some(Number.isNaN)) throw usageError(context, 'task numbers must be integers');
  if (selects) tasks.push(...(await openTasks(context, options)).map(({ id }) => id));
  else if (tasks.length === 0) throw usageError(context, 'at least one task id must be specified');
  return watchTasks(run, hub, tasks, {
    quiet: options.quiet === true || globals.quiet,
    pollIntervalS: profile.pollIntervalS,
    topurl: profile.topurl,
    interrupted: interruptedWatch(run),
  });
};

/** `koji list-tasks`: children below their parents. */
export const listTasks: Command = async (context) => {
  const { run, globals } = context;
  const { options, args } = parseArgs(context, {
    mine: { names: ['--mine'] },
    user: { names: ['--user'], takes: 'value' },
    arch: { names: ['--arch'], takes: 'value' },
    method: { names: ['--method'], takes: 'value' },
    channel: { names: ['--channel'], takes: 'value' },
    host: { names: ['--host'], takes: 'value' },
    before: { names: ['--before'], takes: 'value' },
    after: { names: ['--after'], takes: 'value' },
    all: { names: ['--all'] },
    quiet: { names: ['--quiet'] },
  });
  if (args.length > 0) throw usageError(context, 'This command takes no arguments');
  if (options.all === true && options.after === undefined)
    throw usageError(context, '--all must be used with --after');
  await activate(context);
  const tasks = await openTasks(context, options);
  if (tasks.length === 0) {
    run.print('(no tasks)');
    return 0;
  }
  if (options.quiet !== true && !globals.quiet) {
    run.print('ID       Pri  Owner                State    Arch       Name');
  }
  const ids = new Set(tasks.map(({ id }) => id));
  const below = (parent: number | null, depth: number): void => {
    for (const task of tasks) {
      const top = task.parent === null || task.parent === undefined || !ids.has(task.parent);
      if (parent === null ? !top : task.parent !== parent) continue;
      run.print(taskRow(task, depth));
      below(task.id, depth + 1);
    }
  };
  below(null, 0);
  return 0;
};

interface Selection {
  readonly mine?: boolean | undefined;
  readonly user?: string | undefined;
  readonly arch?: string | undefined;
  readonly method?: string | undefined;
  readonly channel?: string | undefined;
  readonly host?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly all?: boolean | undefined;
}

async function openTasks(context: Context, selection: Selection): Promise<readonly TaskInfo[]> {
  const { hub } = context;
  const wanted: Record<string, unknown> = { decode: true };
  if (selection.all !== true) wanted['state'] = OPEN_STATES;
  if (selection.after !== undefined) wanted['startedAfter'] = seconds(selection.after);
  if (selection.before !== undefined) wanted['startedBefore'] = seconds(selection.before);
  const identified = async (call: string, name: string | undefined, what: string): Promise<unknown> => {
    const info = (await (name === undefined ? hub.call(call) : hub.call(call, name))) as {
      readonly id: number;
    } | null;
    if (info === null)
      throw usageError(context, name === undefined ? 'Not a user' : `No such ${what}: ${name}`);
    return info.id;
  };
  if (selection.mine === true) wanted['owner'] = await identified('getLoggedInUser', undefined, 'user');
  if (selection.user !== undefined) wanted['owner'] = await identified('getUser', selection.user, 'user');
  if (selection.arch !== undefined) wanted['arch'] = selection.arch.replaceAll(',', ' ').split(' ');
  if (selection.method !== undefined) wanted['method'] = selection.method;
  if (selection.channel !== undefined) {
    wanted['channel_id'] = await identified('getChannel', selection.channel, 'channel');
  }
  if (selection.host !== undefined) wanted['host_id'] = await identified('getHost', selection.host, 'host');
  return (await hub.call('listTasks', wanted, { order: 'priority,create_time' })) as readonly TaskInfo[];
}

function seconds(time: string): number {
  return /^\d+(\.\d+)?$/.test(time) ? Number(time) : Date.parse(time) / 1000;
}

function taskRow(task: TaskInfo, depth: number): string {
  const cells = [
    String(task.id).padEnd(8),
    String(task.priority ?? '').padEnd(4),
    (task.owner_name ?? '').padEnd(20),
    stateOf(task).padEnd(8),
    task.arch.padEnd(10),
  ];
  const indent = depth === 0 ? '' : `${'  '.repeat(depth - 1)} +`;
  return `${cells.join(' ')} ${indent}${taskLabel(task)}`;
}

/** `koji taskinfo ID…`. */
export const taskInfo: Command = async (context) => {
  const { options, args } = parseArgs(context, {
    recurse: { names: ['-r', '--recurse'] },
    verbose: { names: ['-v', '--verbose'] },
  });
  if (args.length === 0) throw usageError(context, 'You must specify at least one task ID');
  await connect(context);
  for (const arg of args) {
    await showTask(
      context,
      Number(arg),
      { recurse: options.recurse === true, verbose: options.verbose === true },
      0,
    );
  }
  return 0;
};

interface Depth {
  readonly recurse: boolean;
  readonly verbose: boolean;
}

async function showTask(context: Context, id: number, how: Depth, level: number): Promise<void> {
  const { run, hub, profile } = context;
  const say = (line: string) => run.print(`${'  '.repeat(level)}${line}`);
  const task = (await hub.call('getTaskInfo', id)) as TaskInfo | null;
  if (task === null) throw new HubError('GenericError', `No such task: ${id}`);
  const host =
    task.host_id === null || task.host_id === undefined
      ? undefined
      : ((await hub.call('getHost', task.host_id)) as { readonly name: string });
  const roots = (await hub.call('listBuildroots', kwargs({ taskID: id }))) as readonly Record<
    string,
    unknown
  >[];
  const builds = (await hub.call('listBuilds', kwargs({ taskID: id }))) as readonly {
    readonly nvr: string;
    readonly build_id: number;
  }[];
  const outputs = (await hub.call('listTaskOutput', id, kwargs({ all_volumes: true }))) as Record<
    string,
    unknown
  >;
  const owner = (await hub.call('getUser', task.owner)) as { readonly name: string };

  say(`Task: ${id}`);
  say(`Type: ${task.method}`);
  if (how.verbose) {
    const request = (await hub.call('getTaskRequest', id)) as readonly unknown[];
    say('Request Parameters:');
    for (const line of await requestLines(context, task.method, request)) say(`  ${line}`);
  }
  say(`Owner: ${owner.name}`);
  say(`State: ${stateOf(task).toLowerCase()}`);
  const times = [
    ['Created', task.create_ts],
    ['Started', task.start_ts],
    ['Finished', task.completion_ts],
  ] as const;
  for (const [what, time] of times) if (time !== null && time !== undefined) say(`${what}: ${asctime(time)}`);
  if (host !== undefined) say(`Host: ${host.name}`);
  for (const build of builds) say(`Build: ${build.nvr} (${build.build_id})`);
  if (roots.length > 0) {
    say('Buildroots:');
    for (const root of roots) say(`  /var/lib/mock/${root['tag_name']}-${root['id']}-${root['repo_id']}/`);
  }
  const path = `${profile.topdir}/work/tasks/${id % 10_000}/${id}`;
  const files = Object.keys(outputs);
  const list = (title: string, names: readonly string[]) => {
    say(`${title}:`);
    for (const name of names) say(`  ${path}/${name}`);
    if (names.length === 0) say('  No outputs reported [1]');
  };
  list(
    'Log Files',
    files.filter((name) => name.endsWith('.log')),
  );
  list(
    'Output',
    files.filter((name) => !name.endsWith('.log')),
  );
  const logs = files.filter((name) => name.endsWith('.log')).length;
  if (logs === 0 || logs === files.length) {
    say('[1] Not all tasks produce outputs, and task outputs are not retained indefinitely.');
  }
  run.print('');
  if (!how.recurse) return;
  const children = (await hub.call('getTaskChildren', id, kwargs({ request: true }))) as readonly TaskInfo[];
  for (const child of [...children].sort((a, b) => a.id - b.id))
    await showTask(context, child.id, how, level + 1);
}

/** `koji resubmit ID`. */
export const resubmit: Command = async (context) => {
  const { run, hub, profile, globals } = context;
  const { options, args } = parseArgs(context, {
    wait: { names: ['--wait'] },
    nowait: { names: ['--nowait'], off: true },
    quiet: { names: ['--quiet'] },
  });
  const id = Number(args[0]);
  if (args.length !== 1 || Number.isNaN(id)) throw usageError(context, 'Please specify a single task ID');
  await activate(context);
  const quiet = options.quiet === true || globals.quiet;
  if (!quiet) {
    run.print('Resubmitting the following task:');
    await showTask(context, id, { recurse: false, verbose: false }, 0);
  }
  const made = Number(await hub.call('resubmitTask', id));
  if (!quiet) run.print(`Resubmitted task ${id} as new task ${made}`);
  if (!waits(options)) return 0;
  await hub.logout();
  return watchTasks(run, hub, [made], {
    quiet,
    pollIntervalS: profile.pollIntervalS,
    topurl: profile.topurl,
    interrupted: interruptedWatch(run),
  });
};
