import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NetworkError, openWire } from '../common/http.ts';
import { Interrupted } from '../common/stand-in.ts';
import { HubError, kwargs } from '../koji/hub.ts';
import { NoSuchTask, watchTasks } from '../koji/watch.ts';
import { parseCommand, usageExit } from './arguments.ts';
import { type Clone, detachedText, readClone } from './git.ts';
import { type KojiSession, openKojiSession } from './koji-session.ts';
import { branchOf, buildUrl, readNvre, targetOf } from './package.ts';
import { type Context, Refused } from './settings.ts';
import { uploadSourcePackage } from './source-package.ts';

/** Fedpkg looks once a minute, whatever Koji's profile says. Real seconds. */
const POLL_INTERVAL = 60;
const BACKGROUND_PRIORITY = 5;
const COMPLETE = 1;
const GREENWAVE_TIMEOUT_MS = 30_000;
const SRPM_HINT = 'Try option --srpm to make scratch build from local changes.';
const SKIP_HINT = 'Note: You can skip this check with --skip-nvr-check. See help for more info.';
const NVR_HINT =
  'Note: You can skip NVR construction & NVR check with --skip-nvr-check. See help for more info.';
const UNNAMED =
  'NVR checking will be skipped so I do not care that I am not able to construct NVR.  I will refer this build by package name in following messages.';
/** The watch was cut off; the task goes on. */
const WATCH_BROKEN = 2;

const OPTIONS = {
  nowait: { names: ['--nowait'] },
  target: { names: ['--target'], takes: 'value' },
  scratch: { names: ['--scratch'] },
  srpm: { names: ['--srpm'], takes: 'words' },
  arches: { names: ['--arches'], takes: 'words' },
  skip_nvr_check: { names: ['--skip-nvr-check'] },
  skip_tag: { names: ['--skip-tag'] },
  background: { names: ['--background'] },
  fail_fast: { names: ['--fail-fast'] },
  skip_rules: { names: ['--skip-remote-rules-validation'] },
  metadata: { names: ['--custom-user-metadata'], takes: 'value' },
  draft: { names: ['--draft'] },
  md5: { names: ['--md5'] },
} as const;

/** `fedpkg build`: waits unless told not to, with or without a terminal. */
export async function build(context: Context, argv: readonly string[], scratch = false): Promise<number> {
  const { options } = parseCommand(context, scratch ? 'scratch-build' : 'build', argv, OPTIONS);
  const isScratch = scratch || options.scratch === true;
  const clone = await readClone(context.run, context.path);
  // The option may stand alone or name a file: whether it was given cannot be told from its value.
  const asked = argv.some((word) => word === '--srpm' || word.startsWith('--srpm='));
  if (isScratch && clone.dirty && !asked) context.say('Repository is dirty, generating an srpm.');
  const how = { ...options, scratch: isScratch, from_srpm: asked || (isScratch && clone.dirty) };
  if (!how.scratch && options.skip_rules !== true) await validateGating(context);
  // The real one logs in even when it refuses, only to log out: a dead hub hides the reason.
  const refusal = how.from_srpm ? undefined : repositoryFault(context, clone);
  const session = await openKojiSession(context);
  try {
    const id = await submit(context, clone, session, how, refusal).finally(() =>
      session.hub.logout().catch(() => undefined),
    );
    return options.nowait === true ? 0 : await watch(context, session, id);
  } finally {
    session.hub.close();
  }
}

function repositoryFault({ path }: Context, clone: Clone): Refused | undefined {
  const hinted = (text: string) => new Refused(`${text}\n${SRPM_HINT}`);
  if (clone.dirty) return hinted(`${path} has uncommitted changes.  Use git status to see details`);
  if (clone.branch === undefined) return new Refused(detachedText(clone));
  if (clone.merge === undefined) {
    return hinted(
      `Branch ${clone.branch} does not track remote branch.\nUse the following command to fix that:\n    git branch -u origin/REMOTE_BRANCH_NAME`,
    );
  }
  if (clone.apart === undefined || clone.apart.ahead + clone.apart.behind > 0) {
    return hinted('There are unpushed changes in your repo');
  }
  return undefined;
}

type BuildOptions = ReturnType<typeof parseCommand<typeof OPTIONS>>['options'];

async function submit(
  context: Context,
  clone: Clone,
  session: KojiSession,
  options: BuildOptions & { readonly from_srpm: boolean },
  refusal: Refused | undefined,
): Promise<number> {
  const { hub, profile } = session;
  const metadata = readMetadata(context, options.metadata);
  if (refusal !== undefined) throw refusal;
  const uploaded = options.from_srpm
    ? await uploadSourcePackage(context, clone, session, options.srpm[0])
    : undefined;
  const target = options.target ?? targetOf(branchOf(context, clone));
  const found = (await hub.call('getBuildTarget', target)) as { readonly dest_tag_name: string } | null;
  if (found === null) throw new Refused(`Unknown build target: ${target}`);
  const tag = (await hub.call('getTag', found.dest_tag_name)) as { readonly locked: boolean } | null;
  if (tag === null) throw new Refused(`Unknown destination tag ${found.dest_tag_name}`);
  if (tag.locked && options.scratch !== true)
    throw new Refused(`Destination tag ${found.dest_tag_name} is locked`);
  if (options.arches.length > 0 && options.scratch !== true) {
    throw new Refused('Cannot override arches for non-scratch builds');
  }
  const opts: Record<string, unknown> = {};
  for (const key of ['scratch', 'skip_tag', 'fail_fast', 'draft'] as const)
    if (options[key] === true) opts[key] = true;
  if (options.arches.length > 0) opts['arch_override'] = options.arches.join(' ');
  if (Object.keys(metadata).length > 0) opts['custom_user_metadata'] = metadata;

  const nvr = uploaded?.name ?? (await nameOfBuild(context, clone, options.skip_nvr_check === true));
  if (options.skip_nvr_check !== true && options.scratch !== true) {
    const built = (await hub.call('getBuild', nvr.replace(/\.src\.rpm$/, ''))) as {
      readonly state: number;
    } | null;
    if (built?.state === COMPLETE) throw new Refused(`Package ${nvr} has already been built\n${SKIP_HINT}`);
  }
  context.say(`Building ${nvr} for ${target}`);
  const source = uploaded?.path ?? buildUrl(context, clone);
  const priority = options.background === true ? BACKGROUND_PRIORITY : null;
  const id = Number(await hub.call('build', source, target, opts, kwargs({ priority })));
  context.say(`Created task: ${id}`);
  context.say(`Task info: ${profile.weburl}/taskinfo?taskID=${id}`);
  return id;
}

function readMetadata(context: Context, text: string | undefined): object {
  let value: unknown;
  try {
    value = JSON.parse(text || '{}');
  } catch {
    throw usageExit(context, '--custom-user-metadata is not valid JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw usageExit(context, '--custom-user-metadata must be a JSON object');
}

/** Where the NVR cannot be told and is not needed, the build is called by its package. */
async function nameOfBuild(context: Context, clone: Clone, anyName: boolean): Promise<string> {
  try {
    return (await readNvre(context, clone)).nvr;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!anyName) {
      context.run.warn(error.message);
      context.say(NVR_HINT);
      throw new Refused('Cannot continue without properly constructed NVR.', { cause: error });
    }
    context.run.warn(error.message);
    context.say(UNNAMED);
    return context.globals.name ?? clone.name;
  }
}

async function watch(context: Context, { hub }: KojiSession, id: number): Promise<number> {
  const { run, globals } = context;
  try {
    return await watchTasks(run, hub, [id], {
      quiet: globals.quiet,
      pollIntervalS: POLL_INTERVAL,
      interrupted: (open) => {
        run.print("Tasks still running. You can continue to watch with the 'koji watch-task' command.");
        run.print(`Running Tasks: ${open.join('\n')}`);
      },
    });
  } catch (error) {
    if (error instanceof Interrupted) return 0;
    if (error instanceof NoSuchTask) return 1;
    if (!(error instanceof HubError) || error.python !== 'ConnectionError') throw error;
    run.warn(`Could not finish the 'watch task'. Reason: ${error.message}`);
    return WATCH_BROKEN;
  }
}

/** Has Greenwave read the tree's gating.yaml, before everything else. */
async function validateGating(context: Context): Promise<void> {
  const file = join(context.path, 'gating.yaml');
  const { greenwaveUrl } = context.settings;
  if (greenwaveUrl === undefined || !existsSync(file)) return;
  const wire = openWire();
  try {
    const answer = await wire.ask({
      method: 'POST',
      url: `${greenwaveUrl}/api/v1.0/validate-gating-yaml`,
      headers: { 'User-Agent': 'python-requests/2.34.2', 'Accept-Encoding': 'gzip, deflate' },
      body: readFileSync(file),
      signal: context.run.signal,
      timeoutMs: GREENWAVE_TIMEOUT_MS,
    });
    if (answer.status === 200) {
      context.say('Found a gating.yaml file in the repo and it is properly configured');
      return;
    }
    const { message } = readJson(answer.body.toString()) as { readonly message?: string };
    throw new Refused(
      `Found a gating.yaml file in your repo with additional Greenwave policies, but it is not valid.\nPlease fix the file or skip this check using the option --skip-remote-rules-validation.\nError response from Greenwave: ${message}`,
    );
  } catch (error) {
    if (error instanceof NetworkError) throw new Refused(error.requestsText, { cause: error });
    throw error;
  } finally {
    wire.close();
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused('Expecting value: line 1 column 1 (char 0)', { cause: error });
  }
}
