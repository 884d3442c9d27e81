/** A macro with its options, to the end of its braces or of its line: rpm hands on the rest of a line to a macro that takes any. */
const MACRO = /%\{\??autorelease((?:\s[^{}]*(?:\{[^{}]*\}[^{}]*)*)?)\}|%autorelease(?=\s|$)([^\n]*)/g;

/** What a spec says for hosts without the macro. */
const WITHOUT_MACRO = /%\{!\?autorelease(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}/g;

/** Whether rpmautospec counts the release of a spec: it looks at what comes before the changelog, and not at specs that it has written. */
export function usesAutorelease(spec: string): boolean {
  const head = spec.split(/^%changelog(?:\s|$)/im)[0] ?? '';
  if (/^\s*%define\s+autorelease\s*\(/m.test(spec)) return false;
  return /%(?:autorelease(?:\s|$)|\{\??autorelease(?:\s+[^}]*)?\})/m.test(head);
}

/** The spec with the counted number in place of the macro, as rpmautospec's own macro writes it: `-b` base, `-p`, `-e`, `-s`, `-n` without dist tag. */
export function expandAutorelease(spec: string, number: number): string {
  return spec.replace(WITHOUT_MACRO, '').replace(MACRO, (_whole, braced?: string, plain?: string) => {
    const words = (braced ?? plain ?? '').split(/\s+/).filter((word) => word !== '');
    const value = (flag: string) => {
      const at = words.findIndex((word) => word.startsWith(flag));
      const word = words[at];
      return word === undefined ? undefined : word.length > flag.length ? word.slice(2) : words[at + 1];
    };
    const has = (flag: string) => words.some((word) => /^-[pn]+$/.test(word) && word.includes(flag));
    const tags = [value('-e'), value('-s')].filter((tag) => tag !== undefined && tag !== '');
    return [
      has('p') ? '0.' : '',
      String(number + Number(value('-b') ?? 1) - 1),
      ...tags.map((tag) => `.${tag}`),
      has('n') ? '' : '%{?dist}',
    ].join('');
  });
}

export interface CountOptions {
  /** Runs git in the repository; undefined where it failed. */
  readonly git: (args: readonly string[]) => Promise<string | undefined>;
  readonly head: string;
  /** Name of the spec file. */
  readonly file: string;
  /** Epoch and version of a spec as one text; undefined where it cannot be read. */
  readonly versionOf: (spec: string) => string | undefined;
  /** The spec of a work tree that differs from `head`: it counts as one commit more. */
  readonly changed?: string | undefined;
}

/**
 * The release number as rpmautospec counts it: commits since the version changed, along the longest way, those without a spec left out; a line
 * `[bump release: N]` of a message raises it. What cannot be read is passed over.
 */
export async function countRelease({ git, head, file, versionOf, changed }: CountOptions): Promise<number> {
  const versions = new Map<string, string | undefined>();
  const versionOfBlob = async (blob: string): Promise<string | undefined> => {
    if (!versions.has(blob)) {
      const text = await git(['cat-file', 'blob', blob]);
      versions.set(blob, text === undefined ? undefined : versionOf(text));
    }
    return versions.get(blob);
  };
  const counted = new Map<string, Counted>();
  for (const commit of readHistory((await git(historyArgs(head))) ?? '', file)) {
    const parents = commit.parents.flatMap((parent) => counted.get(parent) ?? []);
    const blob = commit.blob === 'as before' ? parents[0]?.blob : commit.blob;
    const version = blob === undefined ? undefined : await versionOfBlob(blob);
    const before = parents
      .filter((one) => version === undefined || one.version === undefined || one.version === version)
      .map(({ number }) => number);
    const number = Math.max(0, ...before) + (blob === undefined ? 0 : 1);
    counted.set(commit.id, { blob, version, number: Math.max(number, commit.wish) });
  }
  const last = counted.get(head);
  if (changed === undefined) return last?.number ?? 0;
  return last !== undefined && versionOf(changed) === last.version ? last.number + 1 : 1;
}

interface Counted {
  /** Of the spec; undefined where the commit has none. */
  readonly blob: string | undefined;
  readonly version: string | undefined;
  readonly number: number;
}

interface HistoryCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly wish: number;
  readonly blob: string | undefined | 'as before';
}

/** All commits, parents first, each with what it changed against its first parent. */
function historyArgs(head: string): readonly string[] {
  return [
    'log',
    '--topo-order',
    '--reverse',
    '--diff-merges=first-parent',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    '--root',
    '--format=%x00%H %P%x00%B%x00',
    head,
    '--',
  ];
}

function readHistory(log: string, file: string): readonly HistoryCommit[] {
  const [, ...parts] = log.split('\0');
  const commits: HistoryCommit[] = [];
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [ids = '', message = '', changes = ''] = parts.slice(at, at + 3);
    const [id = '', ...parents] = ids.trim().split(' ');
    commits.push({ id, parents, wish: wishOf(message), blob: blobIn(changes, file) });
  }
  return commits;
}

/** `:100644 100644 OLD NEW M<tab>path`; an object of zeros is gone. */
function blobIn(changes: string, file: string): HistoryCommit['blob'] {
  const line = changes.split('\n').find((one) => one.startsWith(':') && one.split('\t')[1] === file);
  if (line === undefined) return 'as before';
  const blob = line.split(' ')[3] ?? '';
  return /^0+$/.test(blob) ? undefined : blob;
}

function wishOf(message: string): number {
  const wishes = message
    .split('\n')
    .flatMap((line) => /^\s*\[(.*)\]\s*$/.exec(line)?.[1]?.split(',') ?? [])
    .map((part) => Number(/^\s*bump\s+release\s*(?::\s*)?(\d+)\s*/.exec(part)?.[1] ?? 0));
  return Math.max(0, ...wishes);
}
