import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { processExec } from '../../src/platform/exec.ts';
import { startOf } from '../../src/platform/processes.ts';

let dir: string;
const never = new AbortController().signal;
const environment = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere', MARK: 'ours' };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-exec-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const shell = (script: string) => ({ file: 'sh', args: ['-c', script] });

describe('a command', () => {
  test('runs in the given environment and nothing else of ours', async () => {
    const exec = processExec({ environment, cwd: dir });
    const { stdout } = await exec({ file: 'env', args: [] }, never);
    expect(stdout.trim().split('\n').sort()).toEqual(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  test('that exits with a code is a result, with both streams', async () => {
    const exec = processExec({ environment, cwd: dir });
    const result = await exec(shell('echo out; echo err >&2; exit 7'), never);
    expect(result).toMatchObject({
      exit: 7,
      signal: undefined,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    });
  });

  test('finds its standard input closed', async () => {
    const exec = processExec({ environment, cwd: dir });
    await expect(exec(shell('read line || echo closed'), never)).resolves.toMatchObject({
      stdout: 'closed\n',
    });
  });

  test('reads the standard input that it is given, and may leave it unread', async () => {
    const exec = processExec({ environment, cwd: dir });
    const input = `${'x'.repeat(300_000)}\n`;
    await expect(exec({ ...shell('wc -c'), input }, never)).resolves.toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('300001'),
    });
    await expect(exec({ ...shell('exit 3'), input }, never)).resolves.toMatchObject({ exit: 3 });
  });

  test('that floods its output runs on and is cut', async () => {
    const exec = processExec({ environment, cwd: dir });
    const result = await exec(shell('head -c 3000000 /dev/zero | tr "\\0" x; exit 3'), never);
    expect(result.exit).toBe(3);
    expect(result.truncated).toBe(true);
    expect(result.stdout).toHaveLength(1024 * 1024);
  });

  test('that is missing is a fault of ours with what to do', async () => {
    const exec = processExec({ environment, cwd: dir });
    const fault = await exec({ file: 'no-such-command', args: [] }, never).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({
      code: 'COMMAND_MISSING',
      kind: 'prober',
      hint: expect.stringContaining('no-such-command'),
    });
  });

  test('that hits its own limit is unavailable, and its whole group is ended', async () => {
    const exec = processExec({ environment, cwd: dir });
    const pids: number[] = [];
    const watching = processExec({
      environment,
      cwd: dir,
      started: async ({ pid }) => void pids.push(pid),
    });
    const fault = await watching({ ...shell('sleep 60 & echo $! > child; wait'), limitMs: 300 }, never).catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code: 'COMMAND_TIMED_OUT', kind: 'unavailable' });
    const child = Number((await exec({ file: 'cat', args: ['child'] }, never)).stdout);
    expect([...pids, child].map(startOf)).toEqual([undefined, undefined]);
  });

  test('is ended by an abort, which is what is thrown', async () => {
    const exec = processExec({ environment, cwd: dir });
    const controller = new AbortController();
    const reason = new Fault('enough', { code: 'RUN_CANCELLED', kind: 'cancelled' });
    const running = exec(shell('sleep 60'), controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test('that could not be written down does not live on', async () => {
    const full = new Fault('no space', { code: 'DISK_FULL', kind: 'prober' });
    let pid = 0;
    const exec = processExec({
      environment,
      cwd: dir,
      started: async (command) => {
        pid = command.pid;
        throw full;
      },
    });
    await expect(exec(shell('sleep 60'), never)).rejects.toBe(full);
    expect(startOf(pid)).toBeUndefined();
  });

  test('that leaves something in the background, which holds its output, ends all the same', async () => {
    const exec = processExec({ environment, cwd: dir });
    const { stdout } = await exec(shell('setsid sleep 60 & echo $! ; exit 0'), never);
    const stray = Number(stdout);
    try {
      expect(startOf(stray)).toBeDefined();
    } finally {
      process.kill(stray, 'SIGKILL');
    }
  });

  test('takes what it left in its group with it', async () => {
    const exec = processExec({ environment, cwd: dir });
    const { stdout, exit } = await exec(shell('sleep 60 & echo $! ; exit 4'), never);
    expect(exit).toBe(4);
    await expect.poll(() => startOf(Number(stdout))).toBeUndefined();
  });
});
