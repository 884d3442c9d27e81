import { expect, test } from 'vitest';
import { blindSources } from '../../src/cli/blind.ts';
import { localTime } from '../../src/cli/times.ts';
import type { LookRecord } from '../../src/core/store.ts';

function look(source: LookRecord['source'], key: string, failing: LookRecord['failing']): LookRecord {
  return { source, kind: 'build', key, first: 0, last: 9, last_good: null, count: 3, failing };
}

test('a source that failed to the end is told once, since its first failure, one that came back is not', () => {
  const message = 'datagrepper answered HTTP 500';
  expect(
    blindSources([
      look('datagrepper', 'a', [{ from: 5000, to: null, message }]),
      look('datagrepper', 'b', [{ from: 2000, to: null, message }]),
      look('koji', 'a', [{ from: 1000, to: 3000, message: 'koji answered HTTP 500' }]),
      look('bodhi', 'a', []),
    ]),
  ).toEqual([`datagrepper answered HTTP 500, since ${localTime(2000)}`]);
});
