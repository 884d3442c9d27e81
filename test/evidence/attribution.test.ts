import { expect, test } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { unfinishedBuild } from '../../src/evidence/attribution.ts';

function event(kind: string, key: string, fact: string): Event {
  const subject = { environment: 'test', kind, key };
  return { subject, system: 'koji', fact, earliest: 0, latest: 1, source: 'api', data: {}, reports: [] };
}

const EVENTS = [
  event('koji-task', '7', 'created'),
  event('koji-task', '7', 'started'),
  event('koji-task', '7', 'asked'),
  event('commit', 'abc', 'asked'),
];

test.each(['koji/build', 'koji/scratch-build'])(
  'a %s that did not end is Koji’s, with its task and how far that came',
  (uses) => {
    expect(unfinishedBuild(uses, EVENTS)).toEqual({
      system: 'koji',
      evidence: { task_id: 7, last_heard: 'started' },
    });
  },
);

test('another step, or a build whose task nobody has seen, is not told apart', () => {
  expect(unfinishedBuild('signing/wait-signed', EVENTS)).toBeUndefined();
  expect(unfinishedBuild('koji/build', EVENTS.slice(3))).toBeUndefined();
});
