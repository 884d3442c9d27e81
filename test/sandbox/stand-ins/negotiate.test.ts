import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Run } from '../../../src/sandbox/stand-ins/common/stand-in.ts';
import { readCache, writeCache } from '../../../src/sandbox/stand-ins/krb/cache.ts';
import { writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { negotiateToken } from '../../../src/sandbox/stand-ins/krb/negotiate.ts';
import {
  faultyRealm,
  type KdcState,
  REALM_VARIABLE,
  type Realm,
  writeRealm,
} from '../../../src/sandbox/stand-ins/krb/realm.ts';
import { standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';

const ME = 'me@R';
const KEY = 'ab'.repeat(32);
const REALM: Realm = {
  realm: 'R',
  principals: [
    { name: ME, key: KEY },
    { name: 'HTTP/localhost@R', key: KEY },
  ],
};

let dir: string;
let cache: string;
let slept: number;
let run: Run;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'negotiate-'));
  cache = join(dir, 'cc');
  slept = 0;
  writeRealm(join(dir, 'realm'), REALM);
  writeKeytab(join(dir, 'keytab'), { principal: ME, key: KEY });
  writeKeytab(join(dir, 'old'), { principal: ME, key: 'cd'.repeat(32) });
  run = {
    argv: [],
    cwd: dir,
    env: { [REALM_VARIABLE]: join(dir, 'realm'), KRB5CCNAME: `FILE:${cache}` },
    signal: new AbortController().signal,
    print: () => {},
    warn: () => {},
    write: () => {},
    readLine: async () => undefined,
    sleep: async (seconds) => {
      slept += seconds;
    },
  };
});

afterEach(() => rm(dir, { recursive: true }));

function giveTicket(endsIn: number): void {
  const ends = Math.floor(Date.now() / 1000) + endsIn;
  const ticket = { client: ME, server: 'krbtgt/R@R', starts: ends - 600, ends, renewUntil: 0 };
  writeCache(cache, { principal: ME, tickets: [ticket] });
}

const withEnv = (env: Record<string, string>): Run => ({ ...run, env: { ...run.env, ...env } });

describe('a token for a service', () => {
  test('is got by the ticket, and the ticket of the service stays in the cache', async () => {
    giveTicket(600);
    expect(await negotiateToken(run, 'localhost')).toMatch(/^Negotiate YH/);
    expect(readCache(cache)?.tickets.map(({ server }) => server)).toEqual(['krbtgt/R@R', 'HTTP/localhost@R']);
    // Now no KDC is needed any more.
    writeRealm(join(dir, 'realm'), { ...REALM, kdc: 'refused' });
    expect(await negotiateToken(run, 'localhost')).toBeDefined();
  });

  test.each([
    ['for an address, which is no name of a service', () => giveTicket(600), '127.0.0.1'],
    ['with a ticket that has expired', () => giveTicket(-1), 'localhost'],
    ['without a cache', () => {}, 'localhost'],
  ])('is not there %s', async (_, prepare, host) => {
    prepare();
    expect(await negotiateToken(run, host)).toBeUndefined();
  });

  test('a silent KDC is waited for twice', async () => {
    giveTicket(600);
    writeRealm(join(dir, 'realm'), { ...REALM, kdc: 'silent' });
    expect(await negotiateToken(run, 'localhost')).toBeUndefined();
    expect(slept).toBe(54);
  });

  test.each([
    [
      'the keytab of the environment',
      () => withEnv({ KRB5_CLIENT_KTNAME: `FILE:${join(dir, 'keytab')}` }),
      {},
    ],
    ['the keytab of a profile', () => run, { file: 'keytab', principal: ME }],
    ['one that names the principal without its realm', () => run, { file: 'keytab', principal: 'me' }],
  ])('is got without kinit by %s, and the ticket stays', async (_, runOf, { file, principal }: Keytab) => {
    const keytab = file === undefined ? undefined : { file: join(dir, file), principal };
    expect(await negotiateToken(runOf(), 'localhost', keytab)).toBeDefined();
    expect(await standIns.klist(['-s'], dir, run.env)).toMatchObject({ exit: 0 });
  });

  test('is not got by a keytab with an old key', async () => {
    expect(await negotiateToken(run, 'localhost', { file: join(dir, 'old') })).toBeUndefined();
    expect(readCache(cache)).toBeUndefined();
  });
});

interface Keytab {
  readonly file?: string;
  readonly principal?: string;
}

test.each([
  ['one that refuses', 'refused', 0],
  ['one without an address', 'unknown_name', 0],
  ['one that is silent', 'silent', 27],
  ['one that is silent by UDP alone', 'silent_udp', 18],
  ['one that is silent by TCP alone', 'silent_tcp', 24],
  ['two that are silent', ['silent', 'silent'], 40],
] as readonly (readonly [string, KdcState | KdcState[], number])[])(
  'kinit gives up on %s after as long as the real one',
  async (_, kdc, seconds) => {
    const waits: number[] = [];
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((done: () => void, ms: number) => {
      waits.push(ms / 1000);
      queueMicrotask(done);
    }) as unknown as typeof setTimeout);
    writeRealm(join(dir, 'realm'), { ...REALM, kdc });
    const { exit, stderr } = await standIns.kinit(['-k', '-t', join(dir, 'keytab'), ME], dir, run.env);
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: "kinit: Cannot contact any KDC for realm 'R' while getting initial credentials\n",
    });
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(seconds);
  },
);

test('a KDC behind a silent one is asked two seconds later', async () => {
  giveTicket(600);
  writeRealm(join(dir, 'realm'), { ...REALM, kdc: ['silent', 'up'] });
  expect(await negotiateToken(run, 'localhost')).toBeDefined();
  expect(slept).toBe(2);
});

describe('a fault of the realm', () => {
  test.each([
    ['a word for the KDC', 'silent', { kdc: 'silent' }],
    [
      'a clock',
      { clock_offset_s: 400, corrects_clock: false },
      { clock_offset_s: 400, corrects_clock: false },
    ],
    ['nothing', undefined, {}],
    ['a word that nobody knows', 'sleepy', {}],
  ])('%s', (_, answer, more) => {
    expect(faultyRealm(REALM, answer)).toEqual({ ...REALM, ...more });
  });

  test.each([
    ['locked', "Client's credentials have been revoked"],
    ['expired', "Client's entry in database has expired"],
    ['password_expired', 'Password has expired'],
    ['rekeyed', 'Preauthentication failed'],
  ])('%s principals are refused', async (state, text) => {
    writeRealm(join(dir, 'realm'), faultyRealm(REALM, { principals: state }));
    const { stderr } = await standIns.kinit(['-k', '-t', join(dir, 'keytab'), ME], dir, run.env);
    expect(stderr).toBe(`kinit: ${text} while getting initial credentials\n`);
  });
});
