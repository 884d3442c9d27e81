import { activate, type Command, interruptedWatch, parseArgs, usageError, waits } from './context.ts';
import { HubError, kwargs } from './hub.ts';
import { watchTasks } from './watch.ts';

/** `koji tag-build TAG NVR…`: a task for each build. */
export const tagBuild: Command = async (context) => {
  const { run, hub, profile } = context;
  const { options, args } = parseArgs(context, {
    force: { names: ['--force'] },
    wait: { names: ['--wait'] },
    nowait: { names: ['--nowait'], off: true },
  });
  const [tag, ...builds] = args;
  if (tag === undefined || builds.length === 0) {
    throw usageError(
      context,
      "This command takes at least two arguments: a tag name/ID and one or more package n-v-r's",
    );
  }
  await activate(context);
  const tasks: number[] = [];
  for (const nvr of builds) {
    const id = Number(await hub.call('tagBuild', tag, nvr, kwargs({ force: options.force ?? null })));
    tasks.push(id);
    run.print(`Created task ${id}`);
  }
  if (!waits(options)) return 0;
  await hub.logout();
  return watchTasks(run, hub, tasks, {
    pollIntervalS: profile.pollIntervalS,
    topurl: profile.topurl,
    interrupted: interruptedWatch(run),
  });
};

interface TaggedBuild {
  readonly nvr: string;
  readonly name: string;
}

/** `koji untag-build TAG NVR…`: done at once, silent on success. */
export const untagBuild: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    all: { names: ['--all'] },
    non_latest: { names: ['--non-latest'] },
    test: { names: ['-n', '--test'] },
    verbose: { names: ['-v', '--verbose'] },
    force: { names: ['--force'] },
  });
  const [tagName, ...names] = args;
  if (tagName === undefined || (names.length === 0 && options.non_latest !== true && options.all !== true)) {
    throw usageError(
      context,
      "This command takes at least two arguments: a tag name/ID and one or more package n-v-r's or package names",
    );
  }
  await activate(context);
  const tag = (await hub.call('getTag', tagName)) as { readonly id: number; readonly name: string } | null;
  if (tag === null) throw usageError(context, `No such tag: ${tagName}`);
  const tagged = (await hub.call('listTagged', tag.name)) as readonly TaggedBuild[];
  let bad = 0;
  const chosen = names.flatMap((name) => {
    const found = tagged.filter((build) => (options.all === true ? build.name === name : build.nvr === name));
    if (found.length > 0) return found;
    run.warn(options.all === true ? `No such package: ${name}` : `Build ${name} not in tag ${tag.name}`);
    bad = 1;
    return [];
  });
  if (bad > 0 && options.force !== true) return 1;
  for (const build of chosen) {
    if (options.verbose === true) run.print(`untagging ${build.nvr}`);
    if (options.test === true) continue;
    await hub.call('untagBuild', tag.name, build.nvr, kwargs({ force: options.force ?? null }));
  }
  return bad;
};

/** `koji cancel TASK|NVR…`: silent on success, also for what has ended already. */
export const cancel: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    justone: { names: ['--justone'] },
    full: { names: ['--full'] },
    force: { names: ['--force'] },
  });
  if (args.length === 0) throw usageError(context, 'You must specify at least one task id or build');
  await activate(context);
  const calls = args.map((arg): readonly [string, ...unknown[]] => {
    if (!/^\d+$/.test(arg)) return ['cancelBuild', arg, kwargs({ strict: true })];
    const id = Number(arg);
    if (options.full === true) return ['cancelTaskFull', id, kwargs({ strict: options.force !== true })];
    return options.justone === true ? ['cancelTask', id, kwargs({ recurse: false })] : ['cancelTask', id];
  });
  const faults = (await hub.multiCall(calls)).filter((result) => result instanceof HubError);
  for (const fault of faults) run.warn(fault.message);
  return faults.length > 0 ? 1 : 0;
};
