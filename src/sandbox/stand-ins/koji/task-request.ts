import { pythonRepr } from '../common/python.ts';
import type { Context } from './context.ts';

type Hub = Pick<Context, 'hub' | 'profile'>;

/** What `koji taskinfo -v` says of a task's arguments; tags and builds are asked for their names. */
export async function requestLines(
  context: Hub,
  method: string,
  request: readonly unknown[],
): Promise<readonly string[]> {
  try {
    return await linesOf(context, method, request);
  } catch {
    return ['Unable to parse task parameters'];
  }
}

async function linesOf(
  { hub, profile }: Hub,
  method: string,
  request: readonly unknown[],
): Promise<readonly string[]> {
  const [first, second, third, fourth] = request;
  const tagName = async (tag: unknown) => nameIn(await hub.call('getTag', tag));
  switch (method) {
    case 'build':
      return [`Source: ${first}`, `Build Target: ${second}`, ...options(third)];
    case 'buildSRPMFromSCM':
      return [`SCM URL: ${first}`];
    case 'buildArch':
      return [
        `SRPM: ${profile.topdir}/work/${first}`,
        `Build Tag: ${await tagName(second)}`,
        `Build Arch: ${third}`,
        `SRPM Kept: ${pythonRepr(fourth)}`,
        ...options(request[4]),
      ];
    case 'tagBuild': {
      const build = await hub.call('getBuild', second);
      return [`Destination Tag: ${await tagName(first)}`, `Build: ${label(build)}`];
    }
    case 'buildNotification':
      return [
        `Recipients: ${(first as readonly string[]).join(', ')}`,
        `Build: ${label(second)}`,
        `Build Target: ${nameIn(third)}`,
        `Web URL: ${fourth}`,
      ];
    case 'newRepo':
      return [`Tag: ${await tagName(first)}`];
    default:
      return [];
  }
}

function options(given: unknown): readonly string[] {
  if (given === null || typeof given !== 'object' || Object.keys(given).length === 0) return [];
  const entries = Object.entries(given).filter(([key]) => key !== '__starstar');
  return [
    'Options:',
    ...entries.map(([key, value]) => `  ${key}: ${typeof value === 'string' ? value : pythonRepr(value)}`),
  ];
}

function nameIn(info: unknown): string {
  return String((info as { readonly name: string }).name);
}

function label(info: unknown): string {
  const { name, version, release } = info as Readonly<Record<'name' | 'version' | 'release', string>>;
  return `${name}-${version}-${release}`;
}
