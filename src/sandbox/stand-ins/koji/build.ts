import { activate, type Command, interruptedWatch, parseArgs, usageError, waits } from './context.ts';
import { kwargs } from './hub.ts';
import { uploadFile } from './upload.ts';
import { watchTasks } from './watch.ts';

const BACKGROUND_PRIORITY = 5;

interface Target {
  readonly dest_tag: number;
  readonly dest_tag_name: string;
}

/** `koji build TARGET (SCM-URL | SRPM)`. */
export const build: Command = async (context) => {
  const { run, hub, profile, globals } = context;
  const { options, args } = parseArgs(context, {
    skip_tag: { names: ['--skip-tag'] },
    scratch: { names: ['--scratch'] },
    draft: { names: ['--draft'] },
    fail_fast: { names: ['--fail-fast'] },
    arch_override: { names: ['--arch-override'], takes: 'value' },
    repo_id: { names: ['--repo-id'], takes: 'value' },
    wait_repo: { names: ['--wait-repo'] },
    wait_builds: { names: ['--wait-build'], takes: 'list' },
    rebuild_srpm: { names: ['--rebuild-srpm'] },
    no_rebuild_srpm: { names: ['--no-rebuild-srpm'], off: true },
    metadata: { names: ['--custom-user-metadata'], takes: 'value' },
    background: { names: ['--background'] },
    wait: { names: ['--wait'] },
    nowait: { names: ['--nowait'], off: true },
    quiet: { names: ['--quiet'] },
    noprogress: { names: ['--noprogress'] },
  });
  const [targetName, source, ...more] = args;
  if (targetName === undefined || source === undefined || more.length > 0) {
    throw usageError(
      context,
      'Exactly two arguments (a build target and a SCM URL or srpm file) are required',
    );
  }
  if (options.arch_override !== undefined && options.scratch !== true) {
    throw usageError(context, '--arch_override is only allowed for --scratch builds');
  }
  let metadata: unknown = {};
  try {
    if (options.metadata !== undefined) metadata = JSON.parse(options.metadata);
  } catch {
    throw usageError(context, '--custom-user-metadata is not valid JSON');
  }

  await activate(context);
  const opts: Record<string, unknown> = {};
  let target: string | null = targetName;
  if (targetName.toLowerCase() === 'none' && options.repo_id !== undefined) {
    target = null;
    opts['skip_tag'] = true;
  } else {
    const found = (await hub.call('getBuildTarget', targetName)) as Target | null;
    if (found === null) throw usageError(context, `No such build target: ${targetName}`);
    const tag = (await hub.call('getTag', found.dest_tag)) as { readonly locked: boolean } | null;
    if (tag === null) throw usageError(context, `No such destination tag: ${found.dest_tag_name}`);
    if (tag.locked && options.scratch !== true) {
      throw usageError(context, `Destination tag ${found.dest_tag_name} is locked`);
    }
  }
  for (const key of ['skip_tag', 'scratch', 'draft', 'fail_fast', 'wait_repo'] as const) {
    if (options[key] === true) opts[key] = true;
  }
  if (options.arch_override !== undefined) opts['arch_override'] = options.arch_override.replaceAll(',', ' ');
  if (options.repo_id !== undefined) opts['repo_id'] = Number(options.repo_id);
  if (options.rebuild_srpm === true) opts['rebuild_srpm'] = true;
  if (options.no_rebuild_srpm === true) opts['rebuild_srpm'] = false;
  opts['wait_builds'] = options.wait_builds;
  opts['custom_user_metadata'] = metadata;

  const quiet = options.quiet === true || globals.quiet;
  let from = source;
  if (!source.includes('://')) {
    if (!quiet) run.print(`Uploading srpm: ${source}`);
    from = await uploadFile(run, hub, source);
    if (!quiet) run.print('');
  }
  const priority = options.background === true ? BACKGROUND_PRIORITY : null;
  const id = Number(await hub.call('build', from, target, opts, kwargs({ priority })));
  if (!quiet) {
    run.print(`Created task: ${id}`);
    run.print(`Task info: ${profile.weburl}/taskinfo?taskID=${id}`);
  }
  if (!waits(options)) return 0;
  await hub.logout();
  return watchTasks(run, hub, [id], {
    quiet,
    pollIntervalS: profile.pollIntervalS,
    topurl: profile.topurl,
    interrupted: interruptedWatch(run),
  });
};
