import { Exit } from '../common/stand-in.ts';
import { activate, type Command, parseArgs, usageError } from './context.ts';
import { HubError, kwargs } from './hub.ts';
import { waitForRepo } from './wait-repo.ts';

const ACTION_NOT_ALLOWED = 1004;

/** `koji add-sidetag BASE`: prints the new tag's name. */
export const addSideTag: Command = async (context) => {
  const { run, hub, globals } = context;
  const { options, args } = parseArgs(context, {
    quiet: { names: ['-q', '--quiet'] },
    wait: { names: ['-w', '--wait'] },
    debuginfo: { names: ['--debuginfo'] },
    suffix: { names: ['--suffix'], takes: 'value' },
  });
  const [base, ...more] = args;
  if (base === undefined || more.length > 0) throw usageError(context, 'Only argument is basetag');
  await activate(context);
  const named = {
    debuginfo: options.debuginfo ?? null,
    ...(options.suffix === undefined ? {} : { suffix: options.suffix }),
  };
  let tag: { readonly name: string };
  try {
    tag = (await hub.call('createSideTag', base, kwargs(named))) as { readonly name: string };
  } catch (error) {
    if (error instanceof HubError && error.code === ACTION_NOT_ALLOWED)
      throw usageError(context, 'Policy violation');
    throw error;
  }
  if (options.quiet !== true && !globals.quiet) run.print(tag.name);
  return options.wait === true
    ? waitForRepo(context, tag.name, { target: true, request: false, builds: [] })
    : 0;
};

/** `koji remove-sidetag NAME…`: silent. */
export const removeSideTag: Command = async (context) => {
  const { args } = parseArgs(context, {});
  if (args.length < 1) throw usageError(context, 'Sidetag argument is required');
  await activate(context);
  const results = await context.hub.multiCall(args.map((name) => ['removeSideTag', name] as const));
  const fault = results.find((result) => result instanceof HubError);
  if (fault !== undefined) throw fault;
  return 0;
};

/** `koji list-sidetags`: asks nothing else, not even for the API version, unless `--mine` needs a login. */
export const listSideTags: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    basetag: { names: ['--basetag'], takes: 'value' },
    user: { names: ['--user'], takes: 'value' },
    mine: { names: ['--mine'] },
  });
  if (args.length > 0) throw usageError(context, 'This command takes no arguments');
  if (options.mine === true && options.user !== undefined)
    throw usageError(context, 'Specify only one from --user --mine');
  let user = options.user ?? null;
  if (options.mine === true) {
    await activate(context);
    const me = (await hub.call('getLoggedInUser')) as { readonly name: string } | null;
    if (me === null) throw new Exit(1);
    user = me.name;
  }
  const tags = (await hub.call(
    'listSideTags',
    kwargs({ basetag: options.basetag ?? null, user }),
  )) as readonly {
    readonly name: string;
  }[];
  for (const { name } of tags) run.print(name);
  return 0;
};
