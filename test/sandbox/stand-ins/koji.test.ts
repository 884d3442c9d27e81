import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Place, readCase, replay } from './replay.ts';

const CASES = [
  'add-sidetag-denied',
  'add-sidetag-plugin-absent-on-hub',
  'add-sidetag-wait',
  'build-locked-target',
  'build-neither-wait-nor-nowait',
  'build-no-credentials',
  'build-policy',
  'build-quiet-nowait',
  'build-unknown-target',
  'build-wait-failed',
  'build-wait-ok',
  'buildinfo',
  'buildinfo-failed',
  'call-json',
  'call-nil',
  'call-unknown-method',
  'cancel-by-nvr-unknown',
  'cancel-denied',
  'hello-noauth',
  'hub-503-after-login',
  'hub-503-anonymous-anonretry',
  'hub-down-anonymous',
  'hub-down-build',
  'hub-html-short-retry',
  'hub-offline-login',
  'latest-build',
  'list-sidetags',
  'list-tagged',
  'list-tagged-unknown-tag',
  'list-tags-unknown-build',
  'no-such-profile',
  'remove-sidetag-unknown',
  'session-expired-once',
  'tag-build-nowait',
  'taskinfo-failed',
  'taskinfo-unknown',
  'unknown-command',
  'wait-repo-build',
  'wait-repo-build-not-tagged',
  'wait-repo-request',
  'wait-repo-target',
  'wait-repo-timeout',
  'watch-503-anonretry',
  'watch-task-closed',
  'watch-task-failed',
  'watch-task-unknown',
] as const;

// Not replayed, each knowingly: the list-tasks cases (their answers were cut when they were recorded); the Kerberos logins with a ticket (a stand-in
// has none that a hub would take); the cases that were killed by their recorder, by SIGINT or by SIGTERM.

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

function profile(server: string, more = ''): string {
  return `[koji]
server = http://${server}/kojihub
weburl = http://${server}/koji
topurl = http://${server}/kojifiles
authtype = password
poll_interval = 1
max_retries = 2
retry_interval = 1
${more}`;
}

async function prepare({ dir, server, down }: Place) {
  await mkdir(join(dir, 'home', '.koji'));
  await writeFile(join(dir, 'home', '.koji', 'config'), profile(server));
  await writeFile(join(dir, 'fast.conf'), profile(server));
  await writeFile(join(dir, 'down.conf'), profile(down));
  await writeFile(join(dir, 'noauth.conf'), profile(server).replace('authtype = password\n', ''));
  return { cwd: dir };
}

/** The greeting comes in a language of chance. */
function greeted<T extends { readonly stdout: string }>(outcome: T): T {
  return { ...outcome, stdout: outcome.stdout.replace(/^.+, (?=anonymous user!$)/m, 'GREETING, ') };
}

describe('koji 1.36.1', () => {
  test.each(CASES)('%s is answered and asked as by the real client', async (name) => {
    const { expected, actual } = await replay(readCase('koji', '1.36.1', name), { prepare });
    expect(greeted(actual)).toEqual(greeted(expected));
  });

  test('a login by Kerberos fails with the words of a hub that speaks plain http', async () => {
    const { expected, actual } = await replay(readCase('koji', '1.36.1', 'build-authtype-unset-no-ticket'), {
      prepare,
    });
    expect(actual).toEqual(expected);
  });
});
