import { insteadOfPassed, telling } from '../decisions.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave says that tests have failed that have passed by ResultsDB.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: telling((decision) =>
    insteadOfPassed(decision, { type: 'test-result-failed', words: 'tests failed' }),
  ),
};
