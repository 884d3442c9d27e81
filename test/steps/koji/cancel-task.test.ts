import { expect, test } from 'vitest';
import cancelTask from '../../../src/steps/koji/cancel-task.ts';
import { canned } from '../../support/canned.ts';
import { fakeHub, HubFault } from '../../support/fake-hub.ts';
import { recordedCommand } from '../../support/recorded-command.ts';
import { type CannedCommand, cannedExec, cannedHttp, stepContext } from '../../support/step-context.ts';

const CODES = { free: 0, open: 1, closed: 2, canceled: 3 } as const;

/** A task that shows one state before the command and another after it. */
function world(states: readonly (keyof typeof CODES | undefined)[], ...commands: CannedCommand[]) {
  return worldWith({ build: COMPLETE }, states, ...commands);
}

const COMPLETE = 1;
const BUILDING = 0;

interface Made {
  /** State of the build that the task made; null where it made none. */
  readonly build: number | null;
  /** Of the task; `none` where it has not really ended. */
  readonly result?: 'none' | 'nil';
}

function worldWith(
  { build, result = 'nil' }: Made,
  states: readonly (keyof typeof CODES | undefined)[],
  ...commands: CannedCommand[]
) {
  const left = [...states];
  const http = cannedHttp(
    fakeHub((method) => {
      if (method === 'listBuilds') {
        return build === null ? [] : [{ build_id: 7, nvr: 'hello-1-2.fc44', state: build, task_id: 42 }];
      }
      if (method === 'getTaskResult') {
        if (result === 'none') throw new HubFault(1000, 'Task 42 is not finished');
        return null;
      }
      const state = left.length > 1 ? left.shift() : left[0];
      return state === undefined ? null : { id: 42, method: 'build', state: CODES[state], create_ts: 1 };
    }),
  );
  const exec = cannedExec(commands);
  return { exec, ctx: stepContext({ dir: '/run', http, exec }) };
}

const cancel = canned(['koji', 'cancel', '42'], { exit: 0 });

test('an open task is cancelled and read back', async () => {
  const { exec, ctx } = world(['open', 'canceled'], cancel);
  expect(await cancelTask.run({ task_id: 42 }, ctx)).toMatchObject({
    task_state: 'canceled',
    left_alone: false,
  });
  expect(exec.ran).toMatchObject([{ file: 'koji', args: ['--profile=koji', 'cancel', '42'] }]);
});

test.each(['closed', 'canceled'] as const)('a %s task is left as it is', async (state) => {
  const { exec, ctx } = world([state]);
  expect(await cancelTask.run({ task_id: 42 }, ctx)).toMatchObject({ task_state: state, left_alone: true });
  expect(exec.ran).toEqual([]);
});

test.each([
  ['is still building', { build: BUILDING }],
  ['is not there, nor its result,', { build: null, result: 'none' }],
] as const)('a task that Koji calls closed while its build %s is cancelled all the same', async (_, made) => {
  const { exec, ctx } = worldWith(made, ['closed'], cancel);
  expect(await cancelTask.run({ task_id: 42 }, ctx)).toEqual({ task_state: 'closed', left_alone: false });
  expect(exec.ran).toHaveLength(1);
});

test('a scratch build that has ended is left as it is, though it never makes a build', async () => {
  const { exec, ctx } = worldWith({ build: null }, ['closed']);
  expect(await cancelTask.run({ task_id: 42 }, ctx)).toEqual({ task_state: 'closed', left_alone: true });
  expect(exec.ran).toEqual([]);
});

test('a task that Koji does not know is gone', async () => {
  expect(await cancelTask.run({ task_id: 42 }, world([undefined]).ctx)).toMatchObject({
    task_state: 'unknown',
  });
});

test('success of the command is not believed while the task is open', async () => {
  const { ctx } = world(['open', 'open'], cancel);
  await expect(cancelTask.run({ task_id: 42 }, ctx)).rejects.toMatchObject({ code: 'TASK_NOT_CANCELED' });
});

test('a refusal does not matter once the task has ended by itself', async () => {
  const denied = canned(['koji', 'cancel'], recordedCommand('koji/1.36.1/cancel-denied'));
  expect(await cancelTask.run({ task_id: 42 }, world(['open', 'closed'], denied).ctx)).toMatchObject({
    task_state: 'closed',
  });
  await expect(cancelTask.run({ task_id: 42 }, world(['open', 'open'], denied).ctx)).rejects.toMatchObject({
    code: 'KOJI_NOT_OWNER',
  });
});

test('a dead hub is unavailable, so that the ledger tries again', async () => {
  const http = cannedHttp(() => ({ status: 502, body: '' }));
  const run = cancelTask.run({ task_id: 42 }, stepContext({ dir: '/run', http }));
  await expect(run).rejects.toMatchObject({ kind: 'unavailable', system: 'koji' });
});
