import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

/** Two clocks disagree and nobody else is asked: it is ours that has to be right first. */
export const fault: DeclaredFault = {
  says: 'Our clock and that of the KDC are an hour apart, and kinit is told not to correct itself.',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('fas.kdc', () => ({ clock_offset_s: 3600, corrects_clock: false })),
};
