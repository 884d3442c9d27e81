import { type Decision, telling } from '../decisions.ts';
import type { DeclaredFault } from '../declared.ts';
import { dropOver } from '../kept.ts';

/** Sandbox milliseconds. */
const KEPT_MS = 30 * 60_000;

export const fault: DeclaredFault = {
  says: 'Greenwave repeats each of its answers for half an hour, whatever has come meanwhile.',
  outcome: 'passed',
  charge: null,
  hooks: ({ clock }) => {
    const kept = new Map<string, { readonly until: number; readonly decision: Decision }>();
    return telling((decision) => {
      const subject = subjectOf(decision);
      dropOver(kept, clock.now());
      const known = kept.get(subject);
      if (known !== undefined) return known.decision;
      kept.set(subject, { until: clock.now() + KEPT_MS, decision });
      return decision;
    });
  },
};

function subjectOf({ satisfied_requirements, unsatisfied_requirements }: Decision): string {
  const all = [...satisfied_requirements, ...unsatisfied_requirements];
  return [...new Set(all.map((one) => String(one['subject_identifier'])))].sort().join(' ');
}
