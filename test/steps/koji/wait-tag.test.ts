import { expect, test } from 'vitest';
import { buildSubject } from '../../../src/clients/koji.ts';
import waitTag from '../../../src/steps/koji/wait-tag.ts';
import { reportOf } from '../../support/reports.ts';
import { RELEASE, stepContext } from '../../support/step-context.ts';

const nvr = 'p-1-1.fc44';
const run = (facts: readonly string[], tag?: string) =>
  waitTag.run(
    { nvr, ...(tag === undefined ? {} : { tag }) },
    stepContext({
      dir: '/run',
      release: RELEASE,
      reports: facts.map((fact, at) => reportOf(buildSubject(nvr), fact, { at })),
    }),
  );

test('without a tag the candidate tag of the release is waited for', async () => {
  expect(await run(['complete', 'tagged:f44-updates-candidate'])).toEqual({
    tagged: 'f44-updates-candidate',
  });
});

test('a tag further on proves the one before it', async () => {
  expect(await run(['tagged:f44-updates-testing-pending'])).toEqual({ tagged: 'f44-updates-candidate' });
});

test('an earlier tag does not prove a later one', async () => {
  await expect(run(['tagged:f44-updates-candidate'], 'f44-updates')).rejects.toThrow(/goes on waiting/);
});

test('a tag that is not of the release is proved by itself alone', async () => {
  await expect(run(['tagged:f44-updates'], 'f44-build-side-1')).rejects.toThrow(/goes on waiting/);
  expect(await run(['tagged:f44-build-side-1'], 'f44-build-side-1')).toEqual({ tagged: 'f44-build-side-1' });
});

test('a complete build that is not tagged is waited for, a failed one is not', async () => {
  await expect(run(['complete'])).rejects.toThrow(/goes on waiting/);
  await expect(run(['failed'])).rejects.toMatchObject({ code: 'BUILD_NOT_COMPLETE', system: 'koji' });
});
