import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nextCount } from '../../src/clients/autorelease.ts';
import { readSpec, withCount } from '../../src/clients/spec.ts';
import type { Command } from '../../src/core/ports.ts';
import { processExec } from '../../src/platform/exec.ts';
import { AUTOSPEC_CASES, AUTOSPEC_PACKAGE, type AutospecCase, importCase } from '../support/autospec.ts';

const root = mkdtempSync(join(tmpdir(), 'packprobe-count-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = `${AUTOSPEC_PACKAGE}.spec`;
const never = new AbortController().signal;
const exec = processExec({ environment: { PATH: process.env['PATH'] ?? '', HOME: root }, cwd: root });

function clone({ title, commits }: Pick<AutospecCase, 'title' | 'commits'>): string {
  const dir = join(root, title.replaceAll(/\W+/g, '-'));
  execFileSync('git', ['init', '--quiet', '--initial-branch=rawhide', dir]);
  importCase(dir, { commits });
  execFileSync('git', ['-C', dir, 'reset', '--quiet', '--hard']);
  return dir;
}

describe('the next commit is counted as rpmautospec counts it', () => {
  test.each(AUTOSPEC_CASES)('$title', async (one) => {
    const dir = clone(one);
    const count = await nextCount({ exec, dir, spec: FILE }, never);
    const { release } = readSpec(withCount(readFileSync(join(dir, FILE), 'utf8'), count - 1), FILE);
    expect(release).toBe(one.release);
  });
});

const spec = ['Version: 1.0', 'Release: %autorelease'];

test('a long history is read in parts, back to where the version changed and no further', async () => {
  const dir = clone({
    title: 'long',
    commits: [
      ...Array.from({ length: 600 }, () => ({ spec: ['Version: 0.9', 'Release: %autorelease'] })),
      ...Array.from({ length: 450 }, () => ({ spec })),
    ],
  });
  const ran: Command[] = [];
  const counting = (command: Command, signal: AbortSignal) => {
    ran.push(command);
    return exec(command, signal);
  };
  expect(await nextCount({ exec: counting, dir, spec: FILE }, never)).toBe(451);
  expect(ran.filter(({ args }) => args[0] === 'grep')).toHaveLength(3);
});

test('a spec of more lines than one answer holds is read in smaller parts', async () => {
  const long = [
    ...Array.from({ length: 400 }, (_, index) => `%global macro${index} ${'x'.repeat(80)}`),
    ...spec,
  ];
  const dir = clone({ title: 'wide', commits: [{ spec: long }, ...Array.from({ length: 40 }, () => ({}))] });
  expect(await nextCount({ exec, dir, spec: FILE }, never)).toBe(42);
});
