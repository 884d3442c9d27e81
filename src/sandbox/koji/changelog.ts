import type { Build } from './hub.ts';

/** One entry of a `%changelog`, as the header of a package has it. */
export interface ChangelogEntry {
  /** Seconds; rpm writes noon of the day. */
  readonly time: number;
  /** All behind the date: name, address and version. */
  readonly author: string;
  readonly text: string;
}

const ENTRY = /^\*\s+\w{3}\s+(\w{3}\s+\d{1,2})\s+(\d{4})\s+(.*)$/;

/** The entries of a spec, newest first as they stand. */
export function readChangelog(spec: string): readonly ChangelogEntry[] {
  const [, section = ''] = spec.split(/^%changelog\b.*$/m);
  const entries: { time: number; author: string; lines: string[] }[] = [];
  for (const line of section.split('\n')) {
    const [, day, year, author = ''] = ENTRY.exec(line) ?? [];
    const time = day === undefined ? Number.NaN : Date.parse(`${day} ${year} 12:00:00 UTC`) / 1000;
    if (!Number.isNaN(time)) entries.push({ time, author: author.trim(), lines: [] });
    else entries.at(-1)?.lines.push(line.trimEnd());
  }
  return entries.map(({ time, author, lines }) => ({ time, author, text: lines.join('\n').trim() }));
}

const OF_BUILDS = new WeakMap<Build, readonly ChangelogEntry[]>();

/** Keeps what the source package of a build says. */
export function keepChangelog(build: Build, entries: readonly ChangelogEntry[]): void {
  OF_BUILDS.set(build, entries);
}

/** What the source package of a build says; nothing where it was never read. */
export function changelogOf(build: Build): readonly ChangelogEntry[] {
  return OF_BUILDS.get(build) ?? [];
}
