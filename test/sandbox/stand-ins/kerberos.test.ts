import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readCache, writeCache } from '../../../src/sandbox/stand-ins/krb/cache.ts';
import { readKeytab, writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { REALM_VARIABLE, type Realm, writeRealm } from '../../../src/sandbox/stand-ins/krb/realm.ts';
import { standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { type Kerberos, kerberosWorld } from './kerberos-world.ts';
import { casesOf, type Outcome, readCase, replay } from './replay.ts';

const KEY = 'ab'.repeat(32);
const REALM = 'SANDBOX.INVALID';
const PRINCIPAL = `packprobe/host.example.org@${REALM}`;

const principals: Realm['principals'] = [{ name: PRINCIPAL, key: KEY }];
const KEYTAB_TIME = 1_795_259_706;

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

/** Times of tickets are those of the day; the host has a name of its own. */
function neutral(outcome: Outcome): Outcome {
  return {
    ...outcome,
    stdout: outcome.stdout.replaceAll(/\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME'),
    stderr: outcome.stderr.replace(`host/${hostname()}@`, 'host/HOSTNAME@'),
  };
}

/** What was so before a case; a host whose clock is moved is a KDC whose clock is moved the other way. */
const BEFORE: Readonly<Record<string, Kerberos>> = {
  'kinit kdc-clock-ahead-20m': { realm: { clock_offset_s: 1200 } },
  'kinit kdc-name-unknown': { realm: { kdc: 'unknown_name' } },
  'kinit kdc-none-configured': { realm: { kdc: 'none' } },
  'kinit kdc-refused-then-good': { realm: { kdc: ['refused', 'up'] } },
  'kinit kdc-refused-two': { realm: { kdc: ['refused', 'refused'] } },
  'kinit kdc-silent-tcp-first': { realm: { kdc: 'silent' } },
  'kinit kdc-silent-tcp-udp-refused': { realm: { kdc: 'silent_tcp' } },
  'kinit kdc-silent-then-good': { realm: { kdc: ['silent', 'up'] } },
  'kinit kdc-silent-udp-tcp-refused': { realm: { kdc: 'silent_udp' } },
  'kinit keytab-again-20m': { realm: { clock_offset_s: -1200 } },
  'kinit krb5-conf-absent': { realm: 'absent' },
  'kinit krb5-conf-garbage': { realm: 'garbage' },
  'kinit not-renewable': { realm: { renewable: false } },
  'kinit renew-expired': { ticketEndsIn: -5 },
  'kinit renew-good': { ticketEndsIn: 60 },
  'kinit skew+200': { realm: { clock_offset_s: -200 } },
  'kinit skew+200-notimesync': { realm: { clock_offset_s: -200, corrects_clock: false } },
  'kinit skew+400-notimesync': { realm: { clock_offset_s: -400, corrects_clock: false } },
  'kinit skew+90000': { realm: { clock_offset_s: -90_000 } },
  'kinit skew-400': { realm: { clock_offset_s: 400 } },
  'kinit skew-400-notimesync': { realm: { clock_offset_s: 400, corrects_clock: false } },
  'klist good': { ticketEndsIn: 60 },
  'klist s-after-failed-renew': { ticketEndsIn: 60 },
  'klist s-expired-20m': { ticketEndsIn: -1200 },
  'klist s-good': { ticketEndsIn: 60 },
  'klist s-krb5-conf-garbage': { realm: 'garbage', ticketEndsIn: 60 },
  'klist s-short-at-once': { ticketEndsIn: 60 },
  'klist s-skew+400': { ticketEndsIn: 3600 - 400 },
  'klist s-skew+90000': { ticketEndsIn: 3600 - 90_000 },
  'klist s-skew-400': { ticketEndsIn: 3600 + 400 },
  'kvno service': { ticketEndsIn: 60 },
  'kvno unknown-service': { ticketEndsIn: 60 },
};

const CASES = (['kinit', 'klist', 'kvno', 'kdestroy'] as const).flatMap((client) =>
  casesOf(`${client}-1.20.1`).map((name) => [client, name] as const),
);

describe('MIT Kerberos 1.20.1', () => {
  test.each(CASES)('%s %s is answered as by the real tool', async (client, name) => {
    const recorded = readCase(client, '1.20.1', name);
    const { expected, actual, readings } = await replay(recorded, {
      prepare: async (place) => ({
        cwd: place.dir,
        env: await kerberosWorld(place, recorded, BEFORE[`${client} ${name}`] ?? {}),
      }),
      ...(name === 'password-good' ? { input: 'secret\n' } : {}),
    });
    expect(neutral(actual)).toEqual(neutral(expected));
    const timeless = (reading: string) => reading.replace(/until .*/, 'until TIME');
    expect(timeless(readings.actual)).toBe(timeless(readings.expected));
  });

  test('what is said of a case is said of one that is there', () => {
    expect(CASES.map((words) => words.join(' '))).toEqual(expect.arrayContaining(Object.keys(BEFORE)));
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
