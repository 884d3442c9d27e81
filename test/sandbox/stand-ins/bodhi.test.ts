import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Kerberos, kerberosWorld } from './kerberos-world.ts';
import { casesOf, type Place, type RecordedCase, type RecordedRequest, readCase, replay } from './replay.ts';

const TICKET: Kerberos = { ticketEndsIn: 3600 };

const KERBEROS: Readonly<Record<string, Kerberos>> = {
  'spnego-expired-ticket': { ticketEndsIn: -600 },
  'spnego-ticket-kdc-down': { ...TICKET, realm: { kdc: 'refused' } },
  'spnego-ticket-kdc-silent': { ...TICKET, realm: { kdc: 'silent' } },
};

/** The token file as the case found it: told by the first request that carries a token. */
function prepareFor(recorded: RecordedCase, name: string) {
  return async (place: Place) => {
    const { dir, home, server } = place;
    const requests = recorded.requests ?? [];
    const first = requests[1];
    const bearer = requests.find(({ headers }) => headers['authorization'] !== undefined)?.headers[
      'authorization'
    ];
    const folder = join(home, '.config', 'bodhi');
    const idp = (recorded.env['BODHI_OPENID_PROVIDER'] ?? '').replace(
      /:\d+/,
      server.slice(server.indexOf(':')),
    );
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
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'koji'), '#!/bin/sh\n', { mode: 0o755 });
    const env = await kerberosWorld(place, recorded, KERBEROS[name] ?? {});
    return { cwd: dir, env: { ...env, PATH: `${bin}:${process.env['PATH']}` } };
  };
}

/** What a cut answer must have held, by what the real client printed of it. */
function uncut({ path, body }: RecordedRequest): unknown {
  const { update, text, builds } = body as Readonly<Record<string, string>>;
  if (path === '/comments/') return { comment: { text, update: { alias: update } }, caveats: [] };
  const updates = (builds ?? '').split(',').map((title) => ({
    title,
    content_type: 'rpm',
    status: 'pending',
    type: 'bugfix',
    date_submitted: '2026-11-21 10:00:00',
    date_pushed: null,
  }));
  return { updates, caveats: [{ description: 'Your update is being split into 2, one for each release.' }] };
}

const CASES = (['8.1.1', '26.4.0'] as const).flatMap((version) =>
  casesOf(`bodhi-${version}`).map((name) => [version, name] as const),
);

describe('bodhi', () => {
  test.each(CASES)('%s: %s is answered and asked as by the real client', async (version, name) => {
    const recorded = readCase('bodhi', version, name);
    const { expected, actual, readings } = await replay(recorded, {
      prepare: prepareFor(recorded, name),
      uncut,
    });
    // How long ago an update was made is told by the clock.
    const aged = (text: string) => text.replaceAll(/(\d{4}-\d\d-\d\d) \(\d+\)$/gm, '$1 (DAYS)');
    expect({ ...actual, stdout: aged(actual.stdout) }).toEqual({
      ...expected,
      stdout: aged(expected.stdout),
    });
    expect(readings.actual).toBe(readings.expected);
  });
});
