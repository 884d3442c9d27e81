import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { git, tryGit } from '../../../src/sandbox/dist-git/git.ts';
import { countRelease, expandAutorelease, usesAutorelease } from '../../../src/sandbox/kit/autorelease.ts';
import { readSpec } from '../../../src/sandbox/koji/spec.ts';
import {
  AUTOSPEC_CASES,
  AUTOSPEC_PACKAGE,
  type AutospecCase,
  caseSpec,
  importCase,
} from '../../support/autospec.ts';

const root = mkdtempSync(join(tmpdir(), 'packprobe-autorelease-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = `${AUTOSPEC_PACKAGE}.spec`;

function versionOf(text: string): string | undefined {
  try {
    const { epoch, version } = readSpec(expandAutorelease(text, 1), {});
    return `${epoch}:${version}`;
  } catch {
    return undefined;
  }
}

async function count({ title, commits }: Pick<AutospecCase, 'title' | 'commits'>, changed?: string) {
  const repository = join(root, title.replaceAll(/\W+/g, '-'));
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=rawhide', repository]);
  importCase(repository, { commits });
  const head = (await git(repository, ['rev-parse', 'rawhide'])).trim();
  const number = await countRelease({
    git: (args) => tryGit(repository, args),
    head,
    file: FILE,
    versionOf,
    changed,
  });
  const spec = changed ?? (await git(repository, ['cat-file', 'blob', `${head}:${FILE}`]));
  return readSpec(expandAutorelease(spec, number), { dist: '' }).release;
}

describe('as rpmautospec counts', () => {
  test.each(AUTOSPEC_CASES)('$title', async (one) => {
    expect(await count(one)).toBe(one.release);
  });

  const commits = [{ spec: ['Version: 1.0', 'Release: %autorelease'] }, { message: 'Rebuild' }];

  test('a work tree that differs counts as one commit more', async () => {
    const changed = caseSpec(['Version: 1.0', 'Release: %autorelease -p']);
    expect(await count({ title: 'changed', commits }, changed)).toBe('0.3');
  });

  test('a work tree of a new version begins at one', async () => {
    const changed = caseSpec(['Version: 1.1', 'Release: %autorelease']);
    expect(await count({ title: 'changed version', commits }, changed)).toBe('1');
  });
});

describe('the macro', () => {
  test.each([
    ['%autorelease', '4%{?dist}'],
    ['%autorelease -n', '4'],
    ['%autorelease -b 10 -e rc1 -p', '0.13.rc1%{?dist}'],
    ['%autorelease -b10 -s%{gitdate}', '13.%{gitdate}%{?dist}'],
    ['%{autorelease -e x.y}', '4.x.y%{?dist}'],
    ['%{?autorelease}', '4%{?dist}'],
    ['%{?autorelease}%{!?autorelease:1%{?dist}}', '4%{?dist}'],
  ])('%s becomes %s', (macro, release) => {
    expect(expandAutorelease(`Release: ${macro}\nX: 1`, 4)).toBe(`Release: ${release}\nX: 1`);
  });

  test.each([
    ['in the release', 'Release: %autorelease\n%changelog\n', true],
    ['in a macro of its own', '%global rel %{autorelease -b 2}\nRelease: %rel\n', true],
    ['nowhere', 'Release: 1%{?dist}\n%changelog\n%autochangelog\n', false],
    ['in the changelog alone', 'Release: 1\n%changelog\n- use %autorelease\n', false],
    [
      'defined already, as rpmautospec leaves it',
      '%define autorelease(e:s:pb:n) 1\nRelease: %autorelease\n',
      false,
    ],
  ])('%s: rpmautospec is used or not', (_, spec, used) => {
    expect(usesAutorelease(spec)).toBe(used);
  });
});
