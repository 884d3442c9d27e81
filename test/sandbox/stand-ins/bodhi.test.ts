import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Place, type RecordedCase, readCase, replay } from './replay.ts';

const CASES = [
  'composes-list',
  'edit-notes',
  'help',
  'new-after-refused-refresh',
  'new-all-options',
  'new-bodhi-down',
  'new-caveat',
  'new-cookie-secure',
  'new-from-tag',
  'new-from-two-tags',
  'new-greenwave-down',
  'new-no-notes',
  'new-no-token-no-oob',
  'new-one-build',
  'new-refused-tag',
  'new-security-no-severity',
  'new-token-endpoint-500',
  'new-token-expired-refreshed',
  'new-token-file-corrupt',
  'new-type-unspecified',
  'overrides-query',
  'query-bad-status',
  'query-bodhi-503',
  'query-builds',
  'query-idp-503',
  'query-idp-down',
  'query-mine',
  'query-none',
  'releases-help',
  'releases-info',
  'releases-info-nulls',
  'releases-list',
  'releases-requirements-old-server',
  'request-refused',
  'request-stable',
  'request-unknown-update',
  'spnego-no-ticket',
  'trigger-tests-refused',
  'unknown-command',
  'updates-help',
  'updates-new-help',
  'updates-waive-help',
  'version',
  'waive-no-comment',
  'waive-no-test',
  'waive-refused',
  'waive-show-and-test',
  'waive-test',
  'waive-two-tests',
] as const;

// Not replayed, each knowingly: comment-karma and new-multi-release (their answers were cut when they were recorded), login-token-401-always (endless),
// overrides-save-* and updates-download-* (not part of the stand-in). A traceback is compared by its last line.

/** The token file as the case found it: told by the first request that carries a token. */
function prepareFor(recorded: RecordedCase, name: string) {
  return async ({ dir, server }: Place) => {
    const requests = recorded.requests ?? [];
    const first = requests[1];
    const bearer = requests.find(({ headers }) => headers['authorization'] !== undefined)?.headers[
      'authorization'
    ];
    const folder = join(dir, 'home', '.config', 'bodhi');
    const idp = `http://${server}/openidc`;
    const now = Math.floor(Date.now() / 1000);
    let content: string | undefined;
    if (name === 'new-token-file-corrupt') content = '{broken';
    else if (first?.path === '/openidc/Token') {
      content = JSON.stringify({
        tokens: { [idp]: { access_token: 'old', refresh_token: 'rt-0', expires_at: now - 60 } },
      });
    } else if (first?.path.startsWith('/openidc/Authorization') === true) {
      if (name === 'new-after-refused-refresh') content = JSON.stringify({ tokens: { [idp]: {} } });
    } else {
      const token = bearer?.replace('Bearer ', '') ?? 'at-1';
      content = JSON.stringify({
        tokens: { [idp]: { access_token: token, refresh_token: 'rt-1', expires_at: now + 3600 } },
      });
    }
    if (content !== undefined) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'client.json'), content);
    }
    return { cwd: dir };
  };
}

describe('bodhi 26.4.0', () => {
  test.each(CASES)('%s is answered and asked as by the real client', async (name) => {
    const recorded = readCase('bodhi', '26.4.0', name);
    const { expected, actual } = await replay(recorded, { prepare: prepareFor(recorded, name) });
    expect(actual).toEqual(expected);
  });

  test('an unknown option is refused as by the real client, but without its guesses', async () => {
    const recorded = readCase('bodhi', '26.4.0', 'unknown-option');
    const { expected, actual } = await replay(recorded, { prepare: prepareFor(recorded, 'unknown-option') });
    expect(actual).toEqual({ ...expected, stderr: expected.stderr.replace(/ \(Did you mean .*\)$/m, '') });
  });
});
