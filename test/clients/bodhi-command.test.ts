import { describe, expect, test } from 'vitest';
import {
  blameProvider,
  maybeDone,
  newUpdateCommand,
  readRefusal,
  requestCommand,
  runBodhi,
  updateIdOf,
} from '../../src/clients/bodhi-command.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Http } from '../../src/core/ports.ts';
import { commandResult, recordedCommand } from '../support/recorded-command.ts';
import { cannedHttp } from '../support/step-context.ts';

const address = { url: 'http://bodhi.test', id_provider: 'http://127.0.0.1:21033/openidc' };

test('an update is never pushed by time or karma', () => {
  expect(newUpdateCommand(address, { builds: ['a-1-1', 'b-1-1'], notes: 'n', type: 'bugfix' }).args).toEqual([
    ...['updates', 'new', '--url', 'http://bodhi.test'],
    ...['--id-provider', 'http://127.0.0.1:21033/openidc'],
    ...['--type', 'bugfix', '--notes', 'n', '--no-autotime', '--no-autokarma', 'a-1-1,b-1-1'],
  ]);
  expect(
    requestCommand({ url: 'http://bodhi.test' }, { alias: 'FEDORA-1', request: 'obsolete' }).args,
  ).toEqual(['updates', 'request', '--url', 'http://bodhi.test', 'FEDORA-1', 'obsolete']);
});

test.each(['new-one-build', 'new-caveat', 'new-greenwave-down', 'new-after-refused-refresh'])(
  'the alias is read from the box of %s',
  (name) => {
    expect(updateIdOf(recordedCommand(`bodhi/26.4.0/${name}`))).toBe('FEDORA-2026-0a1b2c3d4e');
  },
);

test('a refusal with exit 0 has no alias', () => {
  const result = recordedCommand('bodhi/26.4.0/new-refused-tag');
  expect(result.exit).toBe(0);
  expect(updateIdOf(result)).toBeUndefined();
});

test.each([
  ['new-refused-tag', 'BUILD_NOT_ACCEPTED', 'rejected', 'bodhi'],
  ['new-cookie-secure', 'BODHI_FORBIDDEN', 'rejected', 'bodhi'],
  ['new-bodhi-down', 'BODHI_UNAVAILABLE', 'unavailable', 'bodhi'],
  ['query-bodhi-503', 'BODHI_UNAVAILABLE', 'unavailable', 'bodhi'],
  ['new-token-endpoint-500', 'ID_PROVIDER_UNAVAILABLE', 'unavailable', 'fas'],
  ['query-idp-down', 'ID_PROVIDER_UNAVAILABLE', 'unavailable', 'fas'],
  ['spnego-no-ticket', 'BODHI_LOGIN_REFUSED', 'rejected', 'fas'],
  ['new-token-file-corrupt', 'BODHI_TOKEN_FILE_BROKEN', 'prober', 'own'],
  ['new-security-no-severity', 'BODHI_USAGE', 'prober', 'own'],
  ['request-refused', 'BODHI_REFUSED', 'rejected', 'bodhi'],
  ['new-multi-release', 'BODHI_UNKNOWN_ANSWER', 'unexpected', 'own'],
] as const)('%s is %s', (name, code, kind, system) => {
  expect(readRefusal(recordedCommand(`bodhi/26.4.0/${name}`), address)).toMatchObject({ code, kind, system });
});

describe('refusals by their text', () => {
  test.each([
    ['Koji error getting build: a-1-1', 'unavailable', 'koji'],
    ['Unable to access Pagure to check ACLs. Please try again later.', 'unavailable', 'dist-git'],
    ['Update for a-1-1 already exists', 'rejected', 'bodhi'],
    ['alice does not have commit access to a', 'prober', 'own'],
    ['Cannot manually create updates for a Release which is not composed by Bodhi.', 'prober', 'own'],
    ["Unable to create update.  ('Connection aborted.', x)", 'unavailable', 'bodhi'],
    ["Can't change request on a locked update", 'rejected', 'bodhi'],
  ] as const)('%s', (description, kind, system) => {
    const stderr = JSON.stringify({
      status: 'error',
      errors: [{ location: 'body', name: 'builds', description }],
    });
    expect(readRefusal(commandResult({ exit: 0, stderr }), address)).toMatchObject({ kind, system });
  });

  test('an exception inside Bodhi is an outage', () => {
    const stderr =
      '{"status": "error", "errors": [{"location": "body", "name": "IntegrityError", "description": "SQL"}]}';
    expect(readRefusal(commandResult({ exit: 0, stderr }), address)).toMatchObject({ kind: 'unavailable' });
  });

  test('a gateway time-out leaves the update in doubt, a refusal does not', () => {
    const page = commandResult({
      exit: 0,
      stderr: '<html><body><h1>504 Gateway Time-out</h1></body></html>',
    });
    expect(maybeDone(readRefusal(page, address))).toBe(true);
    expect(maybeDone(readRefusal(recordedCommand('bodhi/26.4.0/new-refused-tag'), address))).toBe(false);
  });

  test('an expired login that was dropped is tried again', () => {
    const stderr = 'Paste here the code that you got after logging in: Cancelled.\n';
    expect(readRefusal(commandResult({ exit: 1, stderr }), address)).toMatchObject({
      code: 'BODHI_LOGIN_EXPIRED',
      kind: 'unavailable',
    });
  });
});

test('only what the command holds against its arguments is a wrong use of it', () => {
  const read = (stderr: string) => readRefusal(commandResult({ exit: 1, stderr }), address);
  expect(read("ERROR: Can't specify more than one tag.\n")).toMatchObject({ code: 'BODHI_USAGE' });
  expect(read('ERROR: No such thing in the database\n')).toMatchObject({
    code: 'BODHI_UNKNOWN_ANSWER',
    kind: 'unexpected',
  });
});

test('a command that was killed says by what', () => {
  const killed = commandResult({
    command: { file: 'bodhi', args: [] },
    exit: undefined,
    signal: 'SIGKILL',
  });
  expect(readRefusal(killed, address)).toMatchObject({
    code: 'COMMAND_KILLED',
    message: 'bodhi was killed by SIGKILL',
    evidence: { signal: 'SIGKILL' },
  });
});

describe('a page of the identity provider in a traceback is its own', () => {
  test.each([
    ['500 Internal Server Error', 'ID_PROVIDER_UNAVAILABLE', 'unavailable'],
    ['429 Too Many Requests', 'ID_PROVIDER_UNAVAILABLE', 'unavailable'],
    ['It works!', 'BODHI_ANSWER_MALFORMED', 'malformed'],
  ] as const)('%s', (title, code, kind) => {
    const stderr = `Traceback (most recent call last):
bodhi.client.oidcclient.OIDCClientError: <!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>${title}</title>
</head></html>
`;
    const fault = readRefusal(commandResult({ exit: 1, stderr }), address);
    expect(fault).toMatchObject({ code, kind, system: 'fas' });
  });
});

describe('a command that does not say with whom it could not speak', () => {
  const signal = new AbortController().signal;
  const cut = new Fault('bodhi: Connection aborted', {
    code: 'BODHI_UNAVAILABLE',
    kind: 'unavailable',
    system: 'bodhi',
  });
  const up = cannedHttp(() => ({ body: '{"token_endpoint": "x"}' }));
  const down = cannedHttp(() => ({ status: 503, body: '<html>503</html>' }));

  test('is charged to Bodhi where the identity provider is well', async () => {
    expect(await blameProvider(cut, { http: up, address }, signal)).toBe(cut);
    expect(up.asked[0]?.url).toBe(`${address.id_provider}/.well-known/openid-configuration`);
  });

  test('is charged to the identity provider where that is broken', async () => {
    expect(await blameProvider(cut, { http: down, address }, signal)).toMatchObject({
      code: 'ID_PROVIDER_UNAVAILABLE',
      kind: 'unavailable',
      system: 'fas',
    });
  });

  test.each([403, 404])('is charged to Bodhi where the identity provider answers %i', async (status) => {
    const refuses = cannedHttp(() => ({ status, body: '{}' }));
    expect(await blameProvider(cut, { http: refuses, address }, signal)).toBe(cut);
  });

  test('asks nobody where Bodhi itself has refused', async () => {
    const refused = new Fault('no', { code: 'BODHI_REFUSED', kind: 'rejected', system: 'bodhi' });
    const silent = cannedHttp(() => ({}));
    expect(await blameProvider(refused, { http: silent, address }, signal)).toBe(refused);
    expect(silent.asked).toEqual([]);
  });

  test('and was stopped by the limit of its step stays timed out, with the charge', async () => {
    const ranOut = new Fault('step update did not end within 30m', {
      code: 'STEP_TIMED_OUT',
      kind: 'timeout',
    });
    const exec = () => Promise.reject(ranOut);
    const command = requestCommand(address, { alias: 'FEDORA-1', request: 'obsolete' });
    const run = (http: typeof up) => runBodhi(command, { exec, http, address }, signal);
    const timedOut = { code: 'STEP_TIMED_OUT', kind: 'timeout' };
    await expect(run(up)).rejects.toMatchObject({ ...timedOut, system: 'bodhi' });
    await expect(run(down)).rejects.toMatchObject({ ...timedOut, system: 'fas' });
  });

  test('and hit its own limit leaves the question when it is cancelled', async () => {
    const hung = new Fault('bodhi did not end within 2m', { code: 'COMMAND_TIMED_OUT', kind: 'unavailable' });
    const cancelled = new Fault('cancelled by SIGINT', { code: 'RUN_CANCELLED', kind: 'cancelled' });
    const stop = new AbortController();
    const silent: Http = (_, asking) =>
      new Promise((_answer, reject) => {
        asking.addEventListener('abort', () => reject(asking.reason));
        stop.abort(cancelled);
        if (!asking.aborted) reject(new Error('nobody can end this question'));
      });
    const command = requestCommand(address, { alias: 'FEDORA-1', request: 'obsolete' });
    const place = { exec: () => Promise.reject(hung), http: silent, address };
    await expect(runBodhi(command, place, stop.signal)).rejects.toBe(cancelled);
  });
});
