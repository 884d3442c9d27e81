import { describe, expect, test } from 'vitest';
import {
  cancelTaskCommand,
  fedpkgBuildCommand,
  readCancel,
  readFedpkgBuild,
  scratchBuildCommand,
} from '../../src/clients/koji-command.ts';
import { recordedCommand } from '../support/recorded-command.ts';

test('a build is submitted without watching and without asking Greenwave', () => {
  expect(fedpkgBuildCommand({ client: 'fedpkg', user: 'packprobe', dir: '/w/p' })).toMatchObject({
    file: 'fedpkg',
    args: ['--user', 'packprobe', 'build', '--nowait', '--skip-remote-rules-validation'],
    cwd: '/w/p',
  });
  expect(
    fedpkgBuildCommand({ client: 'fedpkg', user: 'packprobe', dir: '/w/p', target: 'f44-build-side-1' }).args,
  ).toContain('--target=f44-build-side-1');
  expect(cancelTaskCommand({ profile: 'stg', taskId: 7 })).toEqual({
    file: 'koji',
    args: ['--profile=stg', 'cancel', '7'],
  });
});

test('a scratch build is submitted without watching, with what it is known by afterwards', () => {
  const mark = { packprobe_run: 'r', packprobe_build: 'b' };
  const build = { client: 'fedpkg', user: 'packprobe', dir: '/w/p', mark };
  const marked = '--custom-user-metadata={"packprobe_run":"r","packprobe_build":"b"}';
  expect(scratchBuildCommand(build)).toMatchObject({
    file: 'fedpkg',
    args: ['--user', 'packprobe', 'scratch-build', '--nowait', '--skip-nvr-check', marked],
    cwd: '/w/p',
  });
  expect(scratchBuildCommand({ ...build, target: 't' }).args).toEqual(
    expect.arrayContaining(['--target=t', marked]),
  );
});

describe('fedpkg build', () => {
  test.each([
    ['gating-ok', 125],
    ['gssapi-ticket', 104],
    ['skip-nvr-check', 111],
    ['scratch-nowait', 115],
    ['scratch-srpm-nowait', 118],
    ['watch-503-short-retry', 123],
    ['wait-sigterm', 104],
  ])('%s has submitted its task', (name, taskId) => {
    expect(readFedpkgBuild(recordedCommand(`fedpkg/1.70/build-${name}`))).toEqual({ task_id: taskId });
  });

  test.each([
    ['hub-503-short-retry', 'KOJI_UNREACHABLE', 'unavailable', 'koji', false],
    ['call-503-short-retry', 'KOJI_UNREACHABLE', 'unavailable', 'koji', true],
    ['hub-down', 'KOJI_UNREACHABLE', 'unavailable', 'koji', false],
    ['hub-drop-short-retry', 'KOJI_UNREACHABLE', 'unavailable', 'koji', false],
    ['offline-hub', 'KOJI_OFFLINE', 'unavailable', 'koji', false],
    ['hub-html', 'KOJI_ANSWER_MALFORMED', 'malformed', 'koji', false],
    ['policy', 'BUILD_REFUSED', 'rejected', 'koji', false],
    ['unknown-target', 'BUILD_TARGET_UNKNOWN', 'rejected', 'koji', false],
    ['locked-target', 'BUILD_TARGET_UNKNOWN', 'rejected', 'koji', false],
    ['gssapi-expired-ticket', 'KOJI_LOGIN_REFUSED', 'rejected', 'koji', false],
    ['gssapi-keytab-in-profile-no-ticket', 'KERBEROS_TICKET_MISSING', 'prober', 'own', false],
    ['dirty', 'WORK_TREE_NOT_PUSHED', 'prober', 'own', false],
    ['detached-head', 'WORK_TREE_NOT_PUSHED', 'prober', 'own', false],
  ] as const)('%s is %s', (name, code, kind, system, maybe) => {
    expect(readFedpkgBuild(recordedCommand(`fedpkg/1.70/build-${name}`))).toMatchObject({
      fault: { code, kind, system },
      maybe_submitted: maybe,
    });
  });

  test('a retry that the hub could not match means that a task may be there', () => {
    const stderr = 'Could not execute build: unable to retry call 2 (method build) for session 4243\n';
    const result = { ...recordedCommand('fedpkg/1.70/build-policy'), stderr };
    expect(readFedpkgBuild(result)).toMatchObject({
      fault: { code: 'KOJI_ANSWER_LOST', kind: 'unavailable' },
      maybe_submitted: true,
    });
  });

  test('a hub that takes us for too eager is not there for us', () => {
    const stderr = 'Could not execute build: 429 Client Error: Too Many Requests for url: http://k/kojihub\n';
    expect(readFedpkgBuild({ ...recordedCommand('fedpkg/1.70/build-policy'), stderr })).toMatchObject({
      fault: { code: 'KOJI_UNREACHABLE', kind: 'unavailable', system: 'koji' },
    });
  });

  test('that was killed may have submitted its task', () => {
    const result = { ...recordedCommand('fedpkg/1.70/build-policy'), exit: undefined, signal: 'SIGKILL' };
    expect(readFedpkgBuild(result)).toMatchObject({
      maybe_submitted: true,
      fault: {
        code: 'COMMAND_KILLED',
        message: 'fedpkg was killed by SIGKILL',
        evidence: { signal: 'SIGKILL' },
      },
    });
  });

  test('a text that nobody knows is ours to look into', () => {
    const result = {
      ...recordedCommand('fedpkg/1.70/build-policy'),
      stderr: 'Could not execute build: boo\n',
    };
    expect(readFedpkgBuild(result)).toMatchObject({
      fault: { code: 'FEDPKG_UNKNOWN_ANSWER', kind: 'unexpected', system: 'own' },
    });
  });
});

describe('koji cancel', () => {
  test.each([
    ['cancel-denied', 'KOJI_NOT_OWNER', 'prober'],
    ['hub-503-after-login', 'KOJI_UNREACHABLE', 'unavailable'],
    ['gssapi-login-503', 'KOJI_UNREACHABLE', 'unavailable'],
    ['hub-down-build', 'KOJI_UNREACHABLE', 'unavailable'],
    ['hub-offline-login', 'KOJI_OFFLINE', 'unavailable'],
    ['hub-html-short-retry', 'KOJI_ANSWER_MALFORMED', 'malformed'],
    ['gssapi-no-ticket', 'KOJI_LOGIN_REFUSED', 'rejected'],
    ['no-such-profile', 'KOJI_PROFILE_MISSING', 'prober'],
  ] as const)('%s is %s', (name, code, kind) => {
    expect(readCancel(recordedCommand(`koji/1.36.1/${name}`))).toMatchObject({ code, kind });
  });
});
