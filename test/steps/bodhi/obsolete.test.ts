import { expect, test } from 'vitest';
import obsolete from '../../../src/steps/bodhi/obsolete.ts';
import { canned } from '../../support/canned.ts';
import { recordedCommand } from '../../support/recorded-command.ts';
import { type CannedCommand, cannedExec, cannedHttp, stepContext } from '../../support/step-context.ts';

function world(statuses: readonly (string | undefined)[], ...commands: CannedCommand[]) {
  return worldWith({ provider: 200, statuses, commands });
}

interface World {
  /** HTTP status of the identity provider. */
  readonly provider: number;
  /** Of the update, look by look; undefined where Bodhi does not show it. */
  readonly statuses: readonly (string | undefined)[];
  readonly commands: readonly CannedCommand[];
}

function worldWith({ provider, statuses, commands }: World) {
  const left = [...statuses];
  const http = cannedHttp(({ url }) => {
    if (url.includes('well-known')) return { status: provider, body: '{}' };
    const status = left.length > 1 ? left.shift() : left[0];
    const updates = status === undefined ? [] : [{ alias: 'FEDORA-1', status }];
    return { body: JSON.stringify({ updates, pages: updates.length }) };
  });
  const exec = cannedExec(commands);
  return { exec, ctx: stepContext({ dir: '/run', http, exec }) };
}

const run = (ctx: ReturnType<typeof world>['ctx']) => obsolete.run({ update: 'FEDORA-1' }, ctx);
const done = canned(['bodhi', 'request'], recordedCommand('bodhi/26.4.0/request-stable'));
const dropped = canned(['bodhi', 'request'], { exit: 1, stderr: 'Paste here the code: Cancelled.\n' });

test('an update on its way is made obsolete and read back', async () => {
  const { ctx, exec } = world(['testing', 'obsolete'], done);
  expect(await run(ctx)).toMatchObject({ update_status: 'obsolete', left_alone: false });
  expect(exec.ran[0]?.args.slice(-2)).toEqual(['FEDORA-1', 'obsolete']);
});

test.each(['stable', 'obsolete', 'unpushed'])('a %s update is never touched', async (status) => {
  const { ctx, exec } = world([status]);
  expect(await run(ctx)).toMatchObject({ update_status: status, left_alone: true });
  expect(exec.ran).toEqual([]);
});

test('an update that Bodhi does not show is made obsolete all the same: it may only have been forgotten', async () => {
  const refused = canned(['bodhi', 'request'], recordedCommand('bodhi/26.4.0/request-unknown-update'));
  for (const answer of [done, refused]) {
    const { ctx, exec } = world([undefined], answer);
    expect(await run(ctx)).toMatchObject({ update_status: 'unknown', left_alone: false });
    expect(exec.ran).toHaveLength(1);
  }
});

test.each([
  ['new-bodhi-down', 'BODHI_UNAVAILABLE'],
  ['spnego-no-ticket', 'BODHI_LOGIN_REFUSED'],
  ['new-cookie-secure', 'BODHI_FORBIDDEN'],
  ['new-no-notes', 'BODHI_USAGE'],
  ['new-token-file-corrupt', 'BODHI_TOKEN_FILE_BROKEN'],
  ['request-refused', 'BODHI_REFUSED'],
])(
  'an update that Bodhi does not show, and cannot be asked to take back (%s), is not gone',
  async (name, code) => {
    const refused = canned(['bodhi', 'request'], recordedCommand(`bodhi/26.4.0/${name}`));
    const { ctx } = world([undefined], refused, canned(['klist'], {}), canned(['kinit'], {}));
    await expect(run(ctx)).rejects.toMatchObject({ code });
  },
);

test.each([
  [200, 'BODHI_UNAVAILABLE', 'bodhi'],
  [503, 'ID_PROVIDER_UNAVAILABLE', 'fas'],
])('a cut connection, with the identity provider answering %i, is %s', async (provider, code, system) => {
  const stderr = "('Connection aborted.', RemoteDisconnected('Remote end closed connection'))\n";
  const commands = [canned(['bodhi', 'request'], { exit: 2, stderr })];
  const { ctx } = worldWith({ provider, statuses: ['pending'], commands });
  await expect(run(ctx)).rejects.toMatchObject({ code, system });
});

test('a login that was dropped is tried once more, and only once', async () => {
  const { ctx, exec } = world(['pending', 'pending', 'obsolete'], dropped);
  expect(await run(ctx)).toMatchObject({ update_status: 'obsolete' });
  expect(exec.ran).toHaveLength(2);
  const never = world(['pending'], dropped);
  await expect(run(never.ctx)).rejects.toMatchObject({ code: 'BODHI_LOGIN_EXPIRED' });
  expect(never.exec.ran).toHaveLength(2);
});

test('a refusal that changed nothing is told as Bodhi says it', async () => {
  const refused = canned(['bodhi', 'request'], recordedCommand('bodhi/26.4.0/request-refused'));
  await expect(run(world(['pending'], refused).ctx)).rejects.toMatchObject({ code: 'BODHI_REFUSED' });
});

test('success that changed nothing is not believed', async () => {
  await expect(run(world(['pending'], done).ctx)).rejects.toMatchObject({ code: 'UPDATE_NOT_OBSOLETED' });
});
