import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { LogFields, Logger } from '../../src/core/ports.ts';
import { quietLogger } from '../../src/platform/quiet-logger.ts';

function world() {
  const lines: string[] = [];
  const at = { now: 0 };
  const line = (about: LogFields) => (fields: LogFields, sentence: string) => {
    const { repeated } = { ...about, ...fields };
    lines.push(repeated === undefined ? sentence : `${sentence} (${repeated})`);
  };
  const logger = (about: LogFields): Logger => ({
    debug: line(about),
    info: line(about),
    warn: line(about),
    error: line(about),
    child: (fields) => logger({ ...about, ...fields }),
  });
  return { lines, at, log: quietLogger(logger({}), () => at.now) };
}

const full = () => new Fault('the disk is full', { code: 'DISK_FULL', kind: 'prober' });

describe('what fails again and again', () => {
  test('is said once in five minutes, and then how often it was meanwhile', () => {
    const { lines, at, log } = world();
    for (; at.now <= 300_000; at.now += 1000) log.error({ err: full(), age_ms: at.now }, 'not written');
    expect(lines).toEqual(['not written', 'not written (299)']);
  });

  test('does not hide what differs by its fault, its fields or the run that it is of', () => {
    const { lines, log } = world();
    log.error({ err: full() }, 'not written');
    log.error({ err: new Error('another one') }, 'not written');
    log.warn({ receiver: 'team' }, 'not taken');
    log.warn({ receiver: 'oncall' }, 'not taken');
    log.child({ run_id: 'a' }).warn({}, 'late');
    log.child({ run_id: 'b' }).warn({}, 'late');
    expect(lines).toHaveLength(6);
  });

  test('keeps every line that is no warning', () => {
    const { lines, log } = world();
    log.info({}, 'a run began');
    log.info({}, 'a run began');
    expect(lines).toHaveLength(2);
  });
});
