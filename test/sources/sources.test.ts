import { expect, test } from 'vitest';
import { sourcesOf } from '../../src/sources/sources.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const clock = new FakeClock();
const http = cannedHttp(() => ({}));

test('an environment has one source for each of its systems', () => {
  const names = sourcesOf({ http, env: testEnvironment(), clock }).map(({ name }) => name);
  expect(names).toEqual(['koji', 'bodhi', 'resultsdb', 'greenwave', 'datagrepper']);
});

test('a system that the environment does not have has none', () => {
  const env = testEnvironment({ greenwave: undefined, datagrepper: undefined });
  expect(sourcesOf({ http, env, clock }).map(({ name }) => name)).toEqual(['koji', 'bodhi', 'resultsdb']);
});
