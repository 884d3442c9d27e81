import { expect, test } from 'vitest';
import {
  cloneCommand,
  fedpkgFault,
  newSourcesCommand,
  newSourcesFault,
  parseSources,
  switchBranchCommand,
} from '../../src/clients/fedpkg.ts';
import { commandResult, recordedCases, recordedCommand } from '../support/recorded-command.ts';
import { testEnvironment } from '../support/step-context.ts';

const recorded = (name: string) => recordedCommand(`fedpkg/1.70/${name}`);

test('the user stands before the command, always', () => {
  const environment = testEnvironment();
  const options = { package: 'foo', branch: 'f44', into: 'dist-git/f44/foo' };
  expect(cloneCommand(environment, options)).toEqual({
    file: 'fedpkg',
    args: ['--user', 'packprobe', 'clone', '-b', 'f44', 'foo', 'dist-git/f44/foo'],
  });
  expect(switchBranchCommand(environment, 'f44').args).toEqual([
    '--user',
    'packprobe',
    'switch-branch',
    'f44',
  ]);
  expect(newSourcesCommand(environment, 'foo.tar.gz').args.slice(2)).toEqual(['new-sources', 'foo.tar.gz']);
});

test('another client and another namespace of the environment are obeyed', () => {
  const environment = testEnvironment({
    'dist-git': { url: 'http://d.test', client: 'centpkg', namespace: 'containers' },
  });
  const command = cloneCommand(environment, { package: 'foo', branch: 'c10s', into: 'x' });
  expect(command.file).toBe('centpkg');
  expect(command.args).toContain('containers/foo');
});

test.each([
  ['new-sources-lookaside-403', 'LOOKASIDE_FORBIDDEN', 'rejected', 'fas'],
  ['new-sources-lookaside-up403', 'LOOKASIDE_FORBIDDEN', 'rejected', 'fas'],
  ['new-sources-lookaside-404', 'LOOKASIDE_PACKAGE_UNKNOWN', 'rejected', 'lookaside'],
  ['new-sources-lookaside-500', 'LOOKASIDE_BROKEN', 'unavailable', 'lookaside'],
  ['new-sources-lookaside-up500', 'LOOKASIDE_BROKEN', 'unavailable', 'lookaside'],
  ['new-sources-lookaside-503', 'LOOKASIDE_BROKEN', 'unavailable', 'lookaside'],
  ['new-sources-lookaside-badsum', 'LOOKASIDE_REFUSED', 'rejected', 'lookaside'],
  ['new-sources-lookaside-down-attempts', 'LOOKASIDE_UNREACHABLE', 'unavailable', 'lookaside'],
  ['new-sources-lookaside-drop', 'LOOKASIDE_UNREACHABLE', 'unavailable', 'lookaside'],
  ['new-sources-lookaside-odd', 'LOOKASIDE_PROTOCOL', 'malformed', 'lookaside'],
  ['new-sources-negotiate-expired-ticket', 'LOOKASIDE_UNAUTHORIZED', 'rejected', 'lookaside'],
  ['new-sources-negotiate-no-ticket', 'LOOKASIDE_UNAUTHORIZED', 'rejected', 'lookaside'],
  ['new-sources-negotiate-ticket-ip', 'LOOKASIDE_UNAUTHORIZED', 'rejected', 'lookaside'],
  ['new-sources-tracked-file', 'SOURCE_TRACKED', 'prober', 'own'],
])('recorded %s is %s', (name, code, kind, system) => {
  expect(newSourcesFault(recorded(name))).toMatchObject({ code, kind, system, hint: expect.any(String) });
});

test('no failing upload on record is left without a judgement', () => {
  const failing = recordedCases('fedpkg/1.70').filter(
    (name) => name.startsWith('new-sources') && recorded(name).exit !== 0,
  );
  expect(failing).toHaveLength(14);
  for (const name of failing) expect(newSourcesFault(recorded(name)).code, name).not.toBe('FEDPKG_UNKNOWN');
});

test.each([
  ['no-config-file', 'FEDPKG_CONFIG'],
  ['config-without-kojiprofile', 'FEDPKG_CONFIG'],
  ['usage-no-command', 'FEDPKG_CONFIG'],
  ['switch-branch-dirty', 'WORK_TREE_DIRTY'],
])('recorded %s is our own %s', (name, code) => {
  expect(fedpkgFault(recorded(name), 'x')).toMatchObject({ code, kind: 'prober', hint: expect.any(String) });
});

test('a key that the configuration lacks is our own trouble', () => {
  const stderr = "Could not execute clone: 'lookaside_cgi'\n";
  expect(fedpkgFault(commandResult({ stderr }), 'clone').code).toBe('FEDPKG_CONFIG');
});

test('a git trouble behind fedpkg is charged to dist-git', () => {
  expect(fedpkgFault(recorded('clone-git-503'), 'clone')).toMatchObject({
    code: 'GIT_SERVER_BROKEN',
    system: 'dist-git',
    message: 'clone: the server answered that it is broken',
  });
});

test('a text that nobody knows is not charged to the lookaside', () => {
  expect(newSourcesFault(commandResult({ stderr: 'Could not execute new_sources: hm' }))).toMatchObject({
    code: 'FEDPKG_UNKNOWN',
    system: 'own',
  });
});

test('sources is read in its new and its old form', () => {
  const text = `SHA512 (foo-1.0.tar.gz) = aab31332c5e7\n9e107d9d372bb6826bd81d3542a419d6  foo-0.9.tar.gz\n\nodd\n`;
  expect(parseSources(text)).toEqual([
    { algorithm: 'sha512', file: 'foo-1.0.tar.gz', hash: 'aab31332c5e7' },
    { algorithm: 'md5', file: 'foo-0.9.tar.gz', hash: '9e107d9d372bb6826bd81d3542a419d6' },
  ]);
});
