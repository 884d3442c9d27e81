import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nextCount } from '../../src/clients/autorelease.ts';
import { readSpec, withCount } from '../../src/clients/spec.ts';
import type { Command, CommandResult, Exec } from '../../src/core/ports.ts';
import { processExec } from '../../src/platform/exec.ts';
import { AUTOSPEC_CASES, AUTOSPEC_PACKAGE, type AutospecCase, importCase } from '../support/autospec.ts';
import { commandResult } from '../support/recorded-command.ts';

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

describe('a count that cannot be known is our trouble, never a lower one', () => {
  const id = (at: number) => at.toString(16).padStart(40, '0');
  const history = (commits: number, isCut: boolean) =>
    Array.from({ length: commits }, (_, at) => {
      const isLast = at + 1 === commits && !isCut;
      return isLast ? id(at) : `${id(at)} ${id(at + 1)}`;
    }).join('\n');
  const versionsOf = ({ args }: Command, version: (id: string) => string) => ({
    stdout: args
      .filter((word) => /^[0-9a-f]{40}$/.test(word))
      .flatMap((commit) =>
        [`Name: a`, `Version: ${version(commit)}`].map((line) => `${commit}:a.spec\0${line}`),
      )
      .join('\n'),
  });
  const counted = (
    answers: Readonly<Record<string, (command: Command) => Partial<CommandResult>>>,
  ): Promise<number> => {
    const canned: typeof answers = {
      'rev-list': () => ({ stdout: history(3, false) }),
      log: () => ({}),
      grep: (command) => versionsOf(command, () => '1'),
      ...answers,
    };
    const fake: Exec = async (command) =>
      commandResult({ command, exit: 0, ...canned[command.args[0] ?? '']?.(command) });
    return nextCount({ exec: fake, dir: root, spec: 'a.spec' }, never);
  };

  test.each<[string, Parameters<typeof counted>[0], string]>([
    [
      'a grep that git refuses',
      { grep: () => ({ exit: 128, stderr: 'fatal: bad object' }) },
      'GIT_LOCAL_FAILED',
    ],
    ['a grep that was killed', { grep: () => ({ exit: undefined, signal: 'SIGKILL' }) }, 'COMMAND_KILLED'],
    ['one spec that is longer than an answer', { grep: () => ({ truncated: true }) }, 'SPEC_UNSUITABLE'],
    [
      'a graph that was cut',
      { 'rev-list': () => ({ stdout: history(3, false), truncated: true }) },
      'GIT_LOCAL_FAILED',
    ],
    ['a log that was cut', { log: () => ({ truncated: true }) }, 'GIT_LOCAL_FAILED'],
    [
      'a version with more commits than are read',
      { 'rev-list': () => ({ stdout: history(10_000, true) }) },
      'SPEC_UNSUITABLE',
    ],
  ])('%s', async (_, answers, code) => {
    await expect(counted(answers)).rejects.toMatchObject({ code, kind: 'prober' });
  });

  test('commits that are not read do not matter where the version changed before', async () => {
    const grep = (command: Command) => versionsOf(command, (commit) => (commit < id(9000) ? '2' : '1'));
    expect(await counted({ 'rev-list': () => ({ stdout: history(10_000, true) }), grep })).toBe(9001);
  });

  test('a commit without a spec is none of these', async () => {
    expect(await counted({ grep: () => ({ exit: 1 }) })).toBe(1);
  });
});
