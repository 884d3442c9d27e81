import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import login from '../../../src/steps/fas/login.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordedCommand, whenRun } from '../../support/recorded-command.ts';
import { cannedExec, stepContext, testEnvironment } from '../../support/step-context.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/packprobe-login-`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const good = [
  whenRun(['kinit'], recordedCommand('kinit/1.20.1/keytab-good')),
  whenRun(['klist', '-s'], recordedCommand('klist/1.20.1/s-good')),
  whenRun(['klist'], recordedCommand('klist/1.20.1/good')),
];

test('a login tells whose ticket it is and when it ends', async () => {
  const exec = cannedExec(good);
  expect(await login.run({}, stepContext({ dir, exec }))).toEqual({
    principal: 'packprobe/host.example.org@SANDBOX.INVALID',
    expires_at: '2026-11-21T12:15:55Z',
  });
  expect(exec.ran[0]).toMatchObject({
    args: ['-k', '-t', '/run/secrets/keytab', 'packprobe@TEST.INVALID'],
    limitMs: 45_000,
  });
});

test("the ticket's end is told in the time of the environment", async () => {
  const clock = new FakeClock();
  clock.fromHost = (host) => host + 3_600_000;
  const context = stepContext({ dir, exec: cannedExec(good), clock });
  expect((await login.run({}, context)).expires_at).toBe('2026-11-21T13:15:55Z');
});

test('a keytab in a variable is handed to kinit as a file', async () => {
  const base = testEnvironment();
  const env = { ...base, identity: { ...base.identity, keytab: { env: 'KEYTAB' } } };
  const exec = cannedExec(good);
  await login.run({}, stepContext({ dir, exec, env }));
  expect(exec.ran[0]?.args[2]).toBe(`${dir}/home/KEYTAB`);
});

test('a KDC that is away is charged to fas, a stale keytab to us', async () => {
  const run = (name: string) =>
    login.run({}, stepContext({ dir, exec: cannedExec([whenRun(['kinit'], recordedCommand(name))]) }));
  await expect(run('kinit/1.20.1/kdc-refused-two')).rejects.toMatchObject({
    kind: 'unavailable',
    system: 'fas',
  });
  await expect(run('kinit/1.20.1/keytab-stale-key')).rejects.toMatchObject({ kind: 'prober', system: 'own' });
});

test('the plan shows the commands that a run uses', async () => {
  const exec = cannedExec(good);
  const context = stepContext({ dir, exec });
  await login.run({}, context);
  expect(login.commands?.({}, context)).toEqual(exec.ran.map(({ file, args }) => [file, ...args]));
});
