import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRefusal } from '../../src/clients/bodhi-command.ts';
import {
  blameLogin,
  expiryOf,
  judgeKinit,
  judgeRefusedTicket,
  kerberosFaultIn,
  kinitCommand,
  login,
  parseKlist,
} from '../../src/clients/kerberos.ts';
import { readCancel } from '../../src/clients/koji-command.ts';
import { Fault } from '../../src/core/fault.ts';
import { canned } from '../support/canned.ts';
import { commandResult, recordedCases, recordedCommand, whenRun } from '../support/recorded-command.ts';
import { cannedExec, stepContext } from '../support/step-context.ts';

const never = new AbortController().signal;
const KINIT = { file: 'kinit', args: [] };

function faultOf(run: () => void): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const FAILING: Readonly<Record<string, readonly [string, 'own' | 'fas']>> = {
  'cache-dir-missing': ['KERBEROS_CACHE_UNWRITABLE', 'own'],
  'kdc-name-unknown': ['KDC_UNREACHABLE', 'fas'],
  'kdc-none-configured': ['KERBEROS_CONFIG', 'own'],
  'kdc-refused-two': ['KDC_UNREACHABLE', 'fas'],
  'kdc-silent-tcp-first': ['KDC_UNREACHABLE', 'fas'],
  'kdc-silent-tcp-udp-refused': ['KDC_UNREACHABLE', 'fas'],
  'kdc-silent-udp-tcp-refused': ['KDC_UNREACHABLE', 'fas'],
  'keytab-missing-file': ['KERBEROS_KEYTAB_MISSING', 'own'],
  'keytab-no-principal-argument': ['KERBEROS_KEYTAB_NO_KEYS', 'own'],
  'keytab-stale-key': ['KERBEROS_PREAUTH_FAILED', 'own'],
  'krb5-conf-absent': ['KERBEROS_CONFIG', 'own'],
  'krb5-conf-garbage': ['KERBEROS_CONFIG', 'own'],
  'other-realm': ['KERBEROS_KEYTAB_NO_KEYS', 'own'],
  'principal-expired': ['KERBEROS_PRINCIPAL_REVOKED', 'own'],
  'principal-unknown': ['KERBEROS_PRINCIPAL_UNKNOWN', 'own'],
  'renew-no-cache': ['KERBEROS_TICKET_EXPIRED', 'own'],
  'skew+400-notimesync': ['KERBEROS_CLOCK_SKEW', 'own'],
  'skew-400-notimesync': ['KERBEROS_CLOCK_SKEW', 'own'],
};

test.each(Object.entries(FAILING))('kinit, recorded %s, is %s', (name, [code, charge]) => {
  const fault = faultOf(() => judgeKinit(recordedCommand(`kinit/1.20.1/${name}`)));
  expect(fault).toMatchObject({ code, system: charge, evidence: { exit: 1 } });
  expect(fault.kind).toBe(charge === 'own' ? 'prober' : 'unavailable');
  expect(fault.hint).toBeTruthy();
});

test('every other recorded kinit either passed or asked for a password', () => {
  const others = recordedCases('kinit/1.20.1').filter((name) => FAILING[name] === undefined);
  for (const name of others.filter((other) => other !== 'password-stdin-closed')) {
    expect(() => judgeKinit(recordedCommand(`kinit/1.20.1/${name}`)), name).not.toThrow();
  }
});

test.each([
  ["Client's credentials have been revoked", 'KERBEROS_PRINCIPAL_REVOKED', 'prober'],
  [
    'Pre-authentication failed: Unsupported key table format version number',
    'KERBEROS_KEYTAB_UNREADABLE',
    'prober',
  ],
  ['Pre-authentication failed: Permission denied', 'KERBEROS_KEYTAB_UNREADABLE', 'prober'],
  ['KDC policy rejects request', 'KDC_REFUSED', 'rejected'],
  ['A service is not available that is required to process the request', 'KDC_BROKEN', 'unavailable'],
  ['Something new', 'KERBEROS_UNKNOWN', 'unexpected'],
])('kinit saying "%s" is %s', (text, code, kind) => {
  const stderr = `kinit: ${text} while getting initial credentials\n`;
  expect(faultOf(() => judgeKinit(commandResult({ command: KINIT, stderr })))).toMatchObject({ code, kind });
});

test('a kinit that was killed says nothing of the KDC', () => {
  const result = commandResult({ command: KINIT, exit: undefined, signal: 'SIGKILL' });
  expect(faultOf(() => judgeKinit(result))).toMatchObject({ code: 'COMMAND_KILLED', system: 'own' });
});

test('kinit is given time for two silent KDCs and no more', () => {
  expect(kinitCommand('/k', 'p@R')).toEqual({
    file: 'kinit',
    args: ['-k', '-t', '/k', 'p@R'],
    limitMs: 45_000,
  });
});

test('the recorded klist tells principal and expiry', () => {
  const cache = parseKlist(recordedCommand('klist/1.20.1/good').stdout);
  expect(cache?.principal).toBe('packprobe/host.example.org@SANDBOX.INVALID');
  expect(cache && expiryOf(cache)).toBe(Date.UTC(2026, 10, 21, 12, 15, 55));
});

test('klist with years of four digits and a service ticket is read too', () => {
  const cache = parseKlist(`Ticket cache: FILE:/tmp/krb5cc_1000
Default principal: packagerbot@FEDORAPROJECT.ORG

Valid starting       Expires              Service principal
05/01/2026 10:00:05  05/02/2026 09:00:00  HTTP/koji.fedoraproject.org@FEDORAPROJECT.ORG
05/01/2026 10:00:00  05/02/2026 10:00:00  krbtgt/FEDORAPROJECT.ORG@FEDORAPROJECT.ORG
	renew until 05/08/2026 10:00:00
`);
  expect(cache?.tickets).toHaveLength(2);
  expect(cache && expiryOf(cache)).toBe(Date.UTC(2026, 4, 2, 10));
});

test('a klist without a cache is not a cache', () => {
  expect(parseKlist(recordedCommand('klist/1.20.1/no-cache').stdout)).toBeUndefined();
});

test('a ticket that is over as soon as it is got means that our clock is off', async () => {
  const exec = cannedExec([
    whenRun(['kinit'], recordedCommand('kinit/1.20.1/skew+90000')),
    whenRun(['klist', '-s'], recordedCommand('klist/1.20.1/s-skew+90000')),
    whenRun(['klist'], recordedCommand('klist/1.20.1/good')),
  ]);
  await expect(login(exec, { keytab: '/k', principal: 'p@R' }, never)).rejects.toMatchObject({
    code: 'KERBEROS_CLOCK_SKEW',
    kind: 'prober',
  });
});

test('a klist that cannot be read is not taken for a good one', async () => {
  const exec = cannedExec([
    whenRun(['klist', '-s'], {}),
    whenRun(['klist'], { stdout: 'Heimdal speaks otherwise\n' }),
    whenRun(['kinit'], {}),
  ]);
  await expect(login(exec, { keytab: '/k', principal: 'p@R' }, never)).rejects.toMatchObject({
    code: 'KLIST_UNREADABLE',
    kind: 'unexpected',
  });
});

test.each([
  ['gss_init_sec_context() failed: Cannot contact any KDC for realm R', 'KDC_UNREACHABLE'],
  ['No Kerberos credentials available (default cache: FILE:/x)', 'KERBEROS_TICKET_EXPIRED'],
  ['Ticket expired', 'KERBEROS_TICKET_EXPIRED'],
])('another command that says "%s" is %s', (text, code) => {
  expect(kerberosFaultIn(text, 'git push', {})?.code).toBe(code);
});

test('an ASN.1 trouble of somebody else is not Kerberos', () => {
  expect(kerberosFaultIn('ASN.1 bad tag in certificate', 'git push', {})).toBeUndefined();
});

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/packprobe-krb-`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const REFUSAL = new Fault('refused', {
  code: 'LOOKASIDE_UNAUTHORIZED',
  kind: 'rejected',
  system: 'lookaside',
});

test.each([
  [
    'the ticket has expired',
    'klist/1.20.1/s-expired-20m',
    'kinit/1.20.1/keytab-good',
    'KERBEROS_TICKET_EXPIRED',
    'own',
  ],
  ['the KDC is silent', 'klist/1.20.1/s-good', 'kinit/1.20.1/kdc-refused-two', 'KDC_UNREACHABLE', 'fas'],
  [
    'the keytab is stale',
    'klist/1.20.1/s-good',
    'kinit/1.20.1/keytab-stale-key',
    'KERBEROS_PREAUTH_FAILED',
    'own',
  ],
  [
    'the ticket is good',
    'klist/1.20.1/s-good',
    'kinit/1.20.1/keytab-good',
    'LOOKASIDE_UNAUTHORIZED',
    'lookaside',
  ],
])('a refused login, when %s, is charged to who is to blame', async (_name, klist, kinit, code, system) => {
  const exec = cannedExec([
    whenRun(['klist', '-s'], recordedCommand(klist)),
    whenRun(['kinit'], recordedCommand(kinit)),
  ]);
  expect(await judgeRefusedTicket(stepContext({ dir, exec }), REFUSAL)).toMatchObject({ code, system });
});

test('the limit of a step that passes while the KDC is asked is not charged to it', async () => {
  const ranOut = new Fault('step update did not end within 30m', { code: 'STEP_TIMED_OUT', kind: 'timeout' });
  const limit = new AbortController();
  const exec = cannedExec([
    whenRun(['klist', '-s'], recordedCommand('klist/1.20.1/s-good')),
    canned(['kinit'], () => {
      limit.abort(ranOut);
      throw ranOut;
    }),
  ]);
  const asked = judgeRefusedTicket(stepContext({ dir, exec, signal: limit.signal }), REFUSAL);
  await expect(asked).rejects.toBe(ranOut);
});

test.each([
  ['koji/1.36.1/gssapi-expired-ticket', 's-expired-20m', 'keytab-good', 'KERBEROS_TICKET_EXPIRED', 'own'],
  ['koji/1.36.1/gssapi-no-ticket', 's-no-cache', 'keytab-good', 'KERBEROS_TICKET_EXPIRED', 'own'],
  ['koji/1.36.1/gssapi-keytab-kdc-down', 's-good', 'kdc-refused-two', 'KDC_UNREACHABLE', 'fas'],
  ['koji/1.36.1/gssapi-ticket-kdc-silent', 's-good', 'kdc-silent-tcp-first', 'KDC_UNREACHABLE', 'fas'],
  ['koji/1.36.1/gssapi-stale-keytab', 's-good', 'keytab-stale-key', 'KERBEROS_PREAUTH_FAILED', 'own'],
  ['koji/1.36.1/gssapi-login-403', 's-good', 'keytab-good', 'KOJI_LOGIN_REFUSED', 'koji'],
  ['bodhi/26.4.0/spnego-no-ticket', 's-no-cache', 'keytab-good', 'KERBEROS_TICKET_EXPIRED', 'own'],
  ['bodhi/8.1.1/spnego-ticket-kdc-down', 's-good', 'kdc-refused-two', 'KDC_UNREACHABLE', 'fas'],
  ['bodhi/26.4.0/spnego-ticket-kdc-down', 's-good', 'keytab-good', 'BODHI_LOGIN_REFUSED', 'fas'],
])('%s, with klist %s and kinit %s, is %s', async (name, klist, kinit, code, system) => {
  const refused = recordedCommand(name);
  const address = { url: 'http://bodhi.test', id_provider: 'http://id.test/openidc' };
  const refusal = name.startsWith('koji') ? readCancel(refused) : readRefusal(refused, address);
  if (refusal === undefined) return expect.fail('no fault');
  const exec = cannedExec([
    whenRun(['klist', '-s'], recordedCommand(`klist/1.20.1/${klist}`)),
    whenRun(['kinit'], recordedCommand(`kinit/1.20.1/${kinit}`)),
  ]);
  expect(await blameLogin(refusal, stepContext({ dir, exec }), never)).toMatchObject({ code, system });
});

test('another fault than a refused login is not looked into', async () => {
  const fault = readCancel(recordedCommand('koji/1.36.1/gssapi-login-503'));
  if (fault === undefined) return expect.fail('no fault');
  expect(await blameLogin(fault, stepContext({ dir, exec: cannedExec([]) }), never)).toBe(fault);
});

test("the check of a refused login leaves the run's own ticket alone", async () => {
  const exec = cannedExec([whenRun(['klist'], {}), whenRun(['kinit'], {})]);
  await judgeRefusedTicket(stepContext({ dir, exec }), REFUSAL);
  expect(exec.ran.find(({ file }) => file === 'kinit')?.env?.['KRB5CCNAME']).toBe(
    `FILE:${dir}/home/krb5cc.check`,
  );
});
