import type { ListedFault } from '../support/faulty-run.ts';

/** Stands between the names of a pair. */
export const AND = ' + ';

const failed = (first: string, second: string, charge: string): ListedFault => ({
  name: `${first}${AND}${second}`,
  system: first.split(':')[0] ?? '',
  says: 'Two faults at a time.',
  outcome: 'failed',
  charge,
});

/** Two faults at a time, and who is charged then: who is first on the way of a build, unless nothing from outside tells the two apart. */
export const PAIRS: readonly ListedFault[] = [
  // ResultsDB still shows that the test was queued.
  failed('ci:never-starts', 'datagrepper:http-500', 'ci'),
  // Only messages tell of an announcement: whether there was one, nobody can say.
  failed('ci:silent', 'datagrepper:http-500', 'datagrepper'),
  failed('koji:tagged-late', 'bodhi:announcement-lost', 'bodhi'),
  // An archive that has nothing at all does not show that a message was lost.
  failed('messaging:loses-tags', 'datagrepper:forgets', 'signing'),
  failed('greenwave:passes-untested', 'bodhi:gate-stuck', 'greenwave'),
  failed('resultsdb:result-lost', 'messaging:repeats', 'resultsdb'),
];
