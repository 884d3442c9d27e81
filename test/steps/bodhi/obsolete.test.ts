import { expect, test } from 'vitest';
import obsolete from '../../../src/steps/bodhi/obsolete.ts';
import { canned } from '../../support/canned.ts';
import { recordedCommand } from '../../support/recorded-command.ts';
import { type CannedCommand, cannedExec, cannedHttp, stepContext } from '../../support/step-context.ts';

function world(statuses: readonly (string | undefined)[], ...commands: CannedCommand[]) {
  const left = [...statuses];
  const http = cannedHttp(() => {
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

test('an update that Bodhi does not show, and cannot be asked to take back, is not gone', async () => {
  const broken = canned(['bodhi', 'request'], recordedCommand('bodhi/26.4.0/new-bodhi-down'));
  const answer = { ...broken, exit: 1 };
  await expect(run(world([undefined], answer).ctx)).rejects.toMatchObject({ code: 'BODHI_UNAVAILABLE' });
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
