import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readCache, writeCache } from '../../../src/sandbox/stand-ins/krb/cache.ts';
import { readKeytab, writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { REALM_VARIABLE, type Realm, writeRealm } from '../../../src/sandbox/stand-ins/krb/realm.ts';
import { standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { type Outcome, type Place, readCase, replay } from './replay.ts';

const KEY = 'ab'.repeat(32);
const OLD_KEY = 'cd'.repeat(32);
const REALM = 'SANDBOX.INVALID';
const PRINCIPAL = `packprobe/host.example.org@${REALM}`;
/** 2026-11-21 11:15:06 UTC. */
const KEYTAB_TIME = 1_795_259_706;

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

const principals: Realm['principals'] = [
  { name: PRINCIPAL, key: KEY },
  { name: `expiredprinc@${REALM}`, key: KEY, state: 'expired' },
  { name: `alice@${REALM}`, key: KEY },
];

/** Files as the cases found them; a ticket where the case needs one. */
function prepareFor(options: { readonly realm?: Partial<Realm> | 'absent'; readonly ticketEndsIn?: number }) {
  return async ({ dir }: Place) => {
    const krb = join(dir, 'krb');
    await mkdir(krb);
    const many = [2, 2, 3, 3].map((version, index) => ({ version, enctype: index % 2 === 0 ? 18 : 17 }));
    const parts: Buffer[] = [];
    for (const part of many) {
      writeKeytab(join(krb, 'part'), { principal: PRINCIPAL, key: KEY, timestamp: KEYTAB_TIME, ...part });
      parts.push((await readFile(join(krb, 'part'))).subarray(2));
    }
    await writeFile(join(krb, 'good.keytab'), Buffer.concat([Buffer.from([5, 2]), ...parts]));
    writeKeytab(join(krb, 'stale.keytab'), { principal: PRINCIPAL, key: OLD_KEY });
    writeKeytab(join(krb, 'exp.keytab'), { principal: `expiredprinc@${REALM}`, key: KEY });
    writeKeytab(join(krb, 'ghost.keytab'), { principal: `ghost@${REALM}`, key: KEY });
    const env: Record<string, string> = {};
    if (options.realm !== 'absent') {
      writeRealm(join(krb, 'realm.json'), { realm: REALM, principals, ...options.realm });
      env[REALM_VARIABLE] = join(krb, 'realm.json');
    }
    if (options.ticketEndsIn !== undefined) {
      const ends = Math.floor(Date.now() / 1000) + options.ticketEndsIn;
      const ticket = {
        client: PRINCIPAL,
        server: `krbtgt/${REALM}@${REALM}`,
        starts: ends - 3600,
        ends,
        renewUntil: ends + 82_800,
      };
      for (const name of ['cc1', 'cc23'])
        writeCache(join(krb, name), { principal: PRINCIPAL, tickets: [ticket] });
    }
    return { cwd: dir, env };
  };
}

/** Times of tickets are those of the day; keys are listed with the time of their file. */
function timeless(outcome: Outcome): Outcome {
  return { ...outcome, stdout: outcome.stdout.replaceAll(/\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME') };
}

describe('MIT Kerberos 1.20.1', () => {
  test.each([
    ['kinit', 'keytab-good', {}],
    ['kinit', 'keytab-missing-file', {}],
    ['kinit', 'keytab-stale-key', {}],
    ['kinit', 'other-realm', {}],
    ['kinit', 'principal-unknown', {}],
    ['kinit', 'principal-expired', {}],
    ['kinit', 'cache-dir-missing', {}],
    ['kinit', 'password-stdin-closed', {}],
    ['kinit', 'krb5-conf-absent', { realm: 'absent' }],
    ['kinit', 'kdc-refused-two', { realm: { kdc: 'refused' } }],
    ['kinit', 'kdc-none-configured', { realm: { kdc: 'none' } }],
    ['kinit', 'renew-good', { ticketEndsIn: 60 }],
    ['kinit', 'renew-no-cache', {}],
    ['klist', 'good', { ticketEndsIn: 60 }],
    ['klist', 'no-cache', {}],
    ['klist', 's-good', { ticketEndsIn: 60 }],
    ['klist', 's-no-cache', {}],
    ['klist', 's-expired-20m', { ticketEndsIn: -1200 }],
    ['klist', 'keytab-list', {}],
    ['klist', 'keytab-list-et', {}],
    ['kdestroy', 'destroy-again', {}],
  ] as const)('%s %s is answered as by the real tool', async (client, name, options) => {
    const { expected, actual } = await replay(readCase(client, '1.20.1', name), {
      prepare: prepareFor(options),
    });
    expect(timeless(actual)).toEqual(timeless(expected));
  });
});

async function withFolder(work: (dir: string, env: Record<string, string>) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'kerberos-'));
  try {
    writeRealm(join(dir, 'realm'), { realm: REALM, principals });
    await work(dir, {
      [REALM_VARIABLE]: join(dir, 'realm'),
      KRB5CCNAME: `FILE:${join(dir, 'cc')}`,
      HOME: dir,
    });
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('kinit', () => {
  test.each([
    ['empty', Buffer.alloc(0)],
    ['garbage', Buffer.from('not a keytab')],
  ])('a keytab that is %s is told as an unsupported format', async (_, content) => {
    await withFolder(async (dir, env) => {
      await writeFile(join(dir, 'k'), content);
      expect(await standIns.kinit(['-k', '-t', join(dir, 'k'), PRINCIPAL], dir, env)).toEqual({
        exit: 1,
        stdout: '',
        stderr:
          'kinit: Pre-authentication failed: Unsupported key table format version number while getting initial credentials\n',
      });
    });
  });

  test('a ticket lives 24 hours by the clock of the host unless a shorter life is asked for', async () => {
    await withFolder(async (dir, env) => {
      writeKeytab(join(dir, 'k'), { principal: PRINCIPAL, key: KEY });
      const life = async (...more: string[]) => {
        const { exit } = await standIns.kinit(['-kt', join(dir, 'k'), ...more, PRINCIPAL], dir, env);
        expect(exit).toBe(0);
        const ticket = readCache(join(dir, 'cc'))?.tickets[0];
        return (ticket?.ends ?? 0) - (ticket?.starts ?? 0);
      };
      expect(await life()).toBe(86_400);
      expect(await life('-l', '2s')).toBe(2);
    });
  });

  test.each([
    ['not renewable', { starts: 0, ends: 60, renewUntil: 0 }, "KDC can't fulfill requested option"],
    [
      'expired longer ago than clocks may differ',
      { starts: 0, ends: -301, renewUntil: 900 },
      'Ticket expired',
    ],
  ])('a ticket that is %s is not renewed', async (_, times, text) => {
    await withFolder(async (dir, env) => {
      const now = Math.floor(Date.now() / 1000);
      const ticket = {
        client: PRINCIPAL,
        server: `krbtgt/${REALM}@${REALM}`,
        starts: now + times.starts,
        ends: now + times.ends,
        renewUntil: times.renewUntil === 0 ? 0 : now + times.renewUntil,
      };
      writeCache(join(dir, 'cc'), { principal: PRINCIPAL, tickets: [ticket] });
      expect(await standIns.kinit(['-R'], dir, env)).toEqual({
        exit: 1,
        stdout: '',
        stderr: `kinit: ${text} while renewing credentials\n`,
      });
    });
  });

  test('a KDC that is silent can be left by an interrupt', async () => {
    await withFolder(async (dir, env) => {
      writeKeytab(join(dir, 'k'), { principal: PRINCIPAL, key: KEY });
      writeRealm(join(dir, 'realm'), { realm: REALM, principals, kdc: 'silent' });
      const { exit } = await standIns.kinit(['-k', '-t', join(dir, 'k'), PRINCIPAL], dir, env, {
        signal: AbortSignal.abort(),
      });
      expect(exit).toBe(130);
    });
  });
});

test('a keytab is read back as it was written', async () => {
  await withFolder(async (dir) => {
    const entry = { principal: PRINCIPAL, key: KEY, version: 300, timestamp: KEYTAB_TIME, enctype: 18 };
    writeKeytab(join(dir, 'k'), entry);
    expect(readKeytab(join(dir, 'k'))).toEqual([entry]);
    expect(readKeytab(join(dir, 'absent'))).toBe('missing');
  });
});

test('a cache is read back as it was written, and one of another format is none', async () => {
  await withFolder(async (dir) => {
    const tickets = [
      { client: PRINCIPAL, server: `krbtgt/${REALM}@${REALM}`, starts: 10, ends: 20, renewUntil: 30 },
    ];
    writeCache(join(dir, 'cc'), { principal: PRINCIPAL, tickets });
    expect(readCache(join(dir, 'cc'))).toEqual({ principal: PRINCIPAL, tickets });
    await writeFile(join(dir, 'cc'), 'garbage');
    expect(readCache(join(dir, 'cc'))).toBeUndefined();
  });
});
