import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { headerOf, OWNER, SCOPE, storeWorld } from '../support/store-world.ts';

const subjects = [{ kind: 'build', key: 'a-1-1' }];

/** What a service asks again and again, for months. */
const questions: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'the next runs to digest': (store) => store.digests.undigested(10),
  'runs that somebody wants to be cancelled': (store) => store.toCancel(),
  'unfinished runs': (store) => store.list({ unfinished: true, limit: 10 }),
  'the end of a scope’s history': (store) => store.digests.ended({ scope: SCOPE, since: 5, limit: 10 }),
  'the end of a probe’s history': (store) =>
    store.digests.ended({ scope: SCOPE, probe: 'single-build', since: 5, limit: 10 }),
  'whether a package is held': (store) => store.begin(headerOf('run-1'), OWNER, () => true),
  'due times that wait': (store) => store.dues.waiting(),
  'the last due time of a probe': (store) => store.dues.lastScheduled(SCOPE, 'single-build'),
  'steps of the last day': (store) => store.dues.startedWith(SCOPE, 'koji/build', 5),
  'incidents that go on': (store) => store.incidents.live(SCOPE),
  'evidence of a system': (store) =>
    store.incidents.evidence({ scope: SCOPE, system: 'koji', since: 5, limit: 10 }),
  'evidence of a scope': (store) => store.incidents.evidence({ scope: SCOPE, since: 5, limit: 10 }),
  'how often a system failed': (store) => store.incidents.failureRate(SCOPE, 'koji', 5),
  'messages that are due': (store) => store.outbox.due('mail', 5, 10),
  'when the next message is due': (store) => store.outbox.nextDue('mail'),
  'how many messages wait': (store) => store.outbox.backlog(),
  'what was told of an incident': (store) => store.outbox.list({ subject: 'i-1', limit: 10 }),
  'reports of subjects': (store) => store.reportsOf(SCOPE, subjects),
  'looks at subjects': (store) => store.looksOf(SCOPE, subjects),
};

/** Tables that grow with every run. */
const GROWING =
  /^SCAN (?:runs|steps|effects|subjects|reports|looks|commands|dues|evidence|notices|verdicts)(?: USING (?:COVERING )?INDEX (\w+))?$/;

/** These hold only what is still to be done, whatever is stored. */
const SMALL: readonly string[] = [
  'runs_to_digest',
  'runs_unfinished',
  'dues_waiting',
  'incidents_live',
  'notices_waiting',
];

test.each(Object.entries(questions))('no history is walked through for this: %s', async (_, ask) => {
  await using world = storeWorld();
  const asked = vi.spyOn(DatabaseSync.prototype, 'prepare');
  await ask(world.store);
  const statements = asked.mock.calls
    .map(([text]) => text)
    .filter((text) => /^\s*(?:select|insert|update)/.test(text));
  asked.mockRestore();
  using db = new DatabaseSync(world.file);
  const plan = statements.flatMap((text) =>
    db
      .prepare(`explain query plan ${text}`)
      .all(...Array.from(text.matchAll(/\?/g), () => '[]'))
      .map(({ detail }) => String(detail)),
  );
  expect(plan).not.toEqual([]);
  const walked = plan.filter((step) => {
    const [is, index] = GROWING.exec(step) ?? [];
    return is !== undefined && (index === undefined || !SMALL.includes(index));
  });
  expect(walked).toEqual([]);
});
