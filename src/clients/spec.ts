import { epochOf } from '../core/civil.ts';
import { Fault } from '../core/fault.ts';
import { changelogDate, MONTHS } from './calendar.ts';

/** What a spec file says of its package; macros substituted, the dist tag left out. */
export interface SpecFacts {
  readonly name: string;
  readonly version: string;
  /** Without the dist tag: `4` of `4%{?dist}`. */
  readonly release: string;
  readonly epoch: string | undefined;
}

/**
 * The spec file of a clone: the one named like its folder, else the first, as the packager command chooses.
 * @param names all files of the clone, sorted
 */
export function chooseSpec(names: readonly string[], folder: string): string {
  const specs = names.filter((name) => name.endsWith('.spec'));
  const own = `${folder}.spec`;
  const chosen = specs.includes(own) ? own : specs[0];
  if (chosen !== undefined) return chosen;
  throw new Fault(`${folder} has no spec file on this branch`, {
    code: 'SPEC_MISSING',
    kind: 'prober',
    evidence: { folder },
    hint: 'Give the test package a spec file on this branch, or choose another branch.',
  });
}

/** Reads the tags of a spec file; `file` is for messages. */
export function readSpec(text: string, file: string): SpecFacts {
  const macros = macrosOf(text);
  const tag = (name: string) => {
    const value = macros.get(name);
    if (value === undefined) throw specFault(file, `has no ${name} that packprobe can read`);
    return substituted(value, macros, file);
  };
  return {
    name: tag('name'),
    version: tag('version'),
    release: tag('release'),
    epoch: macros.has('epoch') ? tag('epoch') : undefined,
  };
}

/** The name that the first source has on disk and in the lookaside: the last component of `Source0`. */
export function firstSource(text: string, file: string): string {
  const value = /^Source0?\s*:\s*(\S+)/im.exec(text)?.[1];
  if (value === undefined) throw specFault(file, 'has no Source0, so there is no tarball to upload');
  return substituted(value, macrosOf(text), file).split('/').at(-1) ?? '';
}

/** The folder that `%setup` or `%autosetup` expects inside the tarball. */
export function sourceFolder(text: string, file: string): string {
  const named = /^%(?:auto)?setup\b.*?\s-n\s*(\S+)/m.exec(text)?.[1];
  return substituted(named ?? '%{name}-%{version}', macrosOf(text), file);
}

const AUTORELEASE = /%\{\??autorelease(\s[^}]*)?\}|%autorelease(?=\s|$)(.*)/gm;

/** Whether rpmautospec counts the release: then a commit is the bump, and any edit of the line breaks it. */
export function usesAutorelease(text: string): boolean {
  const head = text.split(/^%changelog\b/im)[0] ?? '';
  return head.search(AUTORELEASE) !== -1 && !/^\s*%define\s+autorelease\s*\(/m.test(text);
}

/** The spec file as rpmautospec's macro reads with this number; the dist tag left out. */
export function withCount(text: string, count: number): string {
  return text
    .replaceAll(/%\{!\?autorelease(?::(?:[^{}]|\{[^{}]*\})*)?\}/g, '')
    .replaceAll(AUTORELEASE, (_, braced = '', plain = '') => {
      const options = new Map<string, string>();
      for (const [, flag = '', value = ''] of `${braced}${plain}`.matchAll(/-([bes])\s*(\S+)|-[pn]+/g)) {
        options.set(flag, value);
      }
      const isPrerelease = /(?:^|\s)-n?p/.test(`${braced}${plain}`);
      const tags = ['e', 's'].flatMap((flag) => options.get(flag) ?? []);
      return [`${isPrerelease ? '0.' : ''}${count + Number(options.get('b') ?? 1) - 1}`, ...tags].join('.');
    });
}

function usesAutochangelog(text: string): boolean {
  return /^%\{?\??autochangelog\b/m.test(text);
}

/**
 * The spec file with the next release and without a new changelog entry, by the rule of `rpmdev-bumpspec`: a macro `release` or `baserelease` that holds a
 * number, and then nothing else; or every `Release:` that begins with a number; or the last number behind a dot, or `.1`.
 */
export function bumpRelease(text: string, file: string): string {
  const ruled = (pattern: RegExp, next: (old: string) => string) => {
    let bumped = 0;
    const lines = text.split('\n').map((line) => {
      const match = pattern.exec(line);
      if (match?.[1] === undefined || match[2] === undefined || /\$Revision:/.test(line)) return line;
      bumped += 1;
      return match[1] + next(match[2]);
    });
    return bumped === 0 ? undefined : lines.join('\n');
  };
  const bumped =
    ruled(/^(%(?:define|global)\s+(?:base)?release\s+)(\d.*)$/i, nextRelease) ??
    ruled(/^(Release\s*:\s*)(\d.*)$/i, nextRelease) ??
    ruled(/^(Release\s*:\s*)(\S.*)$/i, nextByFallback);
  if (bumped === undefined) throw specFault(file, 'has no Release to bump');
  return bumped;
}

function nextRelease(old: string): string {
  const prerelease = /^0\.(\d+)(.*)$/.exec(old);
  if (prerelease !== null) return `0.${Number(prerelease[1]) + 1}${prerelease[2]}`;
  const match = /^(\d+)(.*)$/.exec(old);
  if (match === null || (match[2] ?? '').includes('rc')) return nextByFallback(old);
  return `${Number(match[1]) + 1}${match[2]}`;
}

function nextByFallback(old: string): string {
  const trimmed = old.trimEnd();
  const match = /^(.+\.)(\d+)$/.exec(trimmed);
  return match === null ? `${trimmed}.1` : `${match[1]}${Number(match[2]) + 1}`;
}

export interface ChangelogEntry {
  /** `Name <mail>`. */
  readonly author: string;
  /** Epoch ms. */
  readonly at: number;
  /** One line, without a dash before it. */
  readonly comment: string;
}

/**
 * Puts an entry on top of the changelog; a spec without a changelog, or with a generated one, stays as it is. The entry is never older than the one
 * below it: rpm refuses to build a changelog that goes back in time.
 */
export function addChangelogEntry(text: string, entry: ChangelogEntry, file: string): string {
  if (usesAutochangelog(text)) return text;
  const lines = text.split('\n');
  const head = lines.findIndex((line) => /^%changelog\s*$/.test(line));
  if (head === -1) return text;
  const { epoch, version, release } = readSpec(text, file);
  const evr = `${epoch === undefined ? '' : `${epoch}:`}${version}-${release}`;
  const date = changelogDate(Math.max(entry.at, newestEntry(lines.slice(head + 1)) ?? entry.at));
  lines.splice(head + 1, 0, `* ${date} ${entry.author} - ${evr}`, `- ${entry.comment}`, '');
  return lines.join('\n');
}

/** Gives the entry that `rpmdev-bumpspec` has just written our date instead of today's: the same run must always write the same bytes. */
export function pinChangelogDate(text: string, { author, at }: ChangelogEntry): string {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => /^%changelog\s*$/.test(line));
  const first = lines.findIndex((line, index) => index > head && line.startsWith('* '));
  const heading = lines[first];
  const start = heading?.indexOf(` ${author}`) ?? -1;
  if (head === -1 || heading === undefined || start === -1) return text;
  const date = changelogDate(Math.max(at, newestEntry(lines.slice(first + 1)) ?? at));
  lines[first] = `* ${date}${heading.slice(start)}`;
  return lines.join('\n');
}

/** Whether `rpmdev-bumpspec` can be let near: with a generated changelog it writes an entry that must not be there. */
export function suitsBumpspec(text: string): boolean {
  return !usesAutochangelog(text);
}

function newestEntry(lines: readonly string[]): number | undefined {
  for (const line of lines) {
    // With or without a time of day: `* Mon Jan  5 10:00:00 UTC 2026 …`.
    const match = /^\*\s+\w{3}\s+(\w{3})\s+(\d{1,2})\s+(?:[\d:]+\s+\S+\s+)?(\d{4})\b/.exec(line);
    if (match === null) continue;
    const month = MONTHS.indexOf((match[1] ?? '') as (typeof MONTHS)[number]) + 1;
    if (month === 0) return undefined;
    return epochOf({ year: Number(match[3]), month, day: Number(match[2]), hour: 0, minute: 0, second: 0 });
  }
  return undefined;
}

function macrosOf(text: string): ReadonlyMap<string, string> {
  const macros = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (/^%(?:description|prep|changelog)\b/.test(line)) break;
    const defined = /^\s*%(?:define|global)\s+(\w+)\s+(\S.*)$/.exec(line);
    if (defined !== null) macros.set(defined[1] ?? '', (defined[2] ?? '').trim());
    const tag = /^(Name|Version|Release|Epoch)\s*:\s*(\S.*)$/i.exec(line);
    if (tag !== null) macros.set((tag[1] ?? '').toLowerCase(), (tag[2] ?? '').trim());
  }
  // %define release 3 with "Release: %{release}%{?dist}": the tag must not name itself.
  const release = /^%(?:define|global)\s+release\s+(\S.*)$/m.exec(text)?.[1];
  if (release !== undefined && /%\{?\??release\b/.test(macros.get('release') ?? '')) {
    macros.set('release', release.trim());
  }
  return macros;
}

const ROUNDS = 20;

/** What rpm would make of it, for what specs of test packages use: `%name`, `%{name}`, `%{?name}`, `%{?name:text}`, `%{!?name:text}`. */
function substituted(value: string, macros: ReadonlyMap<string, string>, file: string): string {
  let text = value;
  for (let round = 0; round < ROUNDS && text.includes('%'); round += 1) {
    const next = text
      .replaceAll(/%\{([!?]*)(\w+)(?::([^{}]*))?\}/g, (whole, flags: string, name: string, body?: string) => {
        const known = macros.get(name);
        if (flags.includes('!')) return known === undefined ? (body ?? '') : '';
        if (known !== undefined) return body ?? known;
        return flags.includes('?') || name === 'dist' ? '' : whole;
      })
      .replaceAll(/%(\w+)/g, (whole, name: string) => macros.get(name) ?? (name === 'dist' ? '' : whole));
    if (next === text) break;
    text = next;
  }
  if (!text.includes('%')) return text;
  throw new Fault(`${file} uses a macro that packprobe cannot read: ${value}`, {
    code: 'SPEC_MACRO_UNKNOWN',
    kind: 'prober',
    evidence: { value, left: text },
    hint: 'Write the value out in the spec file of the test package, or define the macro in it.',
  });
}

function specFault(file: string, what: string): Fault {
  return new Fault(`${file} ${what}`, {
    code: 'SPEC_UNSUITABLE',
    kind: 'prober',
    evidence: { spec: file },
    hint: 'Give the test package a plain spec file: Name, Version, a numbered Release or %autorelease, and Source0 where a tarball is uploaded.',
  });
}
