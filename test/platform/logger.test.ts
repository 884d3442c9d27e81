import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { pinoLogger } from '../../src/platform/logger.ts';
import { withTool } from '../support/tools.ts';

const dir = mkdtempSync(join(tmpdir(), 'packprobe-log-'));
const file = join(dir, 'packprobe.log');
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => pinoLogger({ level: 'info', to: file, mostBytes: 4096 });

const numbersIn = (name: string) =>
  readFileSync(name, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { n: number }).n);

test('a log that two write to is turned over: the newest lines of both stay, in two files', () => {
  const [often, seldom] = [open(), open()];
  for (let n = 0; n < 500; n += 1) (n % 50 === 0 ? seldom : often).info({ n }, 'something happened');
  const kept = [...numbersIn(`${file}.1`), ...numbersIn(file)];
  expect(kept.at(-1)).toBe(499);
  expect(kept).toEqual(kept.map((_, at) => 500 - kept.length + at));
  expect(kept.length).toBeGreaterThan(50);
  expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThan(2 * 4096 + 200);
});

test('a fault is written with what to do, all else with where it came from', () => {
  const log = open();
  const cause = new TypeError('x is not a function');
  const hint = 'Look at the receiver.';
  log.warn({ err: new Fault('no answer', { code: 'SLOW', kind: 'timeout', hint, cause }) }, 'not told');
  const { err } = JSON.parse(readFileSync(file, 'utf8')) as { err: Record<string, unknown> };
  expect(err).toEqual({
    name: 'Fault',
    message: 'no answer',
    code: 'SLOW',
    kind: 'timeout',
    hint,
    cause: {
      name: 'TypeError',
      message: 'x is not a function',
      stack: expect.stringContaining('logger.test'),
    },
  });
});

withTool('mount', 'a log whose disk was full goes on once there is room again', async () => {
  const small = mkdtempSync(join(tmpdir(), 'packprobe-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', small]);
  try {
    const onIt = join(small, 'packprobe.log');
    const log = pinoLogger({ level: 'info', to: onIt });
    log.info({ n: 0 }, 'before');
    const filling = join(small, 'filling');
    try {
      writeFileSync(filling, Buffer.alloc(1024 * 1024));
    } catch {
      // Full, as was asked for.
    }
    for (let n = 1; n < 200; n += 1) log.info({ n }, 'while it is full');
    rmSync(filling);
    log.info({ n: 1000 }, 'afterwards');
    log.info({ n: 1001 }, 'afterwards');
    expect(readFileSync(onIt, 'utf8')).toContain('"n":1001');
  } finally {
    execFileSync('umount', ['-l', small]);
    rmSync(small, { recursive: true, force: true });
  }
});
