import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configText, readCloneConfig } from '../../../src/sandbox/stand-ins/fedpkg/clone-config.ts';

let dir: string;
const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
const git = (...args: string[]) => execFileSync('git', ['-C', dir, ...args], { env, encoding: 'utf8' });
const add = (text: string) => appendFileSync(join(dir, '.git', 'config'), text);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-config-'));
  git('init', '--quiet');
});

afterEach(() => rmSync(dir, { recursive: true }));

test.each([
  ['plain', 'remote.origin.pushurl', 'ssh://alice@host/rpms/hello'],
  ['with blanks and an option', 'credential.helper', 'fedpkg -C /tmp/a folder/fedpkg.conf gitcred'],
  ['with quotes and backslashes', 'sendemail.to', 'a "b" \\c # d ; e'],
  ['on two lines', 'fedpkg.text', 'one\n\ttwo'],
  ['below a name with dots', 'remote.a.b.url', 'x'],
])('a value %s is read by git as it was written', (_, key, value) => {
  add(configText(key, value));
  expect(git('config', '--get', '-z', key)).toBe(`${value}\0`);
});

test('remotes and branches are read as git reads them', () => {
  git('remote', 'add', 'origin', 'https://host/rpms/hello.git');
  git('config', 'branch.f44.merge', 'refs/heads/f44');
  git('config', 'branch.f44.remote', 'origin');
  git('config', 'remote.origin.pushUrl', 'https://alice@host/rpms/hello.git');
  add(configText('remote.origin.pushurl', 'https://bob@host/rpms/hello'));
  const theirs = git('config', '--get-regexp', '^(remote|branch)\\.')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ') as [string, string]);
  const ours = [...(readCloneConfig(dir) ?? [])].filter(([key]) => /^(remote|branch)\./.test(key));
  expect(ours).toEqual([...new Map(theirs)]);
});

test.each([
  ['includes another', '[include]\n\tpath = other\n'],
  ['escapes', '[remote "origin"]\n\turl = "a\\"b"\n'],
  ['comments', '[remote "origin"]\n\turl = a # b\n'],
  ['goes on in the next line', '[branch "f44"]\n\tmerge = a\\\n b\n'],
  ['says all in one line', '[remote "origin"] url = a\n'],
])('a file that %s is left to git', (_, text) => {
  add(text);
  expect(readCloneConfig(dir)).toBeUndefined();
});

test('where there is no clone nothing is read', () => {
  expect(readCloneConfig(join(dir, 'nowhere'))).toBeUndefined();
});
