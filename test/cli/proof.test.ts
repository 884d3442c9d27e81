import { expect, test } from 'vitest';
import { proofLines } from '../../src/cli/proof.ts';

test('a silence is one sentence, with what could not be asked', () => {
  expect(
    proofLines({
      limit_ms: 9_000_000,
      silent_hop: 'decide',
      missing: 'decision',
      last_heard: 'result',
      could_not_be_asked: { greenwave: 'greenwave answered HTTP 500' },
    }),
  ).toEqual([
    'decision never came (hop decide); last heard: result',
    'could_not_be_asked: {"greenwave":"greenwave answered HTTP 500"}',
  ]);
});

test('a task that did not end says how far it came', () => {
  expect(proofLines({ limit_ms: 1, task_id: 7, last_heard: 'started' })).toEqual([
    'last heard: started',
    'task_id: 7',
  ]);
});

test('of a long text its end is shown, no line wider than 200, and nothing of what is empty', () => {
  const log = `${Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n')}\n\n${'x'.repeat(300)}\n`;
  const lines = proofLines({ child: null, empty: '\n', log });
  expect(lines.slice(0, 2)).toEqual(['log:', '  line 25']);
  expect(lines).toHaveLength(7);
  expect(Math.max(...lines.map((line) => line.length))).toBe(202);
});
