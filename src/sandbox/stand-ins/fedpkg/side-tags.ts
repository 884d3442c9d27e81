import { kwargs } from '../koji/hub.ts';
import { parseCommand } from './arguments.ts';
import { readClone } from './git.ts';
import { openKojiSession } from './koji-session.ts';
import { branchOf, targetOf } from './package.ts';
import { type Context, Refused, userName } from './settings.ts';

/** `fedpkg request-side-tag`: from the branch's build tag unless another is named. */
export async function requestSideTag(context: Context, argv: readonly string[]): Promise<number> {
  const { options } = parseCommand(context, 'request-side-tag', argv, {
    base: { names: ['--base-tag'], takes: 'value' },
    debuginfo: { names: ['--debug'] },
    suffix: { names: ['--suffix'], takes: 'value' },
  });
  const target =
    options.base === undefined ? targetOf(branchOf(context, await readClone(context.run, context.path))) : '';
  const { hub } = await openKojiSession(context);
  try {
    let base = options.base;
    if (base === undefined) {
      const found = (await hub.call('getBuildTarget', target)) as { readonly build_tag_name: string } | null;
      if (found === null) throw new Refused(`Unknown build target: ${target}`);
      base = found.build_tag_name;
    }
    const named = {
      ...(options.debuginfo === true ? { debuginfo: true } : {}),
      ...(options.suffix === undefined ? {} : { suffix: options.suffix }),
    };
    const more = Object.keys(named).length > 0 ? [kwargs(named)] : [];
    const tag = (await hub.call('createSideTag', base, ...more)) as {
      readonly name: string;
      readonly id: number;
    };
    context.say(`Side tag '${tag.name}' (id ${tag.id}) created.`);
    context.say(`Use 'fedpkg build --target=${tag.name}' to use it.`);
    context.say(`Use 'koji wait-repo ${tag.name}' to wait for the build repo to be generated.`);
    return 0;
  } finally {
    hub.close();
  }
}

interface SideTag {
  readonly id: number;
  readonly name: string;
  readonly user_id: number | string;
  readonly user_name: string;
}

/** `fedpkg list-side-tags [--mine | --user U] [--base-tag T]`. */
export async function listSideTags(context: Context, argv: readonly string[]): Promise<number> {
  const { options } = parseCommand(context, 'list-side-tags', argv, {
    mine: { names: ['--mine'] },
    user: { names: ['--user'], takes: 'value' },
    base: { names: ['--base-tag'], takes: 'value' },
  });
  const user = options.mine === true ? userName(context) : (options.user ?? null);
  const { hub } = await openKojiSession(context);
  try {
    const tags = (await hub.call(
      'listSideTags',
      kwargs({ basetag: options.base ?? null, user }),
    )) as readonly SideTag[];
    for (const tag of [...tags].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      context.say(`${tag.name}\t(id ${tag.id})\t(user ${tag.user_name}|${tag.user_id})`);
    }
    return 0;
  } finally {
    hub.close();
  }
}

/** `fedpkg remove-side-tag NAME`. */
export async function removeSideTag(context: Context, argv: readonly string[]): Promise<number> {
  const { args } = parseCommand(context, 'remove-side-tag', argv, {});
  const [name] = args;
  if (name === undefined) throw new Refused('the following arguments are required: TAG');
  const { hub } = await openKojiSession(context);
  try {
    await hub.call('removeSideTag', name);
    context.say('Tag deleted.');
    return 0;
  } finally {
    hub.close();
  }
}
