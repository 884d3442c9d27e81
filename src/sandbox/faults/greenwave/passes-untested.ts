import { telling } from '../decisions.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave says that all required tests have passed before any of them can have run.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: telling((decision) => {
    const required = decision.unsatisfied_requirements;
    if (required.length === 0) return decision;
    const passed = required.map(({ item: _, ...one }) => ({ ...one, type: 'test-result-passed' }));
    return {
      ...decision,
      policies_satisfied: true,
      summary: `All required tests (${required.length} total) have passed or been waived`,
      satisfied_requirements: [...decision.satisfied_requirements, ...passed],
      unsatisfied_requirements: [],
    };
  }),
};
