import { expect, test } from 'vitest';
import { decisionSubject } from '../../src/clients/greenwave.ts';
import { greenwaveSource } from '../../src/sources/greenwave.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;
const env = testEnvironment();
const subject = (nvr: string) =>
  decisionSubject({ product_version: 'fedora-44', contexts: ['c'], nvrs: [nvr] });
const decision = (satisfied: boolean) => ({
  policies_satisfied: satisfied,
  summary: satisfied
    ? 'All required tests (1 total) have passed or been waived'
    : 'Of 1 required test, 1 result missing',
  satisfied_requirements: satisfied ? [{ type: 'test-result-passed', testcase: 't', result_id: 1 }] : [],
  unsatisfied_requirements: satisfied ? [] : [{ type: 'test-result-missing', testcase: 't' }],
});

class BlurredClock extends FakeClock {
  override readonly blurMs = 60 as 0;
}

test('a decision is news only when it changes, between two looks and widened by the clock’s blur', async () => {
  let satisfied = false;
  const http = cannedHttp(() => ({ body: JSON.stringify(decision(satisfied)) }));
  const clock = new BlurredClock();
  const source = greenwaveSource({ http, env, clock });
  const start = clock.now();

  const [first] = await source.look([subject('a-1-1')], undefined, signal);
  expect(first).toMatchObject({ latest: start + 60, data: { satisfied: false, requirements: 1 } });
  expect(first?.earliest).toBeUndefined();

  await clock.advance(30_000);
  expect(await source.look([subject('a-1-1')], start, signal)).toEqual([first]);

  satisfied = true;
  await clock.advance(30_000);
  const [second] = await source.look([subject('a-1-1')], start, signal);
  expect(second?.fact).not.toBe(first?.fact);
  expect(second).toMatchObject({
    earliest: start + 30_000 - 60,
    latest: start + 60_000 + 60,
    data: { satisfied: true },
  });
});

test('a question that cannot be answered does not silence the others', async () => {
  const http = cannedHttp(({ body }) =>
    body?.includes('bad-1-1')
      ? { status: 404, body: '{"message": "Found no applicable policies"}' }
      : { body: JSON.stringify(decision(true)) },
  );
  const source = greenwaveSource({ http, env, clock: new FakeClock() });
  const reports = await source.look([subject('bad-1-1'), subject('a-1-1')], undefined, signal);
  expect(reports.map((report) => report.subject)).toEqual([subject('a-1-1')]);
  await expect(source.look([subject('bad-1-1')], undefined, signal)).rejects.toMatchObject({
    code: 'API_NOT_FOUND',
    system: 'greenwave',
  });
});
