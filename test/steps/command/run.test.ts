import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../../src/core/fault.ts';
import { processExec } from '../../../src/platform/exec.ts';
import run from '../../../src/steps/command/run.ts';
import { whenRun } from '../../support/recorded-command.ts';
import { cannedExec, stepContext } from '../../support/step-context.ts';

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(`${tmpdir()}/packprobe-command-`));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function real() {
  const exec = processExec({ environment: { PATH: process.env['PATH'] ?? '' }, cwd: '/' });
  return stepContext({ dir, exec });
}
const input = (given: object) => run.input.parse(given);

test('output is trimmed, and nothing is expanded', async () => {
  const output = await run.run(input({ command: ['printf', '\n%s\n\n', '$HOME * `id`'] }), real());
  expect(output).toEqual({ stdout: '$HOME * `id`', exit_code: 0 });
});

test('a command runs in the work folder, or in a folder below it', async () => {
  const context = real();
  await context.files.write('sub/x', '');
  expect((await run.run(input({ command: ['pwd'] }), context)).stdout).toBe(dir);
  expect((await run.run(input({ command: ['pwd'], dir: 'sub' }), context)).stdout).toBe(`${dir}/sub`);
});

test('another exit code than the expected one is rejected, and charged to whom the probe says', async () => {
  const failed = run.run(input({ command: ['sh', '-c', 'echo why >&2; exit 3'] }), real());
  await expect(failed).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    kind: 'rejected',
    system: undefined,
    evidence: { exit: 3, stderr: 'why' },
  });
});

test('an expected exit code is success, and then 0 is not', async () => {
  const output = await run.run(input({ command: ['sh', '-c', 'exit 3'], expect_exit: 3 }), real());
  expect(output.exit_code).toBe(3);
  await expect(run.run(input({ command: ['true'], expect_exit: 3 }), real())).rejects.toThrow(Fault);
});

test('a command that was killed is our trouble', async () => {
  await expect(run.run(input({ command: ['sh', '-c', 'kill -9 $$'] }), real())).rejects.toMatchObject({
    code: 'COMMAND_KILLED',
    kind: 'prober',
  });
});

test('the limit is handed on, and left to its default otherwise', async () => {
  const exec = cannedExec([whenRun(['true'], {})]);
  const context = stepContext({ dir, exec });
  await run.run(input({ command: ['true'], limit: '5m' }), context);
  await run.run(input({ command: ['true'] }), context);
  expect(exec.ran.map(({ limitMs }) => limitMs)).toEqual([300_000, undefined]);
});

test('longer output is cut between two characters', async () => {
  const exec = cannedExec([whenRun(['flood'], { stdout: `a${'é'.repeat(50_000)}` })]);
  const { stdout } = await run.run(input({ command: ['flood'] }), stepContext({ dir, exec }));
  expect(Buffer.byteLength(stdout)).toBe(64 * 1024 - 1);
  expect(stdout).toMatch(/^aé+$/);
});

test('the plan shows the command as it stands', () => {
  const context = stepContext({ dir });
  expect(run.commands?.(input({ command: ['a', 'b c'] }), context)).toEqual([['a', 'b c']]);
});
