import { expect, test } from 'vitest';
import { buildSubject } from '../../../src/clients/koji.ts';
import waitSigned from '../../../src/steps/signing/wait-signed.ts';
import { reportOf } from '../../support/reports.ts';
import { RELEASE, stepContext } from '../../support/step-context.ts';

const context = (tags: Readonly<Record<string, readonly string[]>>) =>
  stepContext({
    dir: '/run',
    release: RELEASE,
    reports: Object.entries(tags).flatMap(([nvr, names]) =>
      names.map((tag) => reportOf(buildSubject(nvr), `tagged:${tag}`)),
    ),
  });

test('a build in the pending testing tag is signed', async () => {
  const ctx = context({ 'a-1-1': ['f44-signing-pending', 'f44-updates-testing-pending'] });
  expect(await waitSigned.run({ nvr: 'a-1-1' }, ctx)).toEqual({ signed: ['a-1-1'] });
});

test('a build that still waits for its signature is waited for', async () => {
  const ctx = context({ 'a-1-1': ['f44-updates-candidate', 'f44-signing-pending'] });
  await expect(waitSigned.run({ nvr: 'a-1-1' }, ctx)).rejects.toThrow(/goes on waiting/);
});

test('a build that has reached the release was signed', async () => {
  expect(await waitSigned.run({ nvr: 'a-1-1' }, context({ 'a-1-1': ['f44-updates'] }))).toEqual({
    signed: ['a-1-1'],
  });
});

test('of several builds the last one counts', async () => {
  const ctx = context({ 'a-1-1': ['f44-updates-testing-pending'], 'b-1-1': ['f44-signing-pending'] });
  await expect(waitSigned.run({ builds: ['a-1-1', 'b-1-1'] }, ctx)).rejects.toThrow(/b-1-1 goes on waiting/);
});

test('builds of a side tag are signed into its own tag', async () => {
  const ctx = context({ 'a-1-1': ['f44-build-side-1-testing-pending'] });
  const input = { nvr: 'a-1-1', signed_tag: 'f44-build-side-1-testing-pending' };
  expect(await waitSigned.run(input, ctx)).toEqual({ signed: ['a-1-1'] });
});

test('no build at all is a fault of the probe', async () => {
  await expect(waitSigned.run({}, context({}))).rejects.toMatchObject({
    code: 'NO_BUILD_GIVEN',
    kind: 'prober',
  });
});
