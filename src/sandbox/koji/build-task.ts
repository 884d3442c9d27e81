import { byId, nextId } from '../kit/rows.ts';
import { othersPackage } from '../kit/world.ts';
import { keepChangelog } from './changelog.ts';
import { FAULT, generic, KojiFault, notAllowed } from './faults.ts';
import { canonicalArch } from './furnish.ts';
import {
  BUILD,
  BUILD_NAMES,
  type Build,
  findTag,
  findTarget,
  type Hub,
  hasPerm,
  newEvent,
  packageEntry,
  packageId,
  REPO,
  type Repo,
  type SourcePackage,
  TASK,
  type Target,
  type Task,
} from './hub.ts';
import { failedSectionLog, goodBuildLog, mockResult, taskPath, writeFile, writeMockLogs } from './logs.ts';
import { publishBuildState } from './messages.ts';
import { buildsByNvr } from './rows.ts';
import { importRpm, packed } from './rpms.ts';
import { DELAYS, type Ruling } from './rules.ts';
import { isScmUrl } from './scm.ts';
import { msOf } from './stamps.ts';
import { addTagging, lastChange, removeTagging } from './tagging.ts';
import { cancelTask, endBuild, findTask, newTask } from './tasks.ts';
import { isList, isStruct, isTrue, plainText, repr, type Struct, type Value } from './value.ts';
import { collect, obey, spend } from './worker.ts';

/** `build`: the parent. It makes the children one after the other and, for a real build, the build entry. */
export async function runBuild(hub: Hub, task: Task): Promise<Value> {
  const [source, targetName, given] = task.request;
  const opts: Struct = isStruct(given) ? given : {};
  const scratch = isTrue(opts['scratch']);
  const target = findTarget(hub, targetName ?? null);
  if (target === undefined) throw generic(`unknown build target: ${plainText(targetName ?? null)}`);
  const fromScm = isScmUrl(String(source));
  if (!fromScm && !scratch && !hasPerm(task.owner, 'admin')) {
    throw notAllowed('policy violation (build_from_srpm)');
  }
  const repo = await repoFor(hub, task, target, opts);

  const child = newTask(hub, {
    method: fromScm ? 'buildSRPMFromSCM' : 'rebuildSRPM',
    request: [source ?? null, target.build_tag.id, { repo_id: repo.id, scratch: opts['scratch'] ?? null }],
    owner: task.owner,
    label: 'srpm',
    parent: task,
  });
  hub.start(child);
  await collect(hub, task, [child]);
  const srpm = isStruct(child.result) ? String(child.result['srpm']) : '';
  const made = hub.sourcePackages.get(srpm);
  if (made === undefined) throw generic(`no source package ${srpm}`);

  const order: Order = { task, target, repo, srpm, made, opts };
  if (scratch) {
    await buildArches(hub, order);
    return null;
  }
  await realBuild(hub, order, String(source));
  return null;
}

interface Order {
  readonly task: Task;
  readonly target: Target;
  readonly repo: Repo;
  readonly srpm: string;
  readonly made: SourcePackage;
  readonly opts: Struct;
}

async function repoFor(hub: Hub, task: Task, { build_tag }: Target, opts: Struct): Promise<Repo> {
  const ready = () => hub.repos.findLast((repo) => repo.tag === build_tag && repo.state === REPO.ready);
  const wanted = opts['repo_id'];
  if (typeof wanted === 'number') {
    const repo = byId(hub.repos, wanted);
    if (repo === undefined) throw generic(`No such repo: ${wanted}`);
    if (repo.state > REPO.expired) {
      throw new KojiFault(FAULT.buildroot, `Requested repo (${wanted}) is DELETED`);
    }
    return repo;
  }
  const waitBuilds = isList(opts['wait_builds']) ? opts['wait_builds'] : [];
  const current = ready();
  if (current !== undefined && waitBuilds.length === 0 && !isTrue(opts['wait_repo'])) return current;
  const minEvent = lastChange(hub, build_tag).id;
  const waiter = newTask(hub, {
    method: 'waitrepo',
    request: [build_tag.name, null, waitBuilds.length > 0 ? waitBuilds : null, minEvent],
    owner: task.owner,
    parent: task,
  });
  hub.start(waiter);
  await collect(hub, task, [waiter]);
  const repo = ready();
  if (repo === undefined) throw generic(`No repo for tag: ${build_tag.name}`);
  return repo;
}

async function realBuild(hub: Hub, order: Order, requested: string): Promise<void> {
  const { task, target, made, opts } = order;
  const { name } = made.spec;
  const entry = packageEntry(hub, target.dest_tag, name);
  if (entry === undefined) {
    throw new KojiFault(FAULT.build, `package ${name} not in list for tag ${target.dest_tag.name}`);
  }
  if (entry.blocked) {
    throw new KojiFault(FAULT.build, `package ${name} is blocked for tag ${target.dest_tag.name}`);
  }
  const build = initBuild(hub, order, requested);
  try {
    const arches = await buildArches(hub, order);
    const ruled = await obey(hub, task, 'koji.import', build.nvr);
    await spend(hub, task, 'koji.import', build.nvr, ruled);
    importBuild(hub, build, made, arches);
  } catch (error) {
    if (error instanceof KojiFault) endBuild(hub, build, BUILD.failed);
    throw error;
  }
  if (isTrue(opts['skip_tag'])) return;
  const tagger = newTask(hub, {
    method: 'tagBuild',
    request: [target.dest_tag.id, build.id, false, null, true],
    owner: task.owner,
    label: 'tag',
    parent: task,
  });
  hub.start(tagger);
  await collect(hub, task, [tagger]);
}

/** A new entry, or the old one of a build that failed or was cancelled: same id, new task. */
function initBuild(hub: Hub, { task, made, opts }: Order, requested: string): Build {
  const { name, version, release, epoch } = made.spec;
  const metadata = opts['custom_user_metadata'];
  const extra: Struct = {
    ...(isStruct(metadata) && Object.keys(metadata).length > 0 ? { custom_user_metadata: metadata } : {}),
    source: { original_url: requested },
  };
  const [known] = buildsByNvr(hub.builds, made.nvr);
  if (known !== undefined) assertRecyclable(hub, known, { task, made, opts, extra });
  const start_ts = hub.now();
  const creation = newEvent(hub);
  if (known !== undefined) {
    const old = known.state;
    Object.assign(known, {
      state: BUILD.building,
      task,
      owner: task.owner,
      source: made.source,
      extra,
      creation,
      start_ts,
      completion_ts: null,
    } satisfies Partial<Build>);
    publishBuildState(hub, known, old);
    return known;
  }
  const build: Build = {
    id: nextId(hub.builds),
    name,
    version,
    release,
    epoch,
    nvr: made.nvr,
    package_id: packageId(hub, name),
    state: BUILD.building,
    task,
    owner: task.owner,
    source: made.source,
    extra,
    creation,
    start_ts,
    completion_ts: null,
    logs: new Map(),
  };
  hub.builds.push(build);
  publishBuildState(hub, build, null);
  return build;
}

interface NewTry {
  readonly task: Task;
  readonly made: SourcePackage;
  readonly opts: Struct;
  readonly extra: Struct;
}

function assertRecyclable(hub: Hub, known: Build, { task, made, extra }: NewTry): void {
  if (known.state === BUILD.building) {
    throw generic(`Build already in progress (task ${known.task?.id ?? 'None'})`);
  }
  if (known.state === BUILD.complete || known.state === BUILD.deleted) {
    const { name, version, release, epoch } = made.spec;
    const json = JSON.stringify(extra).replaceAll('":', '": ').replaceAll(',"', ', "');
    const data = repr({
      name,
      version,
      release,
      epoch,
      task_id: task.id,
      source: made.source,
      extra: json,
      owner: task.owner.id,
      state: 0,
      completion_time: null,
      pkg_id: known.package_id,
      start_time: 'NOW',
      volume_id: 0,
      draft: false,
    });
    throw generic(
      `Build already exists (id=${known.id}, state=${BUILD_NAMES[known.state] ?? known.state}): ${data}`,
    );
  }
  if (hub.taggings.some(({ build }) => build === known)) {
    throw generic('Build already exists. Unable to recycle, has tag history');
  }
  if (hub.rpms.some(({ build }) => build === known)) {
    throw generic('Build already exists. Unable to recycle, has rpm data');
  }
}

function archesOf({ target, made, opts }: Order): readonly string[] {
  const { spec } = made;
  const override = opts['arch_override'];
  const offered = (typeof override === 'string' ? override : target.build_tag.arches).split(' ');
  const fits = (arch: string) =>
    (spec.exclusiveArch.length === 0 ||
      spec.exclusiveArch.includes(arch) ||
      spec.exclusiveArch.includes('noarch')) &&
    !spec.excludeArch.includes(arch);
  const arches = offered.filter((arch) => arch !== '' && fits(arch));
  if (arches.length === 0) throw new KojiFault(FAULT.build, 'No matching arches were found');
  return spec.noarch ? ['noarch'] : arches;
}

async function buildArches(hub: Hub, order: Order): Promise<readonly Task[]> {
  const { task, target, repo, srpm, opts } = order;
  const children = archesOf(order).map((arch, index) =>
    newTask(hub, {
      method: 'buildArch',
      request: [srpm, target.build_tag.id, arch, index === 0, { repo_id: repo.id }],
      owner: task.owner,
      arch: canonicalArch(arch),
      label: arch,
      parent: task,
    }),
  );
  for (const child of children) hub.start(child);
  await collect(hub, task, children, isTrue(opts['fail_fast']));
  return children;
}

/** What others build takes its own time; packprobe's packages are of the usual weight. */
function weighed(hub: Hub, nvr: string, ruled: Ruling | undefined): Ruling | undefined {
  const { weight = 1 } = othersPackage(hub.kit.world, nvr) ?? {};
  if (weight === 1) return ruled;
  return { ...ruled, delayMs: (ruled?.delayMs ?? 0) + (weight - 1) * DELAYS['koji.build-arch'].median };
}

/** `buildArch`: rpmbuild in mock, on one arch. */
export async function buildArch(hub: Hub, task: Task): Promise<Value> {
  const [srpm, , label, keepSrpm] = task.request;
  const made = hub.sourcePackages.get(String(srpm));
  if (made === undefined) throw generic(`no source package ${srpm}`);
  const { spec, nvr } = made;
  const arch = String(label);
  const subject = `${nvr}.${arch}`;
  const ruled = await obey(hub, task, 'koji.build-arch', subject, ({ fail = '', log = '' }) => {
    const exit = Number(/exited with status (\d+)/.exec(fail)?.[1] ?? 1);
    const inBuildLog = fail.includes('see build.log for');
    writeMockLogs(hub, task, {
      arch,
      nvr,
      buildLog: inBuildLog ? log : '',
      rootLog: inBuildLog ? '' : log,
      exit,
    });
  });
  if (ruled?.cancel === true) cancelTask(hub, rootOf(hub, task));
  await spend(hub, task, 'koji.build-arch', subject, weighed(hub, nvr, ruled));
  if (spec.failing !== undefined) {
    writeMockLogs(hub, task, { arch, nvr, buildLog: failedSectionLog(spec.failing), exit: 10 });
    throw new KojiFault(FAULT.build, `error building package (arch ${arch}), ${mockResult(10)}`);
  }
  const files = spec.packages.map((name) => `${name}-${spec.version}-${spec.release}.${arch}.rpm`);
  const logs = writeMockLogs(hub, task, { arch, nvr, buildLog: goodBuildLog(nvr, files), exit: 0 });
  for (const name of spec.packages) {
    writeFile(
      hub,
      task,
      `${name}-${spec.version}-${spec.release}.${arch}.rpm`,
      packed(hub, spec, name, arch),
    );
  }
  const sources = isTrue(keepSrpm) ? [`${nvr}.src.rpm`] : [];
  for (const file of sources) writeFile(hub, task, file, packed(hub, spec, spec.name, 'src'));
  return {
    rpms: files.map((file) => taskPath(task, file)),
    srpms: sources.map((file) => taskPath(task, file)),
    logs: logs.map((file) => taskPath(task, file)),
    brootid: null,
  };
}

function rootOf(hub: Hub, task: Task): Task {
  const parent = task.parent === null ? undefined : findTask(hub, task.parent);
  return parent === undefined ? task : rootOf(hub, parent);
}

function importBuild(
  hub: Hub,
  build: Build,
  { spec, changelog = [] }: SourcePackage,
  arches: readonly Task[],
): void {
  keepChangelog(build, changelog);
  importRpm(hub, { build, name: spec.name, arch: 'src' });
  for (const task of arches) {
    if (task.state !== TASK.closed) continue;
    const arch = task.label ?? task.arch;
    for (const name of spec.packages) {
      const file = task.files.get(`${name}-${spec.version}-${spec.release}.${arch}.rpm`)?.content;
      importRpm(hub, {
        build,
        name,
        arch,
        ...(typeof file === 'object' ? { buildtime: file.buildTime } : {}),
      });
    }
    build.logs.set(arch, new Map([...task.files].filter(([name]) => name.endsWith('.log'))));
  }
  endBuild(hub, build, BUILD.complete);
  if (build.completion_ts !== null) hub.kit.truth(build.nvr, 'build', msOf(build.completion_ts));
}

/** `tagBuild`: adds a tag, or moves the build where a tag to leave is named; both halves are one event. */
export async function runTagBuild(hub: Hub, task: Task): Promise<Value> {
  const [tagId, buildId, force, fromId] = task.request;
  const asked = hub.tags.find(({ id, revoked }) => id === tagId && revoked === null);
  const build = byId(hub.builds, Number(buildId));
  if (asked === undefined) throw generic(`No such tagInfo: ${plainText(tagId ?? null)}`);
  if (build === undefined) throw generic(`No such build: ${plainText(buildId ?? null)}`);
  const subject = `${build.nvr} ${asked.name}`;
  const ruled = await obey(hub, task, 'koji.tag', subject);
  await spend(hub, task, 'koji.tag', subject, ruled);
  const tag = findTag(hub, ruled?.into ?? asked.name) ?? asked;
  const from = hub.tags.find(({ id, revoked }) => id === fromId && revoked === null);
  const change = { build, tag, user: task.owner, force: isTrue(force) };
  if (from === undefined) {
    addTagging(hub, change);
    return null;
  }
  const event = newEvent(hub);
  removeTagging(hub, { build, tag: from, user: task.owner, event });
  addTagging(hub, { ...change, event });
  return null;
}
