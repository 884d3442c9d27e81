import { FAULT, generic, KojiFault } from './faults.ts';
import { findTarget, type Hub, type Target, type Task } from './hub.ts';
import { isScmUrl } from './scm.ts';
import { newTask } from './tasks.ts';
import { isList, isStruct, isTrue, plainText, type Struct, type Value } from './value.ts';
import { collect } from './worker.ts';

/** `chainbuild`: groups of builds one after the other, each with the repo that holds the group before it. */
export async function runChainBuild(hub: Hub, task: Task): Promise<Value> {
  const [groups, targetName, given] = task.request;
  const opts: Struct = isStruct(given) ? given : {};
  if (isTrue(opts['scratch'])) {
    throw new KojiFault(FAULT.build, '--scratch is not allowed with chain-builds');
  }
  const target = findTarget(hub, targetName ?? null);
  if (target === undefined) throw generic(`unknown build target: ${plainText(targetName ?? null)}`);
  const levels = isList(groups) ? groups : [];
  for (const [index, level] of levels.entries()) {
    const sources = (isList(level) ? level : [level]).map(plainText);
    const built = await buildLevel(hub, task, { target, sources, opts });
    // What is only named is waited for like what was built.
    const named = sources.filter((source) => !isScmUrl(source));
    if (index < levels.length - 1) await waitForRepo(hub, task, target, [...built, ...named]);
  }
  return null;
}

interface Level {
  readonly target: Target;
  readonly sources: readonly string[];
  readonly opts: Struct;
}

async function buildLevel(
  hub: Hub,
  task: Task,
  { target, sources, opts }: Level,
): Promise<readonly string[]> {
  const children = sources
    .filter((source) => isScmUrl(source))
    .map((source) =>
      newTask(hub, {
        method: 'build',
        request: [source, target.name, opts],
        owner: task.owner,
        parent: task,
      }),
    );
  if (children.length === 0) return [];
  for (const child of children) hub.start(child);
  await collect(hub, task, children, true);
  return hub.builds.filter((build) => children.some((child) => child === build.task)).map(({ nvr }) => nvr);
}

async function waitForRepo(
  hub: Hub,
  task: Task,
  { build_tag }: Target,
  nvrs: readonly string[],
): Promise<void> {
  const waiter = newTask(hub, {
    method: 'waitrepo',
    request: [build_tag.name, null, nvrs],
    owner: task.owner,
    parent: task,
  });
  hub.start(waiter);
  await collect(hub, task, [waiter]);
}
