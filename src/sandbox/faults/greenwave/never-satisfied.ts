import { insteadOfPassed, telling } from '../decisions.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave does not find the results of tests that have passed: it is never satisfied.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: telling((decision) =>
    insteadOfPassed(
      {
        ...decision,
        satisfied_requirements: decision.satisfied_requirements.map(({ result_id: _, ...one }) => one),
      },
      { type: 'test-result-missing', words: 'results missing' },
    ),
  ),
};
