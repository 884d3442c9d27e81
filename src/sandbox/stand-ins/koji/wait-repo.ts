import { activate, type Command, type Context, ensureConnection, parseArgs, usageError } from './context.ts';
import { kwargs } from './hub.ts';

/** Real minutes. */
const USUAL_TIMEOUT = 120;

interface Tag {
  readonly id: number;
  readonly name: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

interface Target {
  readonly build_tag: number;
  readonly build_tag_name: string;
}

interface Repo {
  readonly id: number;
  readonly create_event: number;
}

interface Wait {
  readonly builds: readonly string[];
  readonly target: boolean;
  readonly request: boolean;
  readonly quiet?: boolean;
  /** Real minutes. */
  readonly timeoutMinutes?: number;
}

/** `koji wait-repo TAG`. */
export const waitRepo: Command = async (context) => {
  const { hub } = context;
  const { options, args } = parseArgs(context, {
    builds: { names: ['--build'], takes: 'list' },
    target: { names: ['--target'] },
    request: { names: ['--request'] },
    no_request: { names: ['--no-request'], off: true },
    timeout: { names: ['--timeout'], takes: 'value' },
    verbose: { names: ['-v', '--verbose'] },
    quiet: { names: ['--quiet'] },
  });
  const [tag, ...more] = args;
  if (tag === undefined) throw usageError(context, 'Please specify a tag name');
  if (more.length > 0) throw usageError(context, 'Only one tag may be specified');
  await hub.version();
  if (options.request === true) await activate(context);
  return waitForRepo(context, tag, {
    builds: options.builds,
    target: options.target === true,
    request: options.request === true,
    quiet: options.quiet === true || context.globals.quiet,
    timeoutMinutes: options.timeout === undefined ? USUAL_TIMEOUT : Number(options.timeout),
  });
};

export async function waitForRepo(context: Context, name: string, wait: Wait): Promise<number> {
  const { run, hub, profile } = context;
  await ensureConnection(context);
  const started = Date.now();
  const limitMs = (wait.timeoutMinutes ?? USUAL_TIMEOUT) * 60_000;
  const tag = await resolveTag(context, name, wait.target);
  const builds = wait.builds.map((nvr) => ({ nvr, name: nvr.replace(/-[^-]*-[^-]*$/, '') }));

  const hints: string[] = [];
  for (const build of builds) {
    const [latest] = (await hub.call(
      'getLatestBuilds',
      tag.id,
      kwargs({ package: build.name }),
    )) as readonly {
      readonly nvr: string;
    }[];
    if (latest === undefined) hints.push(`No ${build.name} builds in tag ${tag.name}`);
    else if (latest.nvr !== build.nvr) {
      hints.push(`nvr ${build.nvr} is not current in tag ${tag.name}`, `  latest build is ${latest.nvr}`);
    }
  }
  if (!wait.request) {
    run.warn('The --request option is recommended for faster results');
    if (tag.extra?.['repo.auto'] !== true) run.warn('This tag is not configured for automatic regeneration');
  }
  for (const hint of hints) run.warn(hint);

  const { id } = (await hub.call('getTag', tag.id, kwargs({ strict: true }))) as Tag;
  try {
    const repo = await (builds.length > 0 ? repoWithBuilds() : newRepo());
    if (wait.quiet !== true) {
      run.print(`Got repo ${repo.id}`);
      run.print(`Repo info: ${profile.weburl}/repoinfo?repoID=${repo.id}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof NoRepo)) throw error;
    run.warn(`Failed to get repo -- ${error.message}`);
    return 1;
  }

  async function newRepo(): Promise<Repo> {
    const minEvent = await hub.call('tagLastChangeEvent', id);
    if (wait.request) return requested(minEvent);
    // The limit does not count here: without builds and without a request the real command waits for ever.
    for (;;) {
      const repo = await repoSince(minEvent);
      if (repo !== null) return repo;
      await run.sleep(profile.pollIntervalS);
    }
  }

  async function repoWithBuilds(): Promise<Repo> {
    const there = await repoSince(null);
    if (there !== null && (await allTagged(there.create_event))) return there;
    while (!(await allTagged(null))) {
      if (Date.now() - started >= limitMs)
        throw new NoRepo(`Unsuccessfully waited ${waited()} for ${nvrs()} to appear in the ${tag.name} repo`);
      await run.sleep(profile.pollIntervalS);
    }
    const minEvent = await hub.call('tagLastChangeEvent', id);
    if (wait.request) return requested(minEvent);
    for (;;) {
      const repo = await repoSince(minEvent);
      if (repo !== null && (await allTagged(repo.create_event))) return repo;
      await run.sleep(profile.pollIntervalS);
    }
  }

  async function requested(minEvent: unknown): Promise<Repo> {
    const asked = (await hub.call('repo.request', id, query(minEvent))) as Requested;
    let check = asked;
    for (;;) {
      if (check.repo !== null && check.repo !== undefined) return check.repo;
      if (check.request?.active === false) throw new NoRepo('Repo request no longer active');
      if (Date.now() - started >= limitMs)
        throw new NoRepo(`Unsuccessfully waited ${waited()} for a new ${tag.name} repo`);
      await run.sleep(profile.pollIntervalS);
      check = (await hub.call('repo.checkRequest', asked.request?.id)) as Requested;
    }
  }

  async function repoSince(minEvent: unknown): Promise<Repo | null> {
    return (await hub.call('repo.get', id, query(minEvent))) as Repo | null;
  }

  async function allTagged(event: number | null): Promise<boolean> {
    for (const build of builds) {
      const tagged = (await hub.call(
        'listTagged',
        id,
        kwargs({ event, package: build.name, inherit: true }),
      )) as readonly { readonly nvr: string }[];
      if (!tagged.some(({ nvr }) => nvr === build.nvr)) return false;
    }
    return true;
  }

  function waited(): string {
    const seconds = Math.floor((Date.now() - started) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  function nvrs(): string {
    return builds.map(({ nvr }) => nvr).join(', ');
  }
}

interface Requested {
  readonly repo?: Repo | null;
  readonly request?: { readonly id: number; readonly active: boolean } | null;
}

class NoRepo extends Error {}

function query(minEvent: unknown): Readonly<Record<string, unknown>> {
  return kwargs({ min_event: minEvent, at_event: null, opts: null });
}

async function resolveTag(context: Context, name: string, isTarget: boolean): Promise<Tag> {
  const { run, hub } = context;
  if (isTarget) {
    const target = (await hub.call('getBuildTarget', name)) as Target | null;
    if (target === null) throw usageError(context, `No such build target: ${name}`);
    return (await hub.call('getTag', target.build_tag, kwargs({ strict: true }))) as Tag;
  }
  const tag = (await hub.call('getTag', name)) as Tag | null;
  if (tag === null) throw usageError(context, `No such tag: ${name}`);
  const targets = (await hub.call('getBuildTargets', kwargs({ buildTagID: tag.id }))) as readonly Target[];
  if (targets.length === 0) {
    run.warn(`${tag.name} is not a build tag for any target`);
    const ending = (await hub.call('getBuildTargets', kwargs({ destTagID: tag.id }))) as readonly Target[];
    const names = [...new Set(ending.map((target) => target.build_tag_name))].sort();
    if (names.length > 0) run.warn(`Suggested tags: ${names.join(', ')}`);
  }
  return tag;
}
