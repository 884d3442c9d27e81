import { expect, test } from 'vitest';
import { evidenceOf, killedFault, lastLines } from '../../src/clients/command.ts';
import { commandResult } from '../support/recorded-command.ts';

test('evidence holds the exit code and no more than the last lines', () => {
  const stderr = Array.from({ length: 100 }, (_, line) => `line ${line} ${'x'.repeat(50)}`).join('\n');
  const evidence = evidenceOf(commandResult({ exit: 128, stderr: `${stderr}\n` }));
  expect(evidence['exit']).toBe(128);
  expect(evidence['stderr']).toMatch(/line 99 x+$/);
  expect(String(evidence['stderr']).length).toBeLessThanOrEqual(2000);
});

test('passwords in addresses do not reach the evidence', () => {
  expect(lastLines("fatal: unable to access 'https://bob:hunter2@example.org/x.git/'")).toBe(
    "fatal: unable to access 'https://***@example.org/x.git/'",
  );
});

test('a complaint on stdout is evidence where stderr says nothing', () => {
  expect(evidenceOf(commandResult({ stdout: 'usage: fedpkg' }))['stdout']).toBe('usage: fedpkg');
  expect(evidenceOf(commandResult({ stdout: 'chatter', stderr: 'why' }))).not.toHaveProperty('stdout');
});

test('a command that a signal ended is our own trouble', () => {
  expect(killedFault(commandResult({ exit: undefined, signal: 'SIGKILL' }))).toMatchObject({
    code: 'COMMAND_KILLED',
    kind: 'prober',
    evidence: { signal: 'SIGKILL' },
  });
  expect(killedFault(commandResult({ exit: 1 }))).toBeUndefined();
});
