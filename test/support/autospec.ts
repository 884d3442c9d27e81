import { execFileSync } from 'node:child_process';

/** One commit of a made-up package; from the second on the parent is the one before unless it says otherwise. */
export interface CaseCommit {
  /** Lines of the spec that matter; `none` removes it, `broken` is none that rpm reads. Left out: as in the first parent. */
  readonly spec?: readonly string[] | 'none' | 'broken';
  readonly message?: string;
  /** Positions of the parents in the list. */
  readonly parents?: readonly number[];
  /** A file that is written beside. */
  readonly file?: string;
}

export interface AutospecCase {
  readonly title: string;
  readonly commits: readonly CaseCommit[];
  /** What `rpmautospec calculate-release` prints for the last commit: without the dist tag. */
  readonly release: string;
}

export const AUTOSPEC_PACKAGE = 'autospec';

const spec = (version: string, release = '%autorelease', ...more: readonly string[]) => [
  `Version: ${version}`,
  `Release: ${release}`,
  ...more,
];
const SETUP: CaseCommit = { spec: 'none', message: 'Initial setup of the repo' };
const IMPORT: CaseCommit = { spec: spec('1.0'), message: 'Initial import' };
const EMPTY: CaseCommit = { message: 'Rebuild' };

/** Histories, each with what rpmautospec 0.8.5 itself counted for it. */
export const AUTOSPEC_CASES: readonly AutospecCase[] = [
  { title: 'the first commit with a spec counts one', commits: [SETUP, IMPORT], release: '1' },
  {
    title: 'every commit counts, empty ones too',
    commits: [SETUP, IMPORT, { file: 'a.patch' }, EMPTY],
    release: '3',
  },
  {
    title: 'a new version begins at one',
    commits: [IMPORT, EMPTY, { spec: spec('1.1') }, EMPTY],
    release: '2',
  },
  {
    title: 'a version that comes back begins anew',
    commits: [IMPORT, EMPTY, { spec: spec('1.1') }, { spec: spec('1.0') }],
    release: '1',
  },
  {
    title: 'a new epoch is a new version',
    commits: [IMPORT, EMPTY, { spec: spec('1.0', '%autorelease', 'Epoch: 1') }],
    release: '1',
  },
  {
    title: 'a version in a macro is resolved',
    commits: [
      { spec: ['%global upstream 3', ...spec('%{upstream}.0')] },
      { spec: ['%global upstream 4', ...spec('%{upstream}.0')] },
      EMPTY,
    ],
    release: '2',
  },
  {
    title: '-b sets where it begins',
    commits: [{ spec: spec('1.0', '%autorelease -b 5') }, EMPTY],
    release: '6',
  },
  {
    title: '-p and -e frame it',
    commits: [{ spec: spec('1.0', '%autorelease -p -e rc1') }, EMPTY],
    release: '0.2.rc1',
  },
  {
    title: '-e comes before -s',
    commits: [{ spec: spec('1.0', '%autorelease -s 20260105git -e beta') }],
    release: '1.beta.20260105git',
  },
  {
    title: 'braces hold the options as well',
    commits: [{ spec: spec('1.0', '%{autorelease -b 3 -e x}') }, EMPTY],
    release: '4.x',
  },
  {
    title: 'a conditional macro counts',
    commits: [{ spec: spec('1.0', '%{?autorelease}') }, EMPTY],
    release: '2',
  },
  {
    title: 'a message raises it',
    commits: [IMPORT, { message: 'Rebuild\n\n[bump release: 10]' }, EMPTY],
    release: '11',
  },
  {
    title: 'a message that asks for less does nothing',
    commits: [IMPORT, EMPTY, { message: 'Rebuild\n\n[bump release 2]' }],
    release: '3',
  },
  {
    title: 'two wishes stand in one line',
    commits: [IMPORT, { message: 'Rebuild\n\n[skip changelog, bump release: 7]' }],
    release: '7',
  },
  {
    title: 'a wish in the midst of a line is none',
    commits: [IMPORT, { message: 'Rebuild with [bump release: 7] in it' }],
    release: '2',
  },
  {
    title: 'a commit that is kept out of the changelog counts',
    commits: [IMPORT, { message: 'Rebuild\n\n[skip changelog]' }],
    release: '2',
  },
  {
    title: 'a changelog file changes nothing',
    commits: [{ ...IMPORT, file: 'changelog' }, EMPTY, { file: 'changelog' }],
    release: '3',
  },
  {
    title: 'a merge follows the longer side',
    commits: [
      IMPORT,
      { parents: [0], file: 'a' },
      { parents: [1], file: 'b' },
      { parents: [0], file: 'c' },
      { parents: [3, 2], message: 'Merge' },
    ],
    release: '4',
  },
  {
    title: 'a side of another version does not count in a merge',
    commits: [
      IMPORT,
      { parents: [0], file: 'a' },
      { parents: [1], file: 'b' },
      { parents: [0], spec: spec('2.0') },
      { parents: [3, 2], message: 'Merge' },
    ],
    release: '2',
  },
  {
    title: 'a merge may bring the version of its other side',
    commits: [
      IMPORT,
      { parents: [0], spec: spec('2.0') },
      { parents: [1], file: 'b' },
      { parents: [0], file: 'c' },
      { parents: [3, 2], spec: spec('2.0'), message: 'Merge' },
    ],
    release: '3',
  },
  {
    title: 'a spec that could not be read for a while is passed over',
    commits: [IMPORT, EMPTY, { spec: 'broken' }, { spec: spec('1.0') }],
    release: '4',
  },
  {
    title: 'a spec that was away for a while is passed over, and its absence does not count',
    commits: [IMPORT, EMPTY, { spec: 'none' }, { spec: spec('1.0') }],
    release: '3',
  },
  {
    title: 'builds from before the conversion count',
    commits: [{ spec: spec('1.0', '4%{?dist}') }, { spec: spec('1.0', '5%{?dist}') }, { spec: spec('1.0') }],
    release: '3',
  },
];

/** The spec of a commit of a case. */
export function caseSpec(lines: readonly string[] | 'broken'): string {
  if (lines === 'broken') return `Name: ${AUTOSPEC_PACKAGE}\n<<<<<<< HEAD\n`;
  return `Name: ${AUTOSPEC_PACKAGE}
${lines.join('\n')}
Summary: Package without content
License: MIT

%description
None.

%files

%changelog
%autochangelog
`;
}

/** Writes the history of a case into an empty repository, as branch `rawhide`. */
export function importCase(repository: string, { commits }: Pick<AutospecCase, 'commits'>): void {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const stream = commits.map(({ spec: lines, message = 'Change', parents, file }, index) => {
    const [first, ...others] = parents ?? (index === 0 ? [] : [index - 1]);
    return [
      `commit refs/heads/rawhide\nmark :${index + 1}\n`,
      `committer A Packager <packager@example.org> ${1_700_000_000 + 60 * index} +0000\n`,
      data(message),
      first === undefined ? '' : `from :${first + 1}\n`,
      ...others.map((parent) => `merge :${parent + 1}\n`),
      index === 0 ? `M 100644 inline .gitignore\n${data('')}` : '',
      lines === undefined
        ? ''
        : lines === 'none'
          ? index === 0
            ? ''
            : `D ${AUTOSPEC_PACKAGE}.spec\n`
          : `M 100644 inline ${AUTOSPEC_PACKAGE}.spec\n${data(caseSpec(lines))}`,
      file === undefined ? '' : `M 100644 inline ${file}\n${data(`${index}\n`)}`,
    ].join('');
  });
  execFileSync('git', ['-C', repository, 'fast-import', '--quiet', '--force'], { input: stream.join('') });
}
