import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { bootId, endSurvivors, isAlive, RUN_MARK, startOf, thisOwner } from '../../src/platform/processes.ts';

function sleeper(env: Record<string, string> = {}, script = 'echo ready; exec sleep 600') {
  const child = spawn('sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit').then(([, signal]) => signal as string);
  return { child, exited, pid: child.pid ?? 0, ready: once(child.stdout, 'data') };
}

describe('an owner', () => {
  test('is alive as the process that it is, not as another one with its number or of another boot', () => {
    const here = thisOwner();
    expect(isAlive(here)).toBe(true);
    expect(isAlive({ ...here, start: here.start + 1 })).toBe(false);
    expect(isAlive({ ...here, boot_id: 'another' })).toBe(false);
  });

  test('on another host is believed to live, unless somebody knows better', () => {
    const there = { ...thisOwner(), host: 'elsewhere.example' };
    expect(isAlive(there)).toBe(true);
    expect(isAlive(there, true)).toBe(false);
    expect(isAlive(thisOwner(), true)).toBe(true);
  });
});

describe('survivors of a killed process', () => {
  test('are ended with their children, by what the journal says of them', async () => {
    const { pid, exited, ready } = sleeper({}, 'sleep 600 & echo $!; wait');
    const grandchild = Number(/\d+/.exec(String(await ready))?.[0]);
    const start = startOf(pid) ?? 0;
    expect(startOf(grandchild)).toBeGreaterThanOrEqual(start);
    const ended = await endSurvivors('run-1', [{ boot_id: bootId(), pid, start, command: 'sh' }]);
    expect(ended).toBe(2);
    expect(await exited).toBe('SIGTERM');
    expect(startOf(grandchild)).toBeUndefined();
  });

  test('are ended by their mark, where the journal does not know of them yet', async () => {
    const { exited, ready } = sleeper({ [RUN_MARK]: 'run-2' });
    await ready;
    expect(await endSurvivors('run-2', [])).toBe(1);
    expect(await exited).toBe('SIGTERM');
  });

  test('that do not obey are killed', async () => {
    const { exited, ready } = sleeper(
      { [RUN_MARK]: 'run-3' },
      "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    );
    await ready;
    await endSurvivors('run-3', []);
    expect(await exited).toBe('SIGKILL');
  });

  test('are not those that have only the number of one, or the mark of another run', async () => {
    const { child, pid, exited, ready } = sleeper({ [RUN_MARK]: 'run-4' });
    await ready;
    const start = startOf(pid) ?? 0;
    const stale = [
      { boot_id: bootId(), pid, start: start + 1, command: 'sh' },
      { boot_id: 'another', pid, start, command: 'sh' },
    ];
    expect(await endSurvivors('run-5', stale)).toBe(0);
    expect(startOf(pid)).toBe(start);
    child.kill('SIGKILL');
    await exited;
  });
});
