import { longTime } from '../common/local-time.ts';
import { pythonRepr } from '../common/python.ts';
import { type Command, type Context, connect, parseArgs, usageError } from './context.ts';
import { kwargs } from './hub.ts';
import { BUILD_STATES, type TaskInfo, taskLabel } from './tasks.ts';

interface BuildInfo {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly nvr: string;
  readonly state: number;
  readonly task_id: number | null;
  readonly owner_name: string;
  readonly volume_name: string;
  readonly source: string | null;
  readonly completion_ts: number | null;
  readonly extra: unknown;
  readonly draft?: boolean;
  readonly cg_name?: string | null;
  readonly tag_name: string;
}

interface RpmInfo {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
}

/** `koji buildinfo NVR…`: all are tried, exit 1 if one is unknown. */
export const buildInfo: Command = async (context) => {
  const { run, hub } = context;
  const { args } = parseArgs(context, { changelog: { names: ['--changelog'] } });
  if (args.length === 0) throw usageError(context, 'Please specify a build');
  await connect(context);
  let exit = 0;
  for (const arg of args) {
    const build = (await hub.call('getBuild', /^\d+$/.test(arg) ? Number(arg) : arg)) as BuildInfo | null;
    if (build === null) {
      run.warn(`No such build: ${arg}\n`);
      exit = 1;
      continue;
    }
    await show(context, build, arg);
  }
  return exit;
};

async function show({ run, hub, profile }: Context, build: BuildInfo, asked: string): Promise<void> {
  const task =
    build.task_id === null
      ? undefined
      : ((await hub.call('getTaskInfo', build.task_id, kwargs({ request: true }))) as TaskInfo);
  const tags = (await hub.call('listTags', asked)) as readonly { readonly name: string }[];
  run.print(`BUILD: ${build.nvr} [${build.id}]`);
  if (build.draft === true) run.print('Draft: YES');
  run.print(`State: ${BUILD_STATES[build.state]}`);
  if (BUILD_STATES[build.state] === 'BUILDING') run.print(`Reserved by: ${build.cg_name ?? 'None'}`);
  run.print(`Built by: ${build.owner_name}`);
  if (build.source !== null) run.print(`Source: ${build.source}`);
  run.print(`Volume: ${build.volume_name}`);
  run.print(task === undefined ? 'Task: none' : `Task: ${task.id} ${taskLabel(task)}`);
  if (build.completion_ts !== null) run.print(`Finished: ${longTime(build.completion_ts)}`);
  await hub.call('getMavenBuild', build.id);
  await hub.call('getWinBuild', build.id);
  run.print(`Tags: ${tags.map(({ name }) => name).join(' ')}`);
  if (build.extra !== null && build.extra !== undefined) run.print(`Extra: ${pythonRepr(build.extra)}`);
  for (const type of ['maven', 'win', 'image'])
    await hub.call('listArchives', kwargs({ buildID: build.id, type }));
  await hub.call('listArchives', kwargs({ buildID: build.id }));
  const rpms = (await hub.call('listRPMs', kwargs({ buildID: build.id }))) as readonly RpmInfo[];
  if (rpms.length === 0) return;
  const signatures = (await hub.multiCall(
    rpms.map(({ id }) => ['queryRPMSigs', id] as const),
  )) as readonly (readonly {
    readonly sigkey: string;
  }[])[];
  run.print('RPMs:');
  const folder = `${profile.topdir}/packages/${build.name}/${build.version}/${build.release}`;
  for (const [index, rpm] of rpms.entries()) {
    const keys = (signatures[index] ?? []).map(({ sigkey }) => sigkey).filter((key) => key !== '');
    const path = `${folder}/${rpm.arch}/${rpm.name}-${rpm.version}-${rpm.release}.${rpm.arch}.rpm`;
    run.print(keys.length === 0 ? path : `${path}\tSignatures: ${keys.join(', ')}`);
  }
}

function table({ run, globals }: Context, quiet: boolean, builds: readonly BuildInfo[]): void {
  const row = (build: string, tag: string, owner: string) =>
    `${build.padEnd(40)}  ${tag.padEnd(20)}  ${owner}`;
  if (!quiet && !globals.quiet) {
    run.print(row('Build', 'Tag', 'Built by'));
    run.print(row('-'.repeat(40), '-'.repeat(20), '-'.repeat(16)));
  }
  for (const { nvr, tag_name, owner_name } of builds) run.print(row(nvr, tag_name, owner_name));
}

const byNvr = (a: BuildInfo, b: BuildInfo) => (a.nvr < b.nvr ? -1 : 1);

/** `koji list-tagged TAG [PACKAGE]`. */
export const listTagged: Command = async (context) => {
  const { hub } = context;
  const { options, args } = parseArgs(context, {
    latest: { names: ['--latest'] },
    inherit: { names: ['--inherit'] },
    quiet: { names: ['--quiet'] },
  });
  const [tag, pkg, ...more] = args;
  if (tag === undefined) throw usageError(context, 'A tag name must be specified');
  if (more.length > 0) throw usageError(context, 'Only one package name may be specified');
  await connect(context);
  if ((await hub.call('getTag', tag, kwargs({ event: null }))) === null) {
    throw usageError(context, `No such tag: ${tag}`);
  }
  const named = { latest: options.latest ?? null, inherit: options.inherit ?? null };
  const builds = (await hub.call(
    'listTagged',
    tag,
    kwargs(pkg === undefined ? named : { ...named, package: pkg }),
  )) as readonly BuildInfo[];
  table(context, options.quiet === true, [...builds].sort(byNvr));
  return 0;
};

/** `koji latest-build TAG PACKAGE…`. */
export const latestBuild: Command = async (context) => {
  const { hub } = context;
  const { options, args } = parseArgs(context, {
    all: { names: ['--all'] },
    quiet: { names: ['--quiet'] },
  });
  const [tag, ...packages] = args;
  if (tag === undefined) throw usageError(context, 'A tag name must be specified');
  await connect(context);
  if (packages.length === 0 && options.all !== true) {
    throw usageError(context, 'A tag name and package name must be specified');
  }
  const found: BuildInfo[] = [];
  if (options.all === true) found.push(...((await hub.call('getLatestBuilds', tag)) as readonly BuildInfo[]));
  else {
    for (const pkg of packages) {
      found.push(
        ...((await hub.call('getLatestBuilds', tag, kwargs({ package: pkg }))) as readonly BuildInfo[]),
      );
    }
  }
  table(context, options.quiet === true, found.sort(byNvr));
  return 0;
};

interface TagInfo {
  readonly id: number;
  readonly name: string;
  readonly locked: boolean;
  readonly perm: string | null;
}

/** `koji list-tags`: names, one per line. */
export const listTags: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    show_id: { names: ['--show-id'] },
    verbose: { names: ['--verbose'] },
    unlocked: { names: ['--unlocked'] },
    build: { names: ['--build'], takes: 'value' },
    package: { names: ['--package'], takes: 'value' },
  });
  await connect(context);
  let pkg: number | null = null;
  if (options.package !== undefined) {
    const info = (await hub.call('getPackage', options.package)) as { readonly id: number } | null;
    if (info === null) throw usageError(context, `No such package: ${options.package}`);
    pkg = info.id;
  }
  let build: number | null = null;
  if (options.build !== undefined) {
    const info = (await hub.call('getBuild', options.build)) as BuildInfo | null;
    if (info === null) throw usageError(context, `No such build: ${options.build}`);
    build = info.id;
  }
  const tags: TagInfo[] = [];
  const of = { build, package: pkg };
  if (args.length === 0) tags.push(...((await hub.call('listTags', kwargs(of))) as readonly TagInfo[]));
  for (const pattern of args) {
    tags.push(...((await hub.call('listTags', kwargs({ ...of, pattern }))) as readonly TagInfo[]));
  }
  tags.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { id, name, locked, perm } of tags) {
    if (options.unlocked === true && (locked || perm !== null)) continue;
    const shown = options.show_id === true ? `${name} [${id}]` : name;
    if (options.verbose !== true) run.print(shown);
    else run.print(`${shown}${locked ? ' [LOCKED]' : ''}${perm === null ? '' : ` [${perm} perm required]`}`);
  }
  return 0;
};

/** `koji list-builds`. */
export const listBuilds: Command = async (context) => {
  const { run, hub, globals } = context;
  const { options, args } = parseArgs(context, {
    package: { names: ['--package'], takes: 'value' },
    owner: { names: ['--owner'], takes: 'value' },
    state: { names: ['--state'], takes: 'value' },
    prefix: { names: ['--prefix'], takes: 'value' },
    quiet: { names: ['--quiet'] },
  });
  if (args.length > 0) throw usageError(context, 'This command takes no arguments');
  await connect(context);
  const wanted: Record<string, unknown> = {};
  const identified = async (call: string, name: string, what: string): Promise<unknown> => {
    const found = (await hub.call(call, name)) as number | { readonly id: number } | null;
    if (found === null) throw usageError(context, `Invalid ${what}: ${name}`);
    return typeof found === 'number' ? found : found.id;
  };
  if (options.package !== undefined) {
    wanted['packageID'] = await identified('getPackageID', options.package, 'package');
  }
  if (options.owner !== undefined) wanted['userID'] = await identified('getUser', options.owner, 'owner');
  if (options.prefix !== undefined) wanted['prefix'] = options.prefix;
  if (options.state !== undefined) {
    const state = (BUILD_STATES as readonly string[]).indexOf(options.state.toUpperCase());
    if (state < 0 && !/^\d$/.test(options.state)) throw usageError(context, 'Invalid state');
    wanted['state'] = state < 0 ? Number(options.state) : state;
  }
  const builds = (await hub.call('listBuilds', kwargs(wanted))) as readonly (BuildInfo & {
    readonly build_id: number;
  })[];
  const row = (build: string, owner: string, state: string) =>
    `${build.padEnd(55)}  ${owner.padEnd(16)}  ${state}`;
  if (options.quiet !== true && !globals.quiet) {
    run.print(row('Build', 'Built by', 'State'));
    run.print(row('-'.repeat(55), '-'.repeat(16), '-'.repeat(16)));
  }
  for (const build of [...builds].sort((a, b) => a.build_id - b.build_id)) {
    run.print(row(build.nvr, build.owner_name, BUILD_STATES[build.state] ?? ''));
  }
  return 0;
};

interface TargetInfo {
  readonly name: string;
  readonly build_tag_name: string;
  readonly dest_tag_name: string;
}

/** `koji list-targets`. */
export const listTargets: Command = async (context) => {
  const { run, hub, globals } = context;
  const { options, args } = parseArgs(context, {
    name: { names: ['--name'], takes: 'value' },
    quiet: { names: ['--quiet'] },
  });
  if (args.length > 0) throw usageError(context, 'This command takes no arguments');
  await connect(context);
  const targets = (await hub.call('getBuildTargets', options.name ?? null)) as readonly TargetInfo[];
  const row = (...cells: readonly string[]) => cells.map((cell) => cell.padEnd(30)).join(' ');
  if (options.quiet !== true && !globals.quiet) {
    run.print(row('Name', 'Buildroot', 'Destination'));
    run.print('-'.repeat(93));
  }
  for (const target of [...targets].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    run.print(row(target.name, target.build_tag_name, target.dest_tag_name));
  }
  return 0;
};
