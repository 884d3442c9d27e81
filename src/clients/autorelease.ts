import { Fault } from '../core/fault.ts';
import type { Exec } from '../core/ports.ts';
import { gitIn } from './git.ts';
import { readSpec } from './spec.ts';

/** Histories are read so far back; a package of a service that builds every hour gets there in a year. */
const MOST_COMMITS = 10_000;
/** Commits whose specs one command reads; fewer where a spec is long. */
const AT_ONCE = 200;

/** The number that rpmautospec gives to the commit that is made next on top of the work tree's HEAD, its version unchanged. */
export async function nextCount(
  { exec, dir, spec }: { readonly exec: Exec; readonly dir: string; readonly spec: string },
  signal: AbortSignal,
): Promise<number> {
  const git = gitIn(exec, dir);
  const graph = readGraph(
    await git.local(
      ['rev-list', '--topo-order', '--parents', `--max-count=${MOST_COMMITS}`, 'HEAD', '--'],
      signal,
    ),
  );
  const wishes = readWishes(
    await git.local(['log', '-E', `--grep=${WISH}`, '--format=%H%x00%B%x00', 'HEAD', '--'], signal),
  );
  const versions = await versionsNeeded({ graph, spec }, (ids) => versionsAt({ git, spec }, ids, signal));
  const counts = new Map<string, number>();
  for (const { id, parents } of graph.toReversed()) {
    const version = versions.get(id);
    if (version === undefined) continue;
    const before = parents
      .filter((parent) => isCounted(version, versions.get(parent)))
      .map((parent) => counts.get(parent) ?? 0);
    const count = Math.max(0, ...before) + (version === NO_SPEC ? 0 : 1);
    counts.set(id, Math.max(count, wishes.get(id) ?? 0));
  }
  return (counts.get(graph[0]?.id ?? '') ?? 0) + 1;
}

interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
}

/** Stand for what has no version: rpmautospec looks past both, and counts only the second. */
const NO_SPEC = Symbol('no spec');
const UNREADABLE = Symbol('unreadable');
type Version = string | typeof NO_SPEC | typeof UNREADABLE;
type Versions = ReadonlyMap<string, Version>;

function isCounted(version: Version, ofParent: Version | undefined): boolean {
  if (ofParent === undefined) return false;
  return typeof version !== 'string' || typeof ofParent !== 'string' || version === ofParent;
}

function readGraph(listed: string): readonly Commit[] {
  return listed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', ...parents] = line.split(' ');
      return { id, parents };
    });
}

const WISH = '^[[:space:]]*\\[.*bump[[:space:]]+release';

/** Lines such as `[bump release: 7]`: the least number that a commit is to have. */
function readWishes(log: string): ReadonlyMap<string, number> {
  const parts = log.split('\0');
  const wishes = new Map<string, number>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const lines = (parts[at + 1] ?? '')
      .split('\n')
      .flatMap((line) => /^\s*\[(.*)\]\s*$/.exec(line)?.[1] ?? []);
    const numbers = lines
      .flatMap((line) => line.split(','))
      .map((part) => Number(/^\s*bump\s+release\s*:?\s*(\d+)/.exec(part)?.[1] ?? 0));
    wishes.set((parts[at] ?? '').trim(), Math.max(0, ...numbers));
  }
  return wishes;
}

/**
 * Reads versions from the newest commit on, until none is left that could add to the count of HEAD.
 * Throws where the graph ends before: a count of what was read would be too low, and look like any other.
 */
async function versionsNeeded(
  { graph, spec }: { readonly graph: readonly Commit[]; readonly spec: string },
  read: (ids: readonly string[]) => Promise<Versions>,
): Promise<Versions> {
  const known = new Map<string, Version>();
  /** Parents that are still to be met, with the versions of those children that count. */
  const awaited = new Map<string, readonly Version[]>();
  for (let at = 0; at === 0 || (at < graph.length && awaited.size > 0); at += AT_ONCE) {
    const part = graph.slice(at, at + AT_ONCE);
    for (const [id, version] of await read(part.map(({ id }) => id))) known.set(id, version);
    for (const [index, { id, parents }] of part.entries()) {
      const version = known.get(id);
      const children = awaited.get(id) ?? [];
      awaited.delete(id);
      const counts = at + index === 0 || children.some((child) => isCounted(child, version));
      if (!counts || version === undefined) continue;
      for (const parent of parents) awaited.set(parent, [...(awaited.get(parent) ?? []), version]);
    }
  }
  if (awaited.size > 0) {
    throw new Fault(
      `the version of ${spec} is older than the ${graph.length} commits that packprobe counts`,
      {
        code: 'SPEC_UNSUITABLE',
        kind: 'prober',
        evidence: { spec, commits: graph.length },
        hint: 'Give the spec file of the test package a new Version: then the count begins anew.',
      },
    );
  }
  return known;
}

const LINES = ['-e', '^(Name|Version|Epoch)[[:space:]]*:', '-e', '^[[:space:]]*%(define|global)[[:space:]]'];

/** What the spec says of epoch and version at each of the commits, read by one command. */
async function versionsAt(
  { git, spec }: { readonly git: ReturnType<typeof gitIn>; readonly spec: string },
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Versions> {
  const found = await git.grep(['--null', '--ignore-case', '-E', ...LINES, ...ids, '--', spec], signal);
  if (found === undefined && ids.length === 1) {
    throw new Fault(`${spec} has more tags and macros than packprobe reads`, {
      code: 'SPEC_UNSUITABLE',
      kind: 'prober',
      evidence: { spec, commit: ids[0] ?? '' },
      hint: 'Give the test package a plain spec file.',
    });
  }
  if (found === undefined) {
    const half = Math.ceil(ids.length / 2);
    const parts = [ids.slice(0, half), ids.slice(half)];
    const read = await Promise.all(parts.map((part) => versionsAt({ git, spec }, part, signal)));
    return new Map(read.flatMap((versions) => [...versions]));
  }
  const texts = new Map<string, string[]>();
  for (const line of found.split('\n')) {
    const [place = '', text] = line.split('\0');
    const id = place.split(':')[0] ?? '';
    if (text !== undefined) texts.set(id, [...(texts.get(id) ?? []), text]);
  }
  return new Map(ids.map((id) => [id, versionIn(texts.get(id), spec)]));
}

function versionIn(lines: readonly string[] | undefined, spec: string): Version {
  if (lines === undefined) return NO_SPEC;
  try {
    const { epoch, version } = readSpec([...lines, 'Release: 1'].join('\n'), spec);
    return `${epoch ?? ''}:${version}`;
  } catch (error) {
    if (error instanceof Fault) return UNREADABLE;
    throw error;
  }
}
